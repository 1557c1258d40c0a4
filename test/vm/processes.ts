import { spawn, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import { once } from 'node:events';

/** Programs of this run. The kernel ends them with it, however it ends. */
const running = new Set<ChildProcess>();

/** Starts a program whose output goes to a file. */
export function start(argv: readonly string[], logFile: string, cwd: string): ChildProcess {
  const log = fs.openSync(logFile, 'a');
  try {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...argv], { cwd, stdio: ['ignore', log, log] });
    running.add(child);
    child.once('close', () => running.delete(child));
    return child;
  } finally {
    fs.closeSync(log);
  }
}

/** Runs a program to its end; throws with the end of its output when it fails. */
export async function run(argv: readonly string[], logFile: string, cwd: string): Promise<void> {
  const [status] = (await once(start(argv, logFile, cwd), 'close')) as [number | null];
  if (status === 0) return;
  const said = fs.readFileSync(logFile, 'utf8').slice(-2000);
  throw new Error(`${argv.slice(0, 8).join(' ')} … ended with ${String(status)}:\n${said}`);
}

/** Ends a program and waits until it is gone. */
export async function end(child: ChildProcess): Promise<void> {
  if (!running.has(child)) return;
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

export async function endAll(): Promise<void> {
  await Promise.all([...running].map(end));
}
