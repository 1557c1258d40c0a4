import { spawn } from 'node:child_process';

export interface Aside {
  /** It ended by itself, with 0. */
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it is not ok, where it said nothing itself; empty when it is. */
  readonly why: string;
}

/**
 * Runs a program to its end in a session of its own. A terminal sends its Ctrl-C to everything in the foreground: it is
 * meant for us, and must not end the programs on which a teardown rests.
 */
export function runAside(
  program: string,
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly timeoutMilliseconds?: number },
): Promise<Aside> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env: options.env,
      detached: true,
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.timeoutMilliseconds === undefined ? {} : { timeout: options.timeoutMilliseconds }),
    });
    let stdout = '';
    let stderr = '';
    const answer = (why: string): void => resolve({ ok: why === '', stdout, stderr, why });
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', (error) => answer(error.message));
    child.once('close', (code, signal) => answer(code === 0 ? '' : `${program} ended with ${String(signal ?? code)}`));
  });
}
