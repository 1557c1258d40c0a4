import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { once } from 'node:events';
import { makeKeyPair, type KeyPair } from '../../src/machine/key-pair';
import type { SshTarget } from '../../src/machine/types';

export interface SshdOptions {
  readonly hostKey?: KeyPair;
  /** Whose public half lets in; the target holds its private half. */
  readonly clientKey?: KeyPair;
  /** Further lines of sshd_config. */
  readonly config?: readonly string[];
  /** Environment of every session, e.g. a PATH. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Sshd {
  /** How to reach it, as the user who runs the tests. */
  readonly target: SshTarget;
  /** A scratch folder that `stop` removes. */
  readonly folder: string;
  /** What sshd logged so far, at VERBOSE. */
  log(): string;
  /** Ends all present connections from the machine's side, with SIGKILL; new ones are taken. */
  cut(): void;
  /** Processes that were started over it and still run. */
  strays(): Promise<number[]>;
  /** Ends those, for a test that leaves some on purpose. */
  killStrays(): Promise<void>;
  /** Ends it and all that was started over it; rejects, after cleaning up, when something other than a session was left. */
  stop(): Promise<void>;
}

function stat(pid: number): { parent: number; state: string } | null {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(parent), state };
  } catch {
    return null;
  }
}

function processes(): number[] {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function bears(pid: number, mark: string): boolean {
  try {
    return fs.readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(mark) && stat(pid)?.state !== 'Z';
  } catch {
    return false;
  }
}

/** Waits until a condition holds; a test's own time limit ends it otherwise. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 25));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function isAnswering(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const answer = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('data', () => answer(true));
    socket.once('error', () => answer(false));
    socket.once('close', () => answer(false));
  });
}

/** Starts a real sshd of this user on a free loopback port. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const hostKey = options.hostKey ?? makeKeyPair('host');
  const clientKey = options.clientKey ?? makeKeyPair('client');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cvicast-sshd-'));
  const mark = `CVICAST_TEST_SSHD=${randomBytes(8).toString('hex')}`;
  const file = (name: string): string => path.join(folder, name);
  fs.writeFileSync(file('host_key'), hostKey.privateKey, { mode: 0o600 });
  fs.writeFileSync(file('authorized_keys'), `${clientKey.publicKey}\n`, { mode: 0o600 });
  // A root sshd insists on this folder, which a system service would have made.
  if (process.getuid?.() === 0) fs.mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const log = (): string => fs.readFileSync(file('log'), 'utf8');
  const env = Object.entries(options.env ?? {}).map(([name, value]) => `"${name}=${value}"`);

  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    fs.writeFileSync(
      file('sshd_config'),
      [
        'ListenAddress 127.0.0.1',
        `Port ${port}`,
        `HostKey ${file('host_key')}`,
        `AuthorizedKeysFile ${file('authorized_keys')}`,
        'PidFile none',
        'StrictModes no',
        'UsePAM no',
        'PasswordAuthentication no',
        'KbdInteractiveAuthentication no',
        'PermitRootLogin prohibit-password',
        'LogLevel VERBOSE',
        'MaxStartups 100',
        `SetEnv "${mark}" ${env.join(' ')}`,
        ...(options.config ?? []),
        '',
      ].join('\n'),
    );
    fs.writeFileSync(file('log'), '');
    const daemon = spawn('/usr/sbin/sshd', ['-D', '-f', file('sshd_config'), '-E', file('log')], { stdio: 'ignore' });
    const exited = once(daemon, 'exit');
    const pid = daemon.pid ?? 0;
    await until(async () => daemon.exitCode !== null || (await isAnswering(port)));
    if (daemon.exitCode !== null) {
      // Somebody else took the port in between.
      if (attempt < 5 && log().includes('Address already in use')) continue;
      const text = log();
      fs.rmSync(folder, { recursive: true });
      throw new Error(`sshd did not start: ${text}`);
    }

    /** sshd's own processes below the daemon: one or two a connection. */
    const connections = (): number[] => {
      const found = new Set([pid]);
      for (let before = 0; before < found.size;) {
        before = found.size;
        for (const candidate of processes()) {
          const parent = stat(candidate)?.parent;
          const isSshd = fs.existsSync(`/proc/${candidate}/comm`) && commandOf(candidate) === 'sshd';
          if (parent !== undefined && found.has(parent) && isSshd) found.add(candidate);
        }
      }
      found.delete(pid);
      return [...found];
    };
    const strays = (): Promise<number[]> => Promise.resolve(processes().filter((candidate) => bears(candidate, mark)));
    const killStrays = async (): Promise<void> => {
      (await strays()).forEach(kill);
      await until(async () => (await strays()).length === 0);
    };
    return {
      target: {
        address: '127.0.0.1',
        port,
        user: os.userInfo().username,
        privateKey: clientKey.privateKey,
        hostKeys: [hostKey.publicKey],
      },
      folder,
      log,
      cut: () => connections().forEach(kill),
      strays,
      killStrays,
      stop: async () => {
        connections().forEach(kill);
        kill(pid);
        await exited;
        const left = await strays();
        const told = left.map((stray) => `${stray} ${commandLineOf(stray)}`).filter((line) => !line.endsWith(' '));
        await killStrays();
        fs.rmSync(folder, { recursive: true, force: true });
        if (told.length > 0) throw new Error(`left running: ${told.join('; ')}`);
      },
    };
  }
}

function commandOf(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

function commandLineOf(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0/g, ' ').trim().slice(0, 200);
  } catch {
    return '';
  }
}
