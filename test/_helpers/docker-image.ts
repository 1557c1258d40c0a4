import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { networkSettings } from '../../src/tpumlir';

/** The vendor's image, by the name that the program asks for. */
export const vendorImage = 'sophgo/tpuc_dev:v3.1';

/** Why tests cannot use a Docker daemon here; null when they can. Only the daemon of scripts/with-docker is ever used. */
export function whyNoDocker(): string | null {
  const said = process.env['CVICAST_NO_DOCKER'];
  if (said) return said;
  if (!process.env['DOCKER_HOST']?.startsWith('unix:///tmp/cvicast-docker-'))
    return 'there is no daemon of our own (run them through scripts/with-docker)';
  if (!fs.existsSync('/usr/bin/dpkg-query')) return "the image is made of this computer's Debian packages";
  if (findPython() === null) return 'there is no CPython 3.10 to put into the image';
  return null;
}

/** Runs the docker client; answers what it printed. */
export function docker(...args: string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** A Debian userland with an SSH server, as in the vendor's image or a cloud's. */
const packages =
  'bash dash coreutils util-linux grep sed mawk libc-bin findutils tar gzip xz-utils procps hostname ca-certificates openssh-server sudo perl-base dpkg passwd login libssl3 libffi8 zlib1g libbz2-1.0 liblzma5 libsqlite3-0 libreadline8 libncursesw6 libgomp1 libstdc++6 libexpat1 libuuid1';

const configuration =
  'passwd group shadow nsswitch.conf ld.so.conf ld.so.conf.d ld.so.cache alternatives ssl ca-certificates.conf pip.conf os-release debian_version pam.d pam.conf security login.defs profile default services protocols';

/** Prefix of a CPython 3.10 of this computer, outside of its packages; null when there is none. */
function findPython(): string | null {
  const versions = path.join(
    process.env['PYENV_ROOT'] ?? path.join(process.env['HOME'] ?? '/root', '.pyenv'),
    'versions',
  );
  const pyenv = fs.existsSync(versions)
    ? fs.readdirSync(versions).map((name) => path.join(versions, name, 'bin/python3.10'))
    : [];
  const onPath = (process.env['PATH'] ?? '').split(path.delimiter).map((folder) => path.join(folder, 'python3.10'));
  for (const candidate of [...pyenv, ...onPath].filter((file) => fs.existsSync(file))) {
    const asked = spawnSync(candidate, ['-c', 'import sys, ensurepip; print(sys.base_prefix)'], { encoding: 'utf8' });
    if (asked.status === 0) return asked.stdout.trim();
  }
  return null;
}

function installedPackages(): string[] {
  const only = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map((kind) => `--no-${kind}`);
  const found = spawnSync('apt-cache', ['depends', '--recurse', '--installed', ...only, ...packages.split(' ')], {
    encoding: 'utf8',
  });
  const names = [...packages.split(' '), ...found.stdout.split('\n').filter((line) => /^[a-z0-9]/.test(line))];
  return [...new Set(names)];
}

/**
 * Writes the tree of a small image into a tar file in `folder`: this computer's own packages and its CPython 3.10, which
 * stands at its usual path and on PATH. Some 130 MB, some seconds.
 */
export function makeImageTree(folder: string): string {
  const tree = path.join(folder, 'tree.tar');
  const python = findPython();
  if (python === null) throw new Error('no CPython 3.10');
  // Names of virtual packages are among them: of those it says that they are not installed, and goes on.
  const owned = spawnSync('dpkg-query', ['-L', ...installedPackages()], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  }).stdout;
  const links = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'].filter((name) => fs.existsSync(`/${name}`));
  const wanted = owned
    .split('\n')
    .filter(
      (file) =>
        file.startsWith('/') &&
        file !== '/.' &&
        !/^\/(?:etc|run|tmp|usr\/share\/(?:doc|man|locale|info))(?:\/|$)/.test(file),
    )
    // Where /bin and its like are links, packages name files below both.
    .map((file) =>
      file.replace(/^\/(bin|sbin|lib|lib64)\//, (whole, name: string) =>
        fs.lstatSync(`/${name}`).isSymbolicLink() ? `/usr/${name}/` : whole,
      ),
    )
    .filter((file) => fs.existsSync(file));
  // Two links that no package owns: what they point to is chosen at the install.
  const list = [...new Set([...links, 'usr/bin/awk', 'usr/bin/sh', ...wanted.map((file) => file.slice(1))])].sort();
  const extra = path.join(folder, 'extra');
  for (const name of ['tmp', 'var/tmp', 'run/sshd', 'proc', 'sys', 'dev', 'opt', 'root', 'usr/local/bin'])
    fs.mkdirSync(path.join(extra, name), { recursive: true, mode: 0o755 });
  for (const name of ['tmp', 'var/tmp']) fs.chmodSync(path.join(extra, name), 0o1777);
  const tar = (...args: string[]): void => {
    execFileSync('tar', ['--file', tree, '--numeric-owner', '--owner=0', '--group=0', ...args], { stdio: 'pipe' });
  };
  const names = path.join(folder, 'names');
  fs.writeFileSync(names, list.join('\n'));
  tar('--create', '--directory=/', '--no-recursion', `--files-from=${names}`);
  tar(
    '--append',
    '--directory=/etc',
    '--transform=s,^,etc/,S',
    ...configuration.split(' ').filter((name) => fs.existsSync(`/etc/${name}`)),
  );
  if (!python.startsWith('/usr')) {
    const less = ['test', '__pycache__', '*.a', 'site-packages'].map((name) => `--exclude=${name}`);
    tar('--append', '--directory=/', ...less, python.slice(1));
    fs.symlinkSync(path.join(python, 'bin/python3.10'), path.join(extra, 'usr/local/bin/python3.10'));
  }
  // Taken out and packed once more, for the parts overlap and Docker takes every path once only.
  tar('--extract', `--directory=${extra}`);
  tar('--create', `--directory=${extra}`, '.');
  fs.rmSync(extra, { recursive: true });
  return tree;
}

/** The tree of an image that has a toolchain already, where the program would install one. Takes the tree to be added to. */
export function addToolchain(tree: string, toolchains: string): void {
  const [key = ''] = fs.readdirSync(toolchains);
  const to = `--transform=s,^${key},opt/cvicast/toolchain,S`;
  const owner = ['--numeric-owner', '--owner=0', '--group=0'];
  execFileSync('tar', ['--append', '--file', tree, ...owner, '--directory', toolchains, to, key]);
}

/** How the image's programs find this computer's network: Docker's form, `NAME=value`. */
export function imageEnvironment(): string[] {
  const search = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return [search, ...Object.entries(networkSettings(process.env)).map(([name, value]) => `${name}=${value}`)];
}

/** Gives the daemon the vendor's image. */
export function importImage(tree: string): void {
  const changes = imageEnvironment().flatMap((pair) => ['--change', `ENV ${pair.replace('=', '="')}"`]);
  docker('import', ...changes, tree, vendorImage);
}

/**
 * Imports an image of this computer's own sshd and shell: enough for a container to live and be logged in to, in a
 * second. `folder`: for what is made on the way.
 */
export function importShell(folder: string, image: string): void {
  const root = path.join(folder, 'root');
  for (const program of ['/usr/sbin/sshd', '/bin/sh', '/bin/bash', '/bin/sleep', '/usr/bin/env'])
    copyProgram(program, root);
  for (const name of ['etc', 'run/sshd', 'tmp', 'root', 'dev'])
    fs.mkdirSync(path.join(root, name), { recursive: true });
  fs.writeFileSync(
    path.join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n',
  );
  const archive = path.join(folder, 'root.tar');
  execFileSync('tar', ['-cf', archive, '-C', root, '.']);
  docker('import', archive, image);
}

/** Copies a program with the libraries that it loads to the same places below `root`. */
function copyProgram(program: string, root: string): void {
  const libraries = execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/\S+/g) ?? [];
  for (const file of [program, ...libraries]) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.copyFileSync(fs.realpathSync(file), path.join(root, file));
    fs.chmodSync(path.join(root, file), 0o755);
  }
}
