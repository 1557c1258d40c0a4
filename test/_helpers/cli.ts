import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';

export const root = path.resolve(__dirname, '../..');

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of `bin/cvicast` that can be watched while it goes on. */
export interface CliRun {
  readonly child: ChildProcess;
  readonly ended: Promise<CliResult>;
  stdout(): string;
  stderr(): string;
  /** Resolves once stdout and stderr together match; rejects when the run ends without. */
  until(pattern: RegExp): Promise<void>;
}

export interface CliOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

const program = [process.execPath, path.join(root, 'bin/cvicast')];

/** Starts the built program as a user would, without a terminal, in a process group of its own. */
export function startCli(args: readonly string[], options: CliOptions): CliRun {
  return start([...program, ...args], options);
}

/** The same at a terminal of its own, which SIGUSR1 to the child closes. What it says arrives as stdout, until then. */
export function startCliInTerminal(args: readonly string[], options: CliOptions): CliRun {
  return start(['python3', path.join(root, 'test/_fixtures/terminal.py'), ...program, ...args], options);
}

function start([command = '', ...args]: readonly string[], options: CliOptions): CliRun {
  const child = spawn(command, args, {
    env: options.env,
    cwd: options.cwd ?? root,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  const heard = (): void => waiting.forEach((look) => look());
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    heard();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    heard();
  });
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout,
    stderr,
  }));
  return {
    child,
    ended,
    stdout: () => stdout,
    stderr: () => stderr,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(stdout + stderr)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
        void ended.then((result) =>
          reject(new Error(`ended with ${String(result.code)} before ${String(pattern)}:\n${result.stderr}`)),
        );
      }),
  };
}

/** Runs the program to its end. */
export function cli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  return startCli(args, options).ended;
}

/** The toolchain that the tests share; tests that convert for real need it. */
export function testToolchain(): string {
  const folder = process.env['CVICAST_TEST_TOOLCHAIN'];
  if (folder === undefined || !fs.existsSync(folder))
    throw new Error(
      'CVICAST_TEST_TOOLCHAIN must name a toolchain: run scripts/test, or set it to what scripts/setup-toolchain prints',
    );
  return folder;
}

/** Puts the shared toolchain into a scratch home, where the program finds it installed. */
export function lendToolchain(home: string): void {
  const folder = testToolchain();
  fs.mkdirSync(path.join(home, 'toolchains'), { recursive: true });
  fs.symlinkSync(folder, path.join(home, 'toolchains', path.basename(folder)));
}

/** Fails with all that the run said when its exit code is another. */
export function expectCode(result: CliResult, code: number, more = ''): void {
  if (result.code === code) return;
  throw new Error(
    `exit ${result.code ?? result.signal ?? ''} in place of ${code}\n${result.stdout}\n${result.stderr}\n${more}`,
  );
}
