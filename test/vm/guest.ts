import { newJobId } from '../../src/job/identity';
import { remoteJobFolder } from '../../src/job/bootstrap';
import { connect, userData, type Machine } from '../../src/machine';
import { makeKeyPair, type KeyPair } from '../../src/machine/key-pair';

export const user = 'ubuntu';

/** A job's keys and its user data, as the program makes them for a rented machine. */
export interface Guest {
  readonly job: string;
  readonly login: KeyPair;
  readonly hostKey: KeyPair;
  readonly ttlMinutes: number;
  readonly userData: string;
}

type Config = Record<string, unknown>;

/** What may be taken from the user data to see that the proofs notice. */
const spoilers: Readonly<Record<string, (config: Config) => Config>> = {
  timer: (config) => ({ ...config, bootcmd: undefined, runcmd: undefined }),
  'host-key': (config) => ({ ...config, ssh_keys: undefined }),
  password: (config) => ({ ...config, ssh_pwauth: true }),
  root: (config) => ({ ...config, disable_root: false, ssh_authorized_keys: keysOf(config) }),
  quiet: (config) => ({ ...config, bootcmd: (config['bootcmd'] as unknown[]).slice(0, 1) }),
};
export const spoilerNames = Object.keys(spoilers);

function keysOf(config: Config): unknown {
  return (config['users'] as Config[])[0]!['ssh_authorized_keys'];
}

export function makeGuest(ttlMinutes: number, spoiler: string | null): Guest {
  const job = newJobId();
  const [login, hostKey] = [makeKeyPair('job'), makeKeyPair('host')];
  const text = userData({ user, publicKey: login.publicKey, hostKey, ttlMinutes, hostname: job });
  const guest = { job, login, hostKey, ttlMinutes };
  if (spoiler === null) return { ...guest, userData: text };
  const [header, ...rest] = text.split('\n');
  const config = spoilers[spoiler]!(JSON.parse(rest.join('\n')) as Config);
  return { ...guest, userData: `${header}\n${JSON.stringify(config)}\n` };
}

/** How somebody tries to get in; what is not said is as it should be. */
export interface Attempt {
  readonly as?: string;
  readonly key?: KeyPair;
  readonly hostKey?: KeyPair;
  /** How long a refused login is tried again. */
  readonly loginSeconds?: number;
}

/** Connects with the program's own code, which waits for a machine that is still booting. */
export function enter(guest: Guest, port: number, attempt: Attempt = {}): Promise<Machine> {
  const target = {
    address: '127.0.0.1',
    port,
    user: attempt.as ?? user,
    privateKey: (attempt.key ?? guest.login).privateKey,
    hostKeys: [(attempt.hostKey ?? guest.hostKey).publicKey],
  };
  return connect(target, {
    jobFolder: remoteJobFolder(guest.job),
    deadlineSeconds: 600,
    loginSeconds: attempt.loginSeconds ?? 60,
  });
}

/** Runs a command in the guest; throws when it fails. */
export async function answer(machine: Machine, ...argv: string[]): Promise<string> {
  const { status, stdout, stderr } = await machine.exec(argv);
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${String(status)}: ${stdout}${stderr}`);
  return stdout.trim();
}
