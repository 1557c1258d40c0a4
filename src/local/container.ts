import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { UserError } from '../errors';
import { homeFolder } from '../paths';
import { answers, writeSshFiles } from './sshd';
import { machineMark } from './processes';
import { machineFiles } from './record';

/** The rented machine's system with an SSH server and what the toolchain's set-up asks for. */
const dockerfile = `FROM ubuntu:22.04
RUN apt-get update \\
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends openssh-server sudo curl ca-certificates xz-utils python3 python3-venv python3-pip libgl1 libglib2.0-0 \\
 && rm -rf /var/lib/apt/lists/* && mkdir -p /run/sshd
`;
const imageName = `cvicast-machine:${createHash('sha256').update(dockerfile).digest('hex').slice(0, 12)}`;
const insideFolder = '/cvicast';
const askMilliseconds = 30_000;
const buildMilliseconds = 15 * 60_000;

function docker(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  options: { timeout?: number; stdin?: string } = {},
): Promise<{ ok: boolean; stdout: string; said: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      'docker',
      args,
      { env, timeout: options.timeout ?? askMilliseconds, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) =>
        resolve({ ok: error === null, stdout: stdout.trim(), said: (stderr.trim() || error?.message) ?? '' }),
    );
    child.stdin?.on('error', () => undefined); // it may end without reading
    child.stdin?.end(options.stdin ?? '');
  });
}

function containerName(job: string): string {
  return `cvicast-${job}`;
}

/** Whether a Docker daemon of this computer answers. One elsewhere would publish its ports elsewhere too. */
export async function dockerAnswers(env: NodeJS.ProcessEnv): Promise<boolean> {
  const host = env['DOCKER_HOST'];
  if (host !== undefined && host !== '' && !host.startsWith('unix://')) return false;
  return (await docker(['version', '--format', '{{.Server.Version}}'], env, { timeout: 10_000 })).ok;
}

/** The image for a machine: the user's own (`CVICAST_LOCAL_IMAGE`), the one built before, or built now. Null and why when it cannot be had. */
export async function obtainImage(env: NodeJS.ProcessEnv): Promise<{ image: string } | { image: null; why: string }> {
  const image = env['CVICAST_LOCAL_IMAGE'] ?? imageName;
  if ((await docker(['image', 'inspect', '--format', '{{.Id}}', image], env)).ok) return { image };
  const result =
    image === imageName
      ? await docker(['build', '--quiet', '--tag', image, '-'], env, { timeout: buildMilliseconds, stdin: dockerfile })
      : await docker(['pull', '--quiet', image], env, { timeout: buildMilliseconds });
  return result.ok ? { image } : { image: null, why: result.said.split('\n').slice(-3).join('; ') };
}

/** Starts the machine as a container and answers its loopback port. */
export async function startContainer(where: {
  home: string;
  job: string;
  owner: string;
  image: string;
  env: NodeJS.ProcessEnv;
  publicKey: string;
  hostKey: string;
}): Promise<number> {
  const { home, job, env } = where;
  const files = machineFiles(home, job);
  writeSshFiles(files.ssh, {
    inside: insideFolder,
    listen: 'Port 22',
    user: 'root',
    publicKey: where.publicKey,
    hostKey: where.hostKey,
    environment: { [machineMark]: job },
  });
  const toolchains = homeFolder.toolchains(home);
  const name = containerName(job);
  const run = await docker(
    [
      ...['run', '--detach', '--init', '--name', name, '--hostname', job],
      ...['--label', `cvicast-job=${job}`, '--label', `cvicast-owner=${where.owner}`],
      ...['--publish', '127.0.0.1::22'],
      ...['--mount', `type=bind,source=${files.ssh},target=${insideFolder},readonly`],
      // A volume and not the folder: what root in the container writes is not ours to delete outside of it.
      ...['--mount', `type=volume,source=cvicast-toolchains,target=${toolchains}`],
      ...[where.image, '/usr/sbin/sshd', '-D', '-e', '-f', `${insideFolder}/sshd_config`],
    ],
    env,
    { timeout: buildMilliseconds },
  );
  if (!run.ok) throw containerFailed(run.said);
  const published = await docker(['port', name, '22/tcp'], env);
  const port = Number(/:(\d+)\s*$/.exec(published.stdout.split('\n')[0] ?? '')?.[1]);
  const running = () => containerRuns(job, env).then((state) => state === 'running');
  if (published.ok && Number.isInteger(port) && (await answers(port, running))) return port;
  throw containerFailed((await docker(['logs', '--tail', '5', name], env)).said || published.said);
}

/** Whether a machine's container runs, is there but stopped, or is gone. Throws when the daemon does not say. */
export async function containerRuns(job: string, env: NodeJS.ProcessEnv): Promise<'running' | 'stopped' | 'gone'> {
  const result = await docker(['inspect', '--format', '{{.State.Running}}', containerName(job)], env);
  if (result.ok) return result.stdout === 'true' ? 'running' : 'stopped';
  if (/no such (?:object|container)/i.test(result.said)) return 'gone';
  throw containerFailed(result.said);
}

/** Ends a machine's container with all that runs in it, and removes it. Nothing to do when it is gone. */
export async function removeContainer(job: string, env: NodeJS.ProcessEnv): Promise<void> {
  const result = await docker(['rm', '--force', '--volumes', containerName(job)], env, { timeout: 2 * 60_000 });
  if (!result.ok && !/no such (?:object|container)/i.test(result.said)) throw containerFailed(result.said);
}

function containerFailed(why: string): UserError {
  return new UserError({
    code: 'docker-failed',
    what: 'Docker did not do what the machine on this computer needs',
    why: why.replace(/\s+/g, ' ') || 'it gave no reason',
    fix: 'mend what it names (is the daemon running?), or set CVICAST_LOCAL_MACHINE=process to do without Docker',
    exit: 'provider',
  });
}
