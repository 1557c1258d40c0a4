import retry from 'p-retry';
import type { CloudResource } from '../cloud/types';
import { Bug, messageOf } from '../errors';
import type { JobContext } from './events';
import type { JobFolder } from './folder';
import { ownerId } from './identity';
import type { LeftOver } from './journal';
import { withLock } from './lock';
import { clearContainerHere, clearOwnHost } from './own-host';
import { placeOf, type Place } from './place';
import { noteEnd } from './rentals';
import type { JobRequest } from './request';
import { stackOptions } from './stack-options';

/** Pauses between the tries of a teardown, seconds at first; they double. Shortened in tests. */
export function firstPauseSeconds(env: NodeJS.ProcessEnv): number {
  return Number(env['CVICAST_RETRY_SECONDS'] ?? '3');
}

/**
 * Ends everything a job has in the world, and proves it: refresh and destroy the stack, then ask the place itself what
 * carries the job's tags, remove that too, and ask again. Idempotent; one at a time per job; never throws for what is
 * left, but answers it (empty: nothing lives).
 */
export async function teardown(
  folder: JobFolder,
  context: JobContext,
  options: { keepSecrets?: boolean } = {},
): Promise<readonly LeftOver[]> {
  const request = folder.readRequest();
  const facts = folder.facts();
  if (request === null || facts.askedAt === null) return record(folder, [], options);
  if (facts.teardown !== null && facts.teardown.left.length === 0) return over(folder, options);
  const waiting = (holder: { pid: number }) =>
    context.emit({ type: 'note', message: `waiting for the teardown that process ${holder.pid} has begun` });
  return withLock(folder.file('teardown.lock'), waiting, async () => {
    const done = folder.facts().teardown;
    if (done !== null && done.left.length === 0) return over(folder, options);
    if (request.host !== null)
      return record(folder, await clearOwnHost(request, facts.machine !== null, context), options);
    const place = placeOf(request.provider, context);
    // Before the machine itself: its end would leave a container stopped, and nobody there to remove it.
    const isSharedDocker = request.provider === 'local' && request.toolchain === 'docker';
    const containers = isSharedDocker ? await clearContainerHere(folder.job, context.env) : [];
    const destroyed = await destroyStack(folder, request, place, context);
    const swept = await sweep(folder, request, place, context);
    const left = swept.length > 0 || destroyed === null ? swept : [...swept, ...destroyed];
    return record(folder, [...left, ...containers], options);
  });
}

function record(folder: JobFolder, left: readonly LeftOver[], options: { keepSecrets?: boolean }): readonly LeftOver[] {
  folder.journal.note({ type: 'teardown', checkedAt: new Date().toISOString(), left });
  return left.length === 0 ? over(folder, options) : left;
}

/** Nothing is left: the keys open nothing any more, unless another machine is tried with them. */
function over(folder: JobFolder, options: { keepSecrets?: boolean }): readonly LeftOver[] {
  if (options.keepSecrets !== true) folder.removeSecrets();
  return [];
}

/** Destroys the stack with retries; null when it is gone, else what it says is still there. */
async function destroyStack(
  folder: JobFolder,
  request: JobRequest,
  place: Place,
  context: JobContext,
): Promise<LeftOver[] | null> {
  const attached = await place.attach();
  try {
    const { openStack } = await import('../engine/stack');
    const stack = await openStack(stackOptions(folder, request, place, attached.providers));
    await retry(() => stack.destroy((event) => noteEnd(folder.journal, event)), {
      retries: 3,
      minTimeout: firstPauseSeconds(context.env) * 1000,
      factor: 2,
      onFailedAttempt: (error) =>
        context.emit({
          type: 'warning',
          code: 'destroy-failed',
          message: `destroying failed (${error.message}); trying again`,
        }),
    });
    await stack.remove();
    return null;
  } catch (thrown) {
    return [{ type: 'stack', id: folder.job, why: messageOf(thrown) }];
  } finally {
    await attached.close();
  }
}

/** Removes what the place itself still lists of this job and this installation, until a listing is empty. */
async function sweep(folder: JobFolder, request: JobRequest, place: Place, context: JobContext): Promise<LeftOver[]> {
  const mine = (resource: CloudResource): boolean =>
    resource.job === folder.job && (resource.owner === null || resource.owner === ownerId(folder.home));
  const regions = regionsOf(folder, request);
  let why: string | undefined;
  try {
    return await retry(
      async () => {
        const found = (await place.list(regions)).filter(mine);
        if (found.length === 0) return [];
        const machines = found.filter(({ kind }) => kind === place.cloud.machineKind).length;
        folder.journal.note({ type: 'found', machines });
        // One after another, in the order that the place gives: what holds others stands first.
        for (const resource of found) {
          try {
            await place.remove(resource);
          } catch (thrown) {
            why = messageOf(thrown);
          }
        }
        const left = (await place.list(regions)).filter(mine);
        if (left.length === 0) return [];
        throw Object.assign(new Bug(`${left.length} left`), { left });
      },
      { retries: 4, minTimeout: firstPauseSeconds(context.env) * 1000, factor: 2 },
    );
  } catch (thrown) {
    const left = (thrown as { left?: CloudResource[] }).left;
    if (left === undefined) {
      return [
        {
          type: 'unknown',
          id: folder.job,
          why: `the listing failed: ${messageOf(thrown)}`,
          console: place.cloud.console,
        },
      ];
    }
    return left.map((resource) => ({
      type: resource.kind,
      id: resource.id,
      console: resource.console ?? place.cloud.console,
      ...(why === undefined ? {} : { why }),
    }));
  }
}

/** Every region that the job ever asked for a machine in. */
function regionsOf(folder: JobFolder, request: JobRequest): string[] {
  const asked = folder.journal.read().flatMap((entry) => (entry.type === 'intent' ? [entry.region] : []));
  return [...new Set([request.lease.region, ...asked])];
}
