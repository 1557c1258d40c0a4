import { UserError } from '../errors';
import { dockerAnswers, obtainImage } from './container';
import { findSshd, sshdMissing } from './sshd';

export type LocalMode =
  | { readonly mode: 'process'; readonly note: string }
  | { readonly mode: 'docker'; readonly image: string; readonly note: string };

/**
 * How a machine on this computer will be made. `CVICAST_LOCAL_MACHINE` may say `docker` or `process`; by itself it is a
 * container where a Docker daemon answers and its image can be had, else a process.
 *
 * Throws `UserError`: `sshd-missing`, `docker-missing`, `docker-image`, `local-unsupported`, `bad-setting`.
 */
export async function chooseMode(env: NodeJS.ProcessEnv): Promise<LocalMode> {
  const wish = env['CVICAST_LOCAL_MACHINE'] ?? 'auto';
  if (!['auto', 'process', 'docker'].includes(wish)) {
    throw new UserError({
      code: 'bad-setting',
      what: 'CVICAST_LOCAL_MACHINE is not understood',
      why: `it is ${JSON.stringify(wish)}`,
      fix: 'set it to auto, docker or process',
      exit: 'input',
    });
  }
  if (wish === 'process') return processMode('asked for by CVICAST_LOCAL_MACHINE', env);
  if (!(await dockerAnswers(env))) {
    if (wish === 'auto') return processMode('no Docker daemon answers', env);
    throw new UserError({
      code: 'docker-missing',
      what: 'A machine in a container was asked for',
      why: 'no Docker daemon of this computer answers (`docker version` fails, or DOCKER_HOST is elsewhere)',
      fix: 'start Docker, or set CVICAST_LOCAL_MACHINE=process',
      exit: 'provider',
    });
  }
  const obtained = await obtainImage(env);
  if (obtained.image !== null) return { mode: 'docker', image: obtained.image, note: 'a Docker daemon answers' };
  if (wish === 'auto') return processMode(`the image for a container cannot be had (${obtained.why})`, env);
  throw new UserError({
    code: 'docker-image',
    what: 'The image for a machine in a container cannot be had',
    why: obtained.why,
    fix: 'check the connection to the image registry, name an image that has sshd with CVICAST_LOCAL_IMAGE, or set CVICAST_LOCAL_MACHINE=process',
    exit: 'provider',
  });
}

function processMode(note: string, env: NodeJS.ProcessEnv): LocalMode {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new UserError({
      code: 'local-unsupported',
      what: 'A machine without a container cannot be made on this computer',
      why: `TPU-MLIR has builds for Linux on x86-64 only, this is ${process.platform} on ${process.arch}; ${note}`,
      fix: 'start Docker, or rent a machine: `--provider digitalocean`, `aws`, `gcp`, …',
      exit: 'provider',
    });
  }
  if (findSshd(env) === null) throw sshdMissing();
  return { mode: 'process', note };
}
