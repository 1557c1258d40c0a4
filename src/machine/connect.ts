import { randomBytes } from 'node:crypto';
import { Bug, UserError } from '../errors';
import { diskFullThere } from './disk-full';
import { exec, execOver, scriptLine } from './exec';
import { fetch } from './fetch';
import { Line, persist } from './line';
import { send } from './send';
import type { Machine, SshTarget } from './types';
import { followUnit, startUnit, stopUnit } from './unit';

export interface ConnectOptions {
  /** The job's folder on the machine, absolute: made 0700 where it is missing, refused where it is someone else's. */
  readonly jobFolder: string;
  /** Ends connecting, now and whenever the line is opened anew; it does not end what runs on the machine. */
  readonly signal?: AbortSignal;
  /** How long to try to (re)connect before the machine counts as unreachable. Default 180. */
  readonly deadlineSeconds?: number;
  /** How long a refused login is tried again: cloud-init may still be placing the key. Default 60. */
  readonly loginSeconds?: number;
  /** How long one attempt may take. Default 20. */
  readonly handshakeSeconds?: number;
  /** How long a line may be silent before it is given up and opened anew. Default 30. */
  readonly stallSeconds?: number;
  /** Hears of each attempt that failed, and why. */
  readonly onRetry?: (attempt: number, reason: string) => void;
  /** How long an attempt may be unanswered before `clearWay` is asked. Default 3. */
  readonly silentSeconds?: number;
  /** Looks whether something of ours keeps us out; `true` when that was changed, so that a new attempt is worth it. Does not throw. */
  readonly clearWay?: () => Promise<boolean>;
}

/** Text that only comes back whole when nothing between us and our script touches it. */
const hostile = `'"\\$(:)\`:\`\t*~ ä`;

/** `$1` folder, `$2` text to give back. The folder's parents may exist, and may be open to all (/var/tmp). */
const greetScript = `folder=$1
mkdir -p -- "$(dirname -- "$folder")" || exit 3
umask 077
[ -e "$folder" ] || mkdir -- "$folder" || [ -d "$folder" ] || exit 3
{ [ -d "$folder" ] && [ ! -L "$folder" ] && [ -O "$folder" ]; } || exit 4
chmod 700 -- "$folder" || exit 3
for tool in setsid tar sha256sum stat tail head awk grep dd; do
  command -v "$tool" >/dev/null || echo "$tool" >&2
done
printf '%s\\n' "$2"`;

async function greet(line: Line, jobFolder: string): Promise<void> {
  const text = `${randomBytes(8).toString('hex')} ${hostile}`;
  const result = await persist(line, line.settings.signal, (client) =>
    execOver(client, scriptLine(greetScript, jobFolder, text), {}),
  );
  const { user, address } = line.target;
  const refuse = (code: string, what: string, why: string, fix: string): UserError =>
    new UserError({ code, what, why, fix, exit: 'provider' });
  if (result.status === 4) {
    throw refuse(
      'job-folder-foreign',
      `we cannot use ${jobFolder} on ${address}`,
      'it is there already and belongs to someone else, or is a link',
      'Remove it there if it is yours, and start again.',
    );
  }
  if (result.status === 3) {
    throw (
      diskFullThere(result.stderr) ??
      refuse(
        'job-folder-refused',
        `${user} cannot make ${jobFolder} on ${address}`,
        result.stderr.trim(),
        'Log in as a user who may write there.',
      )
    );
  }
  if (result.stdout !== `${text}\n`) {
    throw refuse(
      'login-shell-unfit',
      `the login shell of ${user} on ${address} does not pass our commands on unchanged`,
      `it answered "${(result.stdout || result.stderr).trim().slice(0, 200)}"`,
      'Use a user whose login shell is sh, bash, dash or zsh, and whose start-up files print nothing.',
    );
  }
  const missing = result.stderr.trim().split(/\s+/).filter(Boolean);
  if (missing.length > 0) {
    throw refuse(
      'machine-lacks-tools',
      `the machine at ${address} lacks ${missing.join(', ')}`,
      'cvicast needs the base tools of an Ubuntu or Debian system there',
      'Use a machine with Ubuntu 22.04 or Debian 12.',
    );
  }
}

/**
 * Connects to a machine, compares its host key before logging in, and makes the job's folder on it. A machine that is
 * still starting is waited for. The connection must be closed with `close`.
 *
 * @throws UserError `host-key-mismatch` (never tried again), `machine-unreachable`, `login-refused`,
 *   `no-such-address`, `job-folder-foreign`, `job-folder-refused`, `login-shell-unfit`, `machine-lacks-tools`,
 *   `machine-disk-full`; the signal's reason.
 */
export async function connect(target: SshTarget, options: ConnectOptions): Promise<Machine> {
  const { jobFolder } = options;
  if (!/^\/[^\0]*[^/\0]$/.test(jobFolder)) throw new Bug(`"${jobFolder}" is no absolute path of a folder`);
  if (target.hostKeys.length === 0) throw new Bug('a machine without a known host key cannot be trusted');
  const line = new Line(target, {
    deadlineSeconds: options.deadlineSeconds ?? 180,
    loginSeconds: options.loginSeconds ?? 60,
    handshakeSeconds: options.handshakeSeconds ?? 20,
    stallSeconds: options.stallSeconds ?? 30,
    silentSeconds: options.silentSeconds ?? 3,
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.onRetry ? { onRetry: options.onRetry } : {}),
    ...(options.clearWay ? { clearWay: options.clearWay } : {}),
  });
  try {
    await greet(line, jobFolder);
  } catch (problem) {
    await line.close();
    throw problem;
  }
  return {
    exec: (argv, execOptions) => exec(line, argv, execOptions),
    startUnit: (unit) => startUnit(line, jobFolder, unit),
    followUnit: (name, followOptions) => followUnit(line, jobFolder, name, followOptions),
    stopUnit: (name) => stopUnit(line, jobFolder, name),
    send: (files, remoteFolder, sendOptions) => send(line, jobFolder, files, remoteFolder, sendOptions),
    fetch: (remotePath, localPath, fetchOptions) => fetch(line, jobFolder, remotePath, localPath, fetchOptions),
    close: () => line.close(),
  };
}
