import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { aptAccess, type AptAccess } from './apt';
import { run } from './processes';

/** What a machine boots from; nothing of it is changed by a boot. */
export interface Image {
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
  /** A tar file with the least that a container needs. */
  readonly container: string;
}

/** As in a cloud's image: what is in it beside Debian's base, and what runs by itself there. */
const packages = [
  ...['linux-image-cloud-amd64', 'systemd-sysv', 'dbus', 'libpam-systemd', 'udev', 'apparmor', 'kmod', 'procps'],
  ...['cloud-init', 'netplan.io', 'systemd-resolved', 'iproute2', 'openssh-server', 'sudo', 'unattended-upgrades'],
  ...['ca-certificates', 'less', 'bash-completion'],
];
const diskSize = '6G';
/** Raised when the recipe below changes. */
const recipe = 2;

function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'];
  return path.join(
    base !== undefined && path.isAbsolute(base) ? base : path.join(os.homedir(), '.cache'),
    'cvicast/vm',
  );
}

/** The image of the user's cache folder, which is built at the first call. */
export async function ensureImage(say: (text: string) => void): Promise<Image> {
  const apt = aptAccess();
  const key = createHash('sha256').update(JSON.stringify({ recipe, packages, diskSize, apt })).digest('hex');
  const cache = cacheFolder();
  const folder = path.join(cache, key.slice(0, 16));
  if (!fs.existsSync(folder)) {
    say(`building a Debian image in ${folder} (some minutes, once)`);
    fs.mkdirSync(cache, { recursive: true });
    removeUnfinished(cache);
    const unfinished = path.join(cache, `unfinished-${process.pid}`);
    fs.mkdirSync(unfinished);
    try {
      await build(unfinished, apt);
      // Another run may have been sooner; an image of another recipe is of no use any more.
      if (!fs.existsSync(folder)) fs.renameSync(unfinished, folder);
      for (const name of fs.readdirSync(cache))
        if (/^[0-9a-f]{16}$/.test(name) && name !== path.basename(folder))
          fs.rmSync(path.join(cache, name), { recursive: true });
    } finally {
      fs.rmSync(unfinished, { recursive: true, force: true });
    }
  }
  const file = (name: string): string => path.join(folder, name);
  return { disk: file('disk'), kernel: file('kernel'), initrd: file('initrd'), container: file('container.tar') };
}

/** What builds left that were killed. */
export function removeUnfinished(cache = cacheFolder()): void {
  for (const name of fs.existsSync(cache) ? fs.readdirSync(cache) : []) {
    const pid = /^unfinished-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && (Number(pid) === process.pid || !fs.existsSync(`/proc/${pid}`)))
      fs.rmSync(path.join(cache, name), { recursive: true, force: true });
  }
}

async function build(folder: string, apt: AptAccess): Promise<void> {
  const tree = path.join(folder, 'tree');
  const log = path.join(folder, 'log');
  const suite = apt.sources[0]!.split(' ')[2]!;
  const bootstrap = (...args: string[]): Promise<void> =>
    // In a namespace of its own: whatever it mounts is gone with it.
    run(
      [
        ...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'mmdebstrap', '--mode=root'],
        ...apt.options.map((line) => `--aptopt=${line}`),
        ...['--dpkgopt=path-exclude=/usr/share/man/*', '--dpkgopt=path-exclude=/usr/share/locale/*', '--quiet'],
        ...args,
        ...apt.sources,
      ],
      log,
      folder,
    );
  await bootstrap('--variant=minbase', `--include=${packages.join(',')}`, suite, tree);
  fs.writeFileSync(path.join(tree, 'etc/fstab'), '/dev/vda / ext4 defaults 0 1\n');
  // As in Debian's own cloud images: else cloud-init tries to make another.
  fs.writeFileSync(path.join(tree, 'etc/default/locale'), 'LANG=C.UTF-8\n');
  fs.copyFileSync(path.join(tree, 'vmlinuz'), path.join(folder, 'kernel'));
  fs.copyFileSync(path.join(tree, 'initrd.img'), path.join(folder, 'initrd'));
  await run(['mke2fs', '-q', '-t', 'ext4', '-d', tree, path.join(folder, 'disk'), diskSize], log, folder);
  fs.rmSync(tree, { recursive: true });
  await bootstrap('--variant=essential', suite, path.join(folder, 'container.tar'));
}
