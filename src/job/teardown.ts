import retry from 'p-retry';
import { messageOf, UserError } from '../errors';
import { outOfReach } from './account';
import type { JobContext } from './events';
import type { JobFolder } from './folder';
import type { LeftOver } from './journal';
import { HolderElsewhere, HolderStopped, withLock } from './lock';
import { clearContainerHere, clearOwnHost } from './own-host';
import { placeOf, type Place } from './place';
import { isForeign, type ProcessMark } from './process-mark';
import { regionsOf, rememberedJob, unknownLeft, type RememberedJob } from './remembered';
import { noteEnd } from './rentals';
import { stackOptions } from './stack-options';
import { sweep } from './sweep';

/** Pauses between the tries of a teardown, seconds at first; they double. Shortened in tests. */
export function firstPauseSeconds(env: NodeJS.ProcessEnv): number {
  return Number(env['CVICAST_RETRY_SECONDS'] ?? '3');
}

/**
 * Ends everything a job has in the world, and proves it: refresh and destroy the stack, then ask the place itself what
 * carries the job's tags, remove that too, and ask again. With credentials of another account than the journal names, nothing
 * is touched. Idempotent; one at a time per job; never throws for what is
 * left, but answers it (empty: nothing lives).
 */
export async function teardown(
  folder: JobFolder,
  context: JobContext,
  options: { keepSecrets?: boolean } = {},
): Promise<readonly LeftOver[]> {
  const facts = folder.facts();
  if (facts.askedAt === null) return record(folder, [], options);
  if (facts.teardown !== null && facts.teardown.left.length === 0) return over(folder, options);
  const waiting = (holder: ProcessMark) => {
    const process = `process ${holder.pid}${isForeign(holder) ? ` of ${holder.host}` : ''}`;
    context.emit({ type: 'note', message: `waiting for the teardown that ${process} has begun` });
  };
  try {
    return await withLock(folder.file('teardown.lock'), waiting, async () => {
      const done = folder.facts().teardown;
      if (done !== null && done.left.length === 0) return over(folder, options);
      return record(folder, await end(folder, context), options);
    });
  } catch (thrown) {
    if (thrown instanceof HolderStopped) return [stoppedHalfway(folder, thrown.holder.pid)];
    if (thrown instanceof HolderElsewhere) return [begunElsewhere(folder, thrown)];
    throw thrown;
  }
}

/** What to say of a teardown that another process has begun and does not go on with. */
function stoppedHalfway({ job }: JobFolder, pid: number): LeftOver {
  return {
    type: 'process',
    id: String(pid),
    untouched: true,
    why: `process ${pid} has begun its teardown, and is stopped`,
    fix: `run \`kill -9 ${pid}\`, then \`cvicast down ${job}\` again`,
  };
}

/** What to say of a teardown that a process of another computer has begun, and of which nobody here sees how it goes on. */
function begunElsewhere({ job }: JobFolder, { holder, file }: HolderElsewhere): LeftOver {
  return {
    type: 'process',
    id: `${holder.pid} of ${holder.host}`,
    untouched: true,
    why: `process ${holder.pid} of the computer ${holder.host} has begun its teardown, and whether it still runs cannot be told from here`,
    fix:
      `let it end there; where it is gone, or this computer was called ${holder.host} before it was started anew, ` +
      `run \`rm '${file}'\`, then \`cvicast down ${job}\` again`,
  };
}

async function end(folder: JobFolder, context: JobContext): Promise<LeftOver[]> {
  const request = folder.readRequest();
  if (request?.host) return clearOwnHost(request, folder.facts().machine !== null, context);
  if (request === null) {
    const message = `what ${folder.job} was asked to do is lost (request.json is missing or damaged): its journal tells where to look`;
    context.emit({ type: 'warning', code: 'request-lost', message });
  }
  const job = request ?? rememberedJob(folder);
  return job === null ? [unknownLeft(folder)] : endAt(placeOf(job.provider, context), job, folder, context);
}

async function endAt(place: Place, job: RememberedJob, folder: JobFolder, context: JobContext): Promise<LeftOver[]> {
  const far = await outOfReach(folder, place, firstPauseSeconds(context.env));
  if (far !== null) return [far];
  // Before the machine itself: its end would leave a container stopped, and nobody there to remove it.
  const isSharedDocker = job.provider === 'local' && job.toolchain === 'docker';
  const containers = isSharedDocker ? await clearContainerHere(folder.job, context.env) : [];
  const { left: destroyed, knewMachine } = await destroyStack(folder, job, place, context);
  const swept = await sweep({
    ...{ folder, place, regions: regionsOf(folder, job), env: context.env },
    mayComeLate: place.name !== 'local' && folder.facts().isUnanswered && !knewMachine,
    firstPauseSeconds: firstPauseSeconds(context.env),
  });
  const left = swept.length > 0 || destroyed === null ? swept : [...swept, ...destroyed];
  return [...left, ...containers];
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

interface Destroyed {
  /** Null: the stack is gone; else what it says is still there. */
  readonly left: LeftOver[] | null;
  /** Whether the engine had the cloud's answer to the create of the machine, whoever else had not. */
  readonly knewMachine: boolean;
}

/** What a second try at once would only wait for again. */
const hopeless: ReadonlySet<string> = new Set(['stack-locked', 'engine-hung']);

/** Destroys the stack with retries. */
async function destroyStack(
  folder: JobFolder,
  job: RememberedJob,
  place: Place,
  context: JobContext,
): Promise<Destroyed> {
  const attached = await place.attach();
  let knewMachine = false;
  try {
    const { openStack } = await import('../engine/stack');
    const stack = await openStack(stackOptions(folder, job, place, attached.providers));
    await retry(
      () =>
        stack.destroy((event) => {
          noteEnd(folder.journal, event);
          if (event.kind === 'note') context.emit({ type: 'note', message: event.text ?? '' });
          if (event.kind === 'resource' && event.urn?.endsWith('::machine')) knewMachine = true;
        }),
      {
        retries: 3,
        minTimeout: firstPauseSeconds(context.env) * 1000,
        factor: 2,
        onFailedAttempt: (error) => {
          // These were waited for long enough: the sweep must not wait for them once more.
          if (error instanceof UserError && hopeless.has(error.code)) throw error;
          context.emit({
            type: 'warning',
            code: 'destroy-failed',
            message: `destroying failed (${error.message}); trying again`,
          });
        },
      },
    );
    await stack.remove();
    return { left: null, knewMachine };
  } catch (thrown) {
    return {
      left: [{ type: 'stack', id: folder.job, why: messageOf(thrown), ...helpOf(thrown, folder) }],
      knewMachine,
    };
  } finally {
    await attached.close();
  }
}

/**
 * What helps before another `cvicast down` can: an engine that is missing, or a lock of another computer, is there at the
 * next one too. The engine's unknown failures say nothing but that they may be tried again.
 */
function helpOf(thrown: unknown, { job }: JobFolder): Pick<LeftOver, 'fix'> {
  if (!(thrown instanceof UserError) || thrown.code === 'engine-failed') return {};
  const down = `\`cvicast down ${job}\``;
  return { fix: thrown.fix.includes(down) ? thrown.fix : `${thrown.fix}; then run ${down}` };
}
