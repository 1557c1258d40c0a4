import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { UserError } from '../errors';
import { factsOfProcess, isAlive } from '../engine/processes';
import { machineMark } from './processes';
import { machineFiles, type MachineRecord } from './record';

const readyMilliseconds = 60_000;
const pollMilliseconds = 40;
const portTries = 5;

/** What is shared with the machine from the real home folder: where interpreters live, and package managers' settings and caches. */
const sharedFolders = ['.pyenv', '.local/share/uv', '.cache/uv', '.cache/pip', '.config/pip', '.config/uv', '.pip'];
/** What a session needs from our environment to reach package registries and to find interpreters. Never credentials of a cloud. */
const sharedVariables =
  /^(?:PATH|LANG|LC_ALL|TZ|PYENV_ROOT|SSL_CERT_(?:FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|(?:PIP|UV)_[A-Z_]+|(?:HTTP|HTTPS|NO|ALL)_PROXY|(?:http|https|no|all)_proxy)$/;

/** The OpenSSH server of this computer; null when it is not installed. */
export function findSshd(env: NodeJS.ProcessEnv): string | null {
  const folders = [...(env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin'];
  for (const folder of folders.filter((one) => path.isAbsolute(one))) {
    const file = path.join(folder, 'sshd');
    try {
      fs.accessSync(file, fs.constants.X_OK);
      return file; // sshd insists on an absolute path: it starts itself anew for every connection
    } catch {
      continue;
    }
  }
  return null;
}

/** The error for a missing sshd, with the package's name for the system at hand. */
export function sshdMissing(): UserError {
  const commands: [string, string][] = [
    ['/usr/bin/apt-get', 'sudo apt-get install openssh-server'],
    ['/usr/bin/dnf', 'sudo dnf install openssh-server'],
    ['/sbin/apk', 'sudo apk add openssh-server'],
    ['/usr/bin/pacman', 'sudo pacman -S openssh'],
    ['/usr/bin/zypper', 'sudo zypper install openssh-server'],
  ];
  const command = commands.find(([file]) => fs.existsSync(file))?.[1] ?? 'install the package openssh-server';
  return new UserError({
    code: 'sshd-missing',
    what: 'A machine on this computer cannot be started',
    why: 'the OpenSSH server (`sshd`) is not installed, and no Docker daemon answers',
    fix: `${command} (it need not be enabled as a service), or start Docker`,
    exit: 'provider',
  });
}

/** Writes keys and configuration; `inside` is where the sshd will see the folder (a container mounts it elsewhere). */
export function writeSshFiles(
  folder: string,
  options: {
    inside: string;
    listen: string;
    user: string;
    publicKey: string;
    hostKey: string;
    environment: Readonly<Record<string, string>>;
  },
): string {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  fs.writeFileSync(path.join(folder, 'host_key'), options.hostKey, { mode: 0o600 });
  fs.writeFileSync(path.join(folder, 'authorized_keys'), `${options.publicKey.trim()}\n`, { mode: 0o600 });
  const inside = (name: string) => quote(`${options.inside}/${name}`);
  // One line: of several, OpenSSH reads the first only. What cannot be written plainly is left out.
  const environment = Object.entries(options.environment)
    .filter(([, value]) => !/["\\\n\r]/.test(value))
    .map(([name, value]) => quote(`${name}=${value}`));
  const lines = [
    options.listen,
    `HostKey ${inside('host_key')}`,
    `AuthorizedKeysFile ${inside('authorized_keys').replaceAll('%', '%%')}`,
    'PidFile none',
    `AllowUsers ${options.user}`,
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    // The folder's owner is the user; folders above it (a shared /tmp) are not ours to judge.
    'StrictModes no',
    `UsePAM ${isLocked(options.user) ? 'yes' : 'no'}`,
    'UseDNS no',
    'MaxSessions 64',
    'AllowTcpForwarding no',
    'X11Forwarding no',
    'PrintMotd no',
    'Subsystem sftp internal-sftp',
    ...(environment.length === 0 ? [] : [`SetEnv ${environment.join(' ')}`]),
  ];
  const config = path.join(folder, 'sshd_config');
  fs.writeFileSync(config, `${lines.join('\n')}\n`, { mode: 0o600 });
  return config;
}

function quote(text: string): string {
  return `"${text}"`;
}

/** Without PAM, sshd refuses an account whose password is locked (root on Ubuntu); only root can see that. */
function isLocked(user: string): boolean {
  try {
    const line = fs
      .readFileSync('/etc/shadow', 'utf8')
      .split('\n')
      .find((one) => one.startsWith(`${user}:`));
    return line?.split(':')[1]?.startsWith('!') === true;
  } catch {
    return false;
  }
}

/**
 * Starts an OpenSSH server of this user on a free loopback port, in a session of its own, and waits until it answers.
 * `begun` is called as soon as it runs, before it answers, to write its number down.
 */
export async function startSshd(
  where: { home: string; job: string; env: NodeJS.ProcessEnv; publicKey: string; hostKey: string },
  begun: (sshd: NonNullable<MachineRecord['sshd']>) => void,
): Promise<number> {
  const sshd = findSshd(where.env);
  if (sshd === null) throw sshdMissing();
  const files = machineFiles(where.home, where.job);
  shareFolders(where.env['HOME'] ?? os.homedir(), files.scratchHome);
  // What root's sshd insists on and the system's own service would have made.
  if (process.getuid?.() === 0) fs.mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  let said = '';
  for (let attempt = 0; attempt < portTries; attempt++) {
    const port = await freePort();
    const config = writeSshFiles(files.ssh, {
      inside: files.ssh,
      listen: `Port ${port}\nListenAddress 127.0.0.1`,
      user: os.userInfo().username,
      publicKey: where.publicKey,
      hostKey: where.hostKey,
      environment: {
        ...Object.fromEntries(
          Object.entries(where.env).filter(
            (one): one is [string, string] => sharedVariables.test(one[0]) && one[1] !== undefined,
          ),
        ),
        HOME: files.scratchHome,
        [machineMark]: where.job,
      },
    });
    const pid = spawnSshd(sshd, config, files.log, where);
    const started = pid === undefined ? undefined : factsOfProcess(pid)?.started;
    if (pid !== undefined && started !== undefined) {
      begun({ pid, started });
      if (await answers(port, () => isAlive(pid))) return port;
    }
    said = fs.readFileSync(files.log, 'utf8').trim();
    // Another process may have taken the port between our look and sshd's.
    if (!/address already in use/i.test(said)) break;
  }
  throw new UserError({
    code: 'sshd-failed',
    what: 'The OpenSSH server for the machine on this computer did not start',
    why: said.split('\n').slice(-3).join('; ') || 'it did not answer in time and gave no reason',
    fix: `mend what it names; \`${sshd} -t\` checks the installation`,
    exit: 'provider',
  });
}

function spawnSshd(
  sshd: string,
  config: string,
  log: string,
  where: { job: string; env: NodeJS.ProcessEnv },
): number | undefined {
  fs.rmSync(log, { force: true });
  const output = fs.openSync(log, 'a', 0o600);
  try {
    const child = spawn(sshd, ['-D', '-e', '-f', config], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', output, output],
      env: { PATH: where.env['PATH'], [machineMark]: where.job },
    });
    child.on('error', () => undefined); // no number then; the log is empty
    child.unref();
    return child.pid;
  } finally {
    fs.closeSync(output);
  }
}

function shareFolders(realHome: string, scratchHome: string): void {
  for (const name of sharedFolders) {
    const real = path.join(realHome, name);
    if (!fs.existsSync(real)) continue;
    fs.mkdirSync(path.dirname(path.join(scratchHome, name)), { recursive: true, mode: 0o700 });
    fs.symlinkSync(real, path.join(scratchHome, name));
  }
  fs.mkdirSync(scratchHome, { recursive: true, mode: 0o700 });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Waits until an SSH server greets on a loopback port; false when it died before, or never did. */
export async function answers(port: number, lives: () => boolean | Promise<boolean>): Promise<boolean> {
  const begun = Date.now();
  while (Date.now() - begun < readyMilliseconds) {
    if (await greets(port)) return lives();
    if (!(await lives())) return false;
    await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
  }
  return false;
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port, timeout: 5_000 });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', (data) => end(data.toString('latin1').startsWith('SSH-2.0-')));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    socket.once('timeout', () => end(false));
  });
}
