import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { firstBoot, type FirstBoot } from './cloud-init';
import { findInside, type Found } from './find-inside';
import { openFront, type Front } from './front';
import type { Wire } from './wire';

/** What a cloud gives a machine at its birth. */
export interface MachineSpec {
  readonly userData: string;
  /** The image's own user, and whether its cloud-init keeps root out. */
  readonly image: { readonly user: string; readonly disableRoot: boolean };
  /** Public keys that the platform hands over. */
  readonly metadataKeys: readonly string[];
}

export interface MachineHost {
  readonly address: string;
  /** Where the guest's `shutdown` reports to, a port on 127.0.0.1. */
  readonly controlPort: number;
  readonly entryId: string;
  readonly wire: Wire;
  /** A folder of ready toolchains that the machine finds installed. */
  readonly toolchains: string | undefined;
  /** Somebody else's machine answers at the address: it has another host key than the one it was given. */
  readonly impostor: boolean;
  admits(address: string): boolean;
  remark(text: string): void;
}

/** Why machines cannot run here; null when they can. */
export function whyNoMachines(): string | null {
  if (process.platform !== 'linux') return 'machines of the stand-ins need Linux namespaces';
  if (process.getuid?.() !== 0) return 'machines of the stand-ins need root (namespaces, overlay file system, port 22)';
  for (const [program, from] of [
    ['/usr/sbin/sshd', 'openssh-server'],
    ['/usr/bin/sudo', 'sudo'],
  ] as const)
    if (!fs.existsSync(program)) return `machines of the stand-ins need ${program} (package ${from})`;
  return null;
}

/** The port of the machine's own sshd; what a client meets on port 22 is the cloud's firewall in front of it. */
const guestPort = 2222;

/** A rented machine: a process tree of its own with a real sshd, made from user data alone. */
export class Machine {
  private readonly bornAt = Date.now();

  private constructor(
    readonly folder: string,
    private readonly guest: ChildProcess,
    private readonly ended: Promise<void>,
    private readonly front: Front,
  ) {}

  static async start(spec: MachineSpec, host: MachineHost): Promise<Machine> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cvicast-stand-in-'));
    const boot = firstBoot(spec.userData, spec.image, spec.metadataKeys);
    for (const remark of boot.remarks) host.remark(remark);
    furnish(path.join(folder, 'files'), host.impostor ? { ...boot, hostKeys: {} } : boot, host);
    fs.mkdirSync(path.join(folder, 'disk'));
    const log = fs.openSync(path.join(folder, 'log'), 'w');
    const toolchains = host.toolchains ?? '';
    const inNamespace = ['unshare', '--mount', '--pid', '--fork', '--kill-child', 'bash'];
    const script = path.join(__dirname, 'machine-boot.sh');
    // When this process dies, however it dies, its machines die: no test leaves one behind.
    const guest = spawn('setpriv', ['--pdeathsig', 'KILL', ...inNamespace, script, folder, toolchains], {
      stdio: ['ignore', log, log],
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' },
    });
    fs.closeSync(log);
    const ended = new Promise<void>((resolve) => guest.once('close', () => resolve()));
    const front = await openFront(host.address, 22, guestPort, (address) => host.admits(address), host.wire);
    return new Machine(folder, guest, ended, front);
  }

  /** Cuts every connection; the machine lives on. */
  cut(): void {
    this.front.cut();
  }

  /** The guest is gone from one moment to the next; the cloud does not know. */
  async crash(): Promise<void> {
    await this.kill();
    this.front.cut();
  }

  /**
   * Ends the guest with all that runs inside. `unshare` may just have made its child, which has not asked yet to die with it:
   * so it is held first, and the child killed by name.
   */
  private async kill(): Promise<void> {
    this.guest.kill('SIGSTOP');
    while (stateOf(this.guest.pid) === 'running') await new Promise((resolve) => setImmediate(resolve));
    for (const child of childrenOf(this.guest.pid)) killNow(Number(child));
    this.guest.kill('SIGKILL');
    await this.ended;
  }

  /** Number of the guest's first process, as this computer counts. */
  private get inside(): string {
    return childrenOf(this.guest.pid)[0]!;
  }

  /** Which files on the guest's disk, and of its processes (arguments, environment), hold the words. */
  find(words: readonly string[]): Found[] {
    return findInside(`/proc/${this.inside}/root`, words, this.bornAt);
  }

  /** Leaves the guest 16 KiB where jobs have their folders, and keeps it so: what it deletes gives no room again. */
  fillDisk(): void {
    let limit = Number.MAX_SAFE_INTEGER;
    const fill = (): string => {
      const { inside } = this;
      const { blocks, bfree, bsize } = fs.statfsSync(`/proc/${inside}/root/var/tmp`);
      const size = (blocks - bfree) * bsize + 16_384;
      if (size >= limit) return '';
      const enter = ['--target', inside, '--mount', `--root=/proc/${inside}/root`];
      const { status, stderr } = spawnSync('nsenter', [...enter, 'mount', '-o', `remount,size=${size}`, '/var/tmp']);
      if (status !== 0) return stderr.toString();
      limit = size;
      return '';
    };
    // What is written between the look and the mount makes the mount fail.
    for (let tries = 1, failed = fill(); failed !== ''; tries++, failed = fill())
      if (tries === 50) throw new Error(`the disk cannot be filled: ${failed}`);
    const timer = setInterval(() => {
      try {
        fill();
      } catch {
        // The machine is just ending.
      }
    }, 100);
    void this.ended.then(() => clearInterval(timer));
  }

  /** What the guest said on its console, and whether it ended. */
  log(): string {
    const { exitCode, signalCode } = this.guest;
    const over = exitCode ?? signalCode;
    const text = fs.readFileSync(path.join(this.folder, 'log'), 'utf8');
    return over === null ? text : `${text}(the guest ended with ${over})\n`;
  }

  /** Pulls the plug: all its processes, its address, its disk. */
  async stop(): Promise<void> {
    await this.front.close();
    await this.kill();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Does that process still run, or can it do nothing any more: held, ended, gone? */
function stateOf(pid: number | undefined): 'running' | 'still' {
  try {
    const state = /\) (\S)/.exec(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
    return state === undefined || 'TtZX'.includes(state) ? 'still' : 'running';
  } catch {
    return 'still';
  }
}

function childrenOf(pid: number | undefined): string[] {
  try {
    return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  } catch {
    return [];
  }
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

function write(root: string, name: string, content: string, mode = 0o644): void {
  const file = path.join(root, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content.endsWith('\n') ? content : `${content}\n`, { mode });
  fs.chmodSync(file, mode);
}

/** The files in which this machine differs from the computer it runs on. */
function furnish(root: string, boot: FirstBoot, host: MachineHost): void {
  const others = fs
    .readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .filter((line) => !/^[^:]*:[^:]*:0:/.test(line));
  const home = (name: string): string => (name === 'root' ? '/root' : `/home/${name}`);
  // Every user is number 0 under another name: nobody has to be made on the computer itself.
  const ours = boot.users.map(({ name }) => `${name}:x:0:0:${name}:${home(name)}:/bin/bash`);
  write(root, '/etc/passwd', [...ours, ...others].join('\n'));
  // Without a line here sudo takes the account for a locked one.
  const locked = boot.users.map(({ name }) => `${name}:*:20000:0:99999:7:::`);
  write(root, '/etc/shadow', [...locked, ...fs.readFileSync('/etc/shadow', 'utf8').split('\n')].join('\n'), 0o640);
  const sudoers = boot.users.filter((user) => user.sudo).map(({ name }) => `${name} ALL=(ALL:ALL) NOPASSWD:ALL`);
  write(root, '/etc/sudoers', ['Defaults !fqdn', 'root ALL=(ALL:ALL) ALL', ...sudoers].join('\n'));
  for (const user of boot.users) {
    fs.mkdirSync(path.join(root, home(user.name)), { recursive: true });
    write(root, `/etc/machine/keys/${user.name}`, user.keys.join('\n'), 0o600);
  }
  for (const [type, key] of Object.entries(boot.hostKeys)) {
    write(root, `/etc/machine/host_${type}`, key.private, 0o600);
    write(root, `/etc/machine/host_${type}.pub`, key.public);
  }
  for (const file of boot.files) write(root, file.path, file.content, file.mode);
  write(root, '/etc/machine/sshd_config', sshdConfig(boot, host));
  for (const name of [
    'sbin/shutdown',
    'sbin/poweroff',
    'sbin/halt',
    'sbin/reboot',
    'bin/systemctl',
    'bin/systemd-run',
  ]) {
    write(root, `/usr/${name}`, powerScript(path.basename(name), host), 0o755);
  }
  write(root, '/etc/machine/init', initScript(boot));
}

function sshdConfig(boot: FirstBoot, host: MachineHost): string {
  const types = Object.keys(boot.hostKeys);
  // Without keys of its own a machine invents some, and nobody has ever seen them.
  const hostKeys =
    types.length > 0 ? types.map((type) => `HostKey /etc/machine/host_${type}`) : ['HostKey /etc/machine/random'];
  return [
    `ListenAddress ${host.address}:${guestPort}`,
    ...hostKeys,
    'PidFile none',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    `AllowUsers ${boot.users
      .filter((user) => user.mayLogIn)
      .map((user) => user.name)
      .join(' ')}`,
    'AuthorizedKeysFile /etc/machine/keys/%u',
    'StrictModes no',
    'MaxStartups 100',
    'MaxSessions 100',
    'Subsystem sftp internal-sftp',
  ].join('\n');
}

function initScript(boot: FirstBoot): string {
  return [
    '#!/bin/bash',
    'exec </dev/null',
    'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root',
    '[ -e /etc/machine/random ] || ssh-keygen -q -t ed25519 -N "" -f /etc/machine/random',
    ...boot.bootCommands,
    '/usr/sbin/sshd -D -e -f /etc/machine/sshd_config &',
    'sshd=$!',
    '(',
    ':',
    ...boot.runCommands,
    ') &',
    // The first process also buries what others leave behind; bash does that while it waits.
    'while kill -0 $sshd 2>/dev/null; do wait $sshd; done',
  ].join('\n');
}

/** The machine shares this computer's network, which its Docker must not change. */
const startDocker = [
  'if [ "$*" = "start docker" ]; then',
  '  setsid dockerd --bridge=none --iptables=false --ip6tables=false >/var/log/docker.log 2>&1 </dev/null &',
  '  exit 0',
  'fi',
];

/** A guest has no hardware to turn off, and no systemd: what asks them to end it tells the cloud, which then does what it does. */
function powerScript(name: string, host: MachineHost): string {
  return [
    '#!/bin/bash',
    ...(name === 'systemctl' ? startDocker : []),
    `exec 3<>/dev/tcp/127.0.0.1/${host.controlPort} || exit 1`,
    `words="${name} $*"`,
    `printf 'POST /guest/%s HTTP/1.0\\r\\nContent-Length: %d\\r\\n\\r\\n%s' '${encodeURIComponent(host.entryId)}' "\${#words}" "$words" >&3`,
    'cat <&3 >/dev/null',
  ].join('\n');
}
