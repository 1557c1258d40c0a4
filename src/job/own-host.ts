import { runAside } from '../aside';
import { connect, type Machine, type SshTarget } from '../machine';
import { messageOf, UserError } from '../errors';
import { containerRemoval } from '../tpumlir';
import { remoteJobFolder } from './bootstrap';
import type { JobContext } from './events';
import type { LeftOver } from './journal';
import type { JobRequest, OwnHost } from './request';

/** Address and keys of a machine that the user owns. Throws `bad-host`, `unknown-host-key`, `identity-unreadable`. */
export async function ownTarget(host: OwnHost, env: NodeJS.ProcessEnv): Promise<SshTarget> {
  const { targetOfHost } = await import('../machine/host');
  return targetOfHost({ ...host, env });
}

/** Ends all units of a job on a machine, and takes away its folder and what the toolchain put beside it. */
export async function clearMachine(machine: Machine, job: string): Promise<void> {
  const folder = remoteJobFolder(job);
  const listed = await machine.exec(['ls', '-1', `${folder}/units`], { repeatable: true });
  const units = listed.stdout.split('\n').filter((line) => /^[a-z0-9-]+$/.test(line));
  for (const name of units) await machine.stopUnit(name);
  // A container of ours, if there is one; a machine without Docker has none.
  const cleared = await machine.exec([...containerRemoval(job)], { repeatable: true });
  if (cleared.status !== 0) throw containerNotRemoved(job, cleared.stderr);
  const removed = await machine.exec(['rm', '-rf', '--', folder], { repeatable: true });
  if (removed.status === 0) return;
  throw new UserError({
    code: 'folder-not-removed',
    what: `${folder} could not be removed from the machine`,
    why: removed.stderr.trim() || `rm ended with ${String(removed.status)}`,
    fix: `remove it by hand: rm -rf ${folder}`,
    exit: 'alive',
  });
}

/** Takes the container of a job's toolchain away from this computer, whose machine of that job shares its Docker. */
export async function clearContainerHere(job: string, env: NodeJS.ProcessEnv): Promise<LeftOver[]> {
  const [program = '', ...args] = containerRemoval(job);
  const { ok, stderr, why } = await runAside(program, args, { env });
  return ok ? [] : [{ type: 'container', id: `cvicast-${job}`, why: stderr.trim() || why }];
}

function containerNotRemoved(job: string, said: string): UserError {
  return new UserError({
    code: 'container-not-removed',
    what: `Container cvicast-${job} could not be removed from the machine`,
    why: said.trim() || 'Docker gave no reason',
    fix: `remove it by hand: docker rm --force cvicast-${job}`,
    exit: 'alive',
  });
}

/**
 * Takes everything of a job away from the user's own machine; answers what could not be. A machine that was never
 * reached holds nothing of ours.
 */
export async function clearOwnHost(request: JobRequest, reached: boolean, context: JobContext): Promise<LeftOver[]> {
  if (request.host === null) return [];
  try {
    const machine = await connect(await ownTarget(request.host, context.env), {
      jobFolder: remoteJobFolder(request.job),
      deadlineSeconds: reached ? 60 : 5,
      loginSeconds: 5,
    });
    try {
      await clearMachine(machine, request.job);
      return [];
    } finally {
      await machine.close();
    }
  } catch (thrown) {
    if (!reached) return [];
    return [{ type: 'folder', id: `${request.host.host}:${remoteJobFolder(request.job)}`, why: messageOf(thrown) }];
  }
}
