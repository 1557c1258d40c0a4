import * as path from 'node:path';
import type { FileToSend } from '../machine/types';
import { Bug, UserError } from '../errors';
import { remoteFolder } from './payload';
import type { ToolchainKind } from './types';
import { toolchainKey, type ToolchainVersion } from './versions';

/** Unit of every install. */
export const installUnit = 'install';

/** A toolchain that is installed: how a tool's command line is run with it. */
export interface Toolchain {
  readonly kind: ToolchainKind;
  /** Command line that runs `argv` in `cwd` (the job's folder, absolute) with the toolchain first on PATH; needs no shell. */
  wrap(argv: readonly string[], place: { cwd: string; env?: Readonly<Record<string, string>> }): readonly string[];
}

/** An install to be run as a unit in the job's folder on the machine, after `remotePayload()` was sent. */
export interface Install {
  readonly kind: ToolchainKind;
  readonly unit: string;
  /** Sent beside the payload. */
  readonly files: readonly FileToSend[];
  readonly argv: readonly string[];
  /** The toolchain, from the output of the unit that ended well. */
  toolchain(output: string): Toolchain;
}

export interface VenvPlace {
  /** Absolute path of the toolchain's own folder on the machine (`…/toolchains/<key>`). */
  readonly folder: string;
  /** Where downloads are kept for a later install; left out: beside the install, and deleted. */
  readonly cacheFolder?: string;
  /** Further folders on the machine to look for CPython and uv in (`local`: the caller's PATH). */
  readonly pythonSearch?: readonly string[];
  /** May apt be used (a machine of ours)? Never on a machine that somebody owns. */
  readonly systemPackages?: boolean;
  /** Network settings that hold on the machine too (`local`): see `networkSettings`. */
  readonly network?: Readonly<Record<string, string>>;
}

export interface DockerPlace {
  readonly job: string;
  /** Absolute path of the job's folder on the machine; mounted at the same path. */
  readonly jobFolder: string;
  /** Registry (with an optional path) to pull from instead of Docker Hub, e.g. `mirror.example:5000/hub`. */
  readonly imageMirror?: string;
  /** May Docker be installed (a machine of ours)? Never on a machine that somebody owns. */
  readonly systemPackages?: boolean;
  readonly network?: Readonly<Record<string, string>>;
}

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const environmentFile = `${remoteFolder}/network.env`;
const containerToolchain = '/opt/cvicast/toolchain';

/** Where the tools find each other; a few of ours stand before the toolchain's own (docs/decisions/0007). */
const toolPath = (jobFolder: string, toolchain: string): string =>
  `${jobFolder}/${remoteFolder}/bin:${toolchain}/bin:${systemPath}`;

/** Environment of every tool: output as it happens, and names in any script printable. */
const toolEnvironment = { LC_ALL: 'C.UTF-8', PYTHONUNBUFFERED: '1' } as const;

function pairs(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}

function venvArguments(version: ToolchainVersion, folder: string, network: VenvPlace['network']): string[] {
  return [
    ...['--folder', folder, '--key', toolchainKey(version), '--python', version.python],
    ...['--bundled-glibc', version.bundledGlibc, '--needed-kib', String(Math.ceil(version.neededBytes / 1024))],
    ...version.pins.flatMap((pin) => ['--pin', pin]),
    ...version.overrides.flatMap((pin) => ['--override', pin]),
    ...(network === undefined ? [] : ['--environment', environmentFile]),
  ];
}

/** The settings as a file of NUL-ended `NAME=value`: they may hold passwords, so they stay out of command lines. */
function networkFiles(network: VenvPlace['network']): FileToSend[] {
  if (network === undefined) return [];
  const bytes = Buffer.from(
    pairs(network)
      .map((pair) => `${pair}\0`)
      .join(''),
  );
  return [{ from: { bytes }, to: environmentFile, mode: 0o600 }];
}

/** What pip, uv and their TLS take from the environment, of what is set there. For machines on this very computer. */
export function networkSettings(env: NodeJS.ProcessEnv): Record<string, string> {
  const names =
    /^(PIP_(INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|CERT|PROXY|TRUSTED_HOST|DEFAULT_TIMEOUT|CONFIG_FILE)|UV_(INDEX|DEFAULT_INDEX|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NATIVE_TLS|SYSTEM_CERTS|INSECURE_HOST|HTTP_TIMEOUT|PYTHON_INSTALL_MIRROR|INDEX_\w+_(USERNAME|PASSWORD))|SSL_CERT_(FILE|DIR)|(REQUESTS|CURL)_CA_BUNDLE|(HTTPS?|ALL|NO)_PROXY|(https?|all|no)_proxy)$/;
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => names.test(entry[0]) && Boolean(entry[1])),
  );
}

/** The toolchain as a venv on the machine itself. Measured: 16 s with an empty cache on a fast line, 0.3 s when it is there. */
export function venvInstall(version: ToolchainVersion, place: VenvPlace): Install {
  if (!path.posix.isAbsolute(place.folder)) throw new Bug(`not an absolute folder: ${place.folder}`);
  return {
    kind: 'venv',
    unit: installUnit,
    files: networkFiles(place.network),
    argv: [
      ...['bash', `${remoteFolder}/install_venv.sh`, ...venvArguments(version, place.folder, place.network)],
      ...['--system-packages', place.systemPackages === true ? 'yes' : 'no'],
      ...(place.cacheFolder === undefined ? [] : ['--cache', place.cacheFolder]),
      ...(place.pythonSearch ?? []).filter((folder) => folder !== '').flatMap((folder) => ['--search', folder]),
    ],
    toolchain: () => venvToolchain(place.folder),
  };
}

/** A venv toolchain that is known to be in that folder. */
export function venvToolchain(folder: string): Toolchain {
  return {
    kind: 'venv',
    wrap: (argv, { cwd, env }) => [
      ...['env', `PATH=${toolPath(cwd, folder)}`],
      ...pairs({ ...toolEnvironment, ...env }),
      ...argv,
    ],
  };
}

/**
 * The toolchain in a container of the vendor's image that lives as long as the job. Needs root or `sudo -n` where Docker
 * has to be installed. The tools run as the login user; ending a unit does not end what it started in the container:
 * `containerRemoval` does.
 * @throws UserError `bad-image-mirror` (exit input)
 */
export function dockerInstall(version: ToolchainVersion, place: DockerPlace): Install {
  if (!path.posix.isAbsolute(place.jobFolder)) throw new Bug(`not an absolute folder: ${place.jobFolder}`);
  const container = containerName(place.job);
  const mirror = place.imageMirror === undefined ? [] : ['--mirror', checkedMirror(place.imageMirror)];
  return {
    kind: 'docker',
    unit: installUnit,
    files: networkFiles(place.network),
    argv: [
      ...['bash', `${remoteFolder}/install_docker.sh`, '--container', container, '--job', place.job],
      ...['--folder', place.jobFolder, '--image', version.image, ...mirror],
      ...['--system-packages', place.systemPackages === true ? 'yes' : 'no', '--'],
      ...venvArguments(version, containerToolchain, place.network),
      ...['--system-packages', 'yes'],
    ],
    toolchain: (output) => dockerToolchain(container, output),
  };
}

function containerName(job: string): string {
  return `cvicast-${job}`;
}

/** Removes a container by its name ($1), then the images that its label says were pulled for it, if nobody else uses them. */
const removalScript = `
command -v docker >/dev/null || exit 0
name=$1
shift
docker ps >/dev/null 2>&1 || set -- sudo -n
pulled=$("$@" docker inspect -f '{{index .Config.Labels "cvicast-pulled"}}' "$name" 2>/dev/null) || exit 0
"$@" docker rm --force --volumes "$name" >/dev/null || exit 1
for image in $pulled; do "$@" docker rmi "$image" >/dev/null 2>&1; done
exit 0`;

/**
 * Command line that takes the container of a job and the image that was pulled for it away from a machine that is not
 * given back. Nothing to do where there is no Docker or no container; ends with 1 when the daemon refuses.
 */
export function containerRemoval(job: string): readonly string[] {
  return ['sh', '-c', removalScript, 'sh', containerName(job)];
}

function dockerToolchain(container: string, output: string): Toolchain {
  const docker = /^cvicast-docker: sudo$/m.test(output) ? ['sudo', '-n', 'docker'] : ['docker'];
  return {
    kind: 'docker',
    wrap: (argv, { cwd, env }) => [
      ...[...docker, 'exec', '--workdir', cwd, '--env', `PATH=${toolPath(cwd, containerToolchain)}`],
      ...pairs({ ...toolEnvironment, ...env }).flatMap((pair) => ['--env', pair]),
      ...[container, ...argv],
    ],
  };
}

function checkedMirror(mirror: string): string {
  const plain = mirror.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  if (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/.test(plain)) return plain;
  throw new UserError({
    code: 'bad-image-mirror',
    what: `"${mirror}" is no registry to pull an image from`,
    why: 'a mirror is HOST[:PORT][/PATH] in lower case',
    fix: 'Write for example --image-mirror registry.example.com/dockerhub.',
    exit: 'input',
  });
}

/** What an install says of itself at its end: package name → version (`tpu_mlir`, `onnx`, …, `python`). */
export function installedVersions(output: string): Record<string, string> {
  const line = /^cvicast-versions: (.*)$/m.exec(output)?.[1] ?? '';
  return Object.fromEntries(
    line
      .split(' ')
      .map((pair) => pair.split('='))
      .filter((pair): pair is [string, string] => pair.length === 2),
  );
}

/** The install's latest word for people, for a progress line; null when it has said none. */
export function installNote(output: string): string | null {
  return (
    output
      .match(/^cvicast: .*$/gm)
      ?.at(-1)
      ?.slice('cvicast: '.length) ?? null
  );
}

/** Did the install end well? Its exit status alone is not enough: it must have said so. */
export function installSucceeded(output: string, status: number | null): boolean {
  return status === 0 && /^cvicast-result: ready$/m.test(output);
}
