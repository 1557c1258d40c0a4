import { connect, targetOfHost, type Machine, type SshTarget } from '../machine';
import { messageOf } from '../errors';
import { remoteJobFolder } from './bootstrap';
import type { JobContext } from './events';
import type { LeftOver } from './journal';
import type { JobRequest, OwnHost } from './request';

/** Address and keys of a machine that the user owns. Throws `bad-host`, `unknown-host-key`, `identity-unreadable`. */
export function ownTarget(host: OwnHost, env: NodeJS.ProcessEnv): SshTarget {
  return targetOfHost({ ...host, env });
}

/** Ends all units of a job on a machine, and takes away its folder and what the toolchain put beside it. */
export async function clearMachine(machine: Machine, job: string): Promise<void> {
  const folder = remoteJobFolder(job);
  const listed = await machine.exec(['ls', '-1', `${folder}/units`]);
  for (const name of listed.stdout.split('\n').filter((line) => /^[a-z0-9-]+$/.test(line)))
    await machine.stopUnit(name);
  // A container of ours, if there is one; a machine without Docker has none.
  await machine.exec([
    'sh',
    '-c',
    'command -v docker >/dev/null && docker rm --force "$1" >/dev/null 2>&1; true',
    'sh',
    `cvicast-${job}`,
  ]);
  await machine.exec(['rm', '-rf', '--', folder]);
}

/** Takes everything of a job away from the user's own machine; answers what could not be. */
export async function clearOwnHost(request: JobRequest, context: JobContext): Promise<LeftOver[]> {
  if (request.host === null) return [];
  try {
    const machine = await connect(ownTarget(request.host, context.env), {
      jobFolder: remoteJobFolder(request.job),
      deadlineSeconds: 60,
    });
    try {
      await clearMachine(machine, request.job);
      return [];
    } finally {
      await machine.close();
    }
  } catch (thrown) {
    return [{ type: 'folder', id: `${request.host.host}:${remoteJobFolder(request.job)}`, why: messageOf(thrown) }];
  }
}
