import { randomBytes } from 'node:crypto';
import { StringDecoder } from 'node:string_decoder';
import type { Client } from 'ssh2';
import { Bug, UserError } from '../errors';
import { run } from './channel';
import { LineLost, persist, type Line } from './line';
import { quote } from './quote';
import type { ExecOptions, ExecResult, OutputStream } from './types';

/** The command line that replaces the login shell by the program, so that a signal to it is told as one. */
export function commandLine(argv: readonly string[]): string {
  return `exec ${quote(argv)}`;
}

/** The same for a shell script of ours; `values` are its `$1`, `$2`, … */
export function scriptLine(script: string, ...values: readonly string[]): string {
  return commandLine(['sh', '-c', script, 'cvicast', ...values]);
}

/**
 * Runs one command line over this connection to its end.
 *
 * @throws LineLost, UserError `remote-timeout`, the signal's reason.
 */
export async function execOver(client: Client, command: string, options: ExecOptions): Promise<ExecResult> {
  const { timeoutSeconds } = options;
  const late = new AbortController();
  const timer =
    timeoutSeconds === undefined
      ? undefined
      : setTimeout(() => late.abort(tooSlow(timeoutSeconds)), timeoutSeconds * 1000);
  const signal = options.signal ? AbortSignal.any([options.signal, late.signal]) : late.signal;
  try {
    const { channel, ending } = await run(client, command, signal);
    const texts: Record<OutputStream, string> = { stdout: '', stderr: '' };
    const listen = (stream: OutputStream): void => {
      const decoder = new StringDecoder('utf8');
      const source = stream === 'stdout' ? channel : channel.stderr;
      const take = (text: string): void => {
        texts[stream] += text;
        if (text) options.onOutput?.(text, stream);
      };
      source.on('data', (chunk: Buffer) => take(decoder.write(chunk)));
      source.on('end', () => take(decoder.end()));
    };
    listen('stdout');
    listen('stderr');
    channel.end(options.stdin);
    return { ...(await ending), ...texts };
  } finally {
    clearTimeout(timer);
  }
}

function tooSlow(seconds: number): UserError {
  return new UserError({
    code: 'remote-timeout',
    what: `a command on the machine did not end within ${seconds} s`,
    why: 'the machine is overloaded, or the command waits for something',
    fix: 'Try again, or choose a larger machine with --size.',
    exit: 'provider',
  });
}

/**
 * Kills whatever bears the mark on stdin in its environment or, as a login shell that is yet to start it, in its
 * arguments; the mark comes on stdin so that the script does not bear it. Where the line is lost before the mark has
 * come, nothing is killed: an empty one would be found in every process. Ends when nothing is left, or cannot be
 * killed. Not SSH's own signals: sshd refuses them to root.
 */
export const killScript = `read -r mark && [ -n "$mark" ] || exit 1
idle=0 round=0
while [ "$idle" -lt 2 ] && [ "$round" -lt 50 ]; do
  round=$((round + 1))
  pids=$(printf '%s\\n' "$mark" | grep -lF -f - /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | cut -d / -f 3)
  if [ -n "$pids" ]; then kill -s KILL $pids 2>/dev/null; else idle=$((idle + 1)); fi
  sleep 0.1
done`;

/** How long to wait for the kill of a command to be answered; a line that stalls is no reason to wait on. */
const killSeconds = 5;

/** Runs a short command; see `Machine.exec`. */
export async function exec(line: Line, argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  const program = argv[0] ?? '';
  // `env` would read these as an option or an assignment.
  if (program === '' || program.startsWith('-') || program.includes('=')) throw new Bug(`"${program}" is no program`);
  const mark = `CVICAST_COMMAND=${randomBytes(12).toString('hex')}`;
  const command = commandLine(['env', mark, ...argv]);
  const killOver = (client: Client, limit: ExecOptions): Promise<ExecResult> =>
    execOver(client, scriptLine(killScript), { ...limit, stdin: `${mark}\n` });
  let runs = 0;
  const attempt = async (client: Client): Promise<ExecResult> => {
    // What runs on from before the line was lost must not be in the way of its second run.
    if (runs++ > 0) await killOver(client, options.signal ? { signal: options.signal } : {});
    try {
      return await execOver(client, command, options);
    } catch (problem) {
      if (!(problem instanceof LineLost)) {
        await killOver(client, { timeoutSeconds: killSeconds }).catch(() => undefined);
      }
      throw problem;
    }
  };
  if (options.repeatable) return persist(line, options.signal, attempt);
  try {
    return await attempt(await line.open(options.signal));
  } catch (problem) {
    if (!(problem instanceof LineLost)) throw problem;
    throw new UserError(
      {
        code: 'connection-lost',
        what: `the connection to ${line.target.address} was lost while a command ran there`,
        why: problem.message,
        fix: "Check this computer's network, then start again.",
        exit: 'provider',
      },
      { cause: problem },
    );
  }
}
