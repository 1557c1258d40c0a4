import { together } from '../cloud/together';
import { UserError } from '../errors';
import type { JobContext } from './events';
import { JobFolder } from './folder';
import type { LeftOver } from './journal';
import { isOpen } from './listing';
import { isForeign, isRunning, isStopped } from './process-mark';
import { teardown } from './teardown';
import { ensureWatchdog } from './watchdog';

export interface EndedJob {
  readonly job: string;
  readonly left: readonly LeftOver[];
}

/** Ends jobs: those named, or all that may still live. Several at once; each at most once at a time, whoever asks. */
export async function endJobs(jobs: readonly string[] | 'all', context: JobContext): Promise<EndedJob[]> {
  const folders =
    jobs === 'all'
      ? JobFolder.all(context.home).filter((folder) => isOpen(folder.facts()))
      : jobs.map((job) => JobFolder.open(context.home, job));
  return together(folders.map((folder) => endJob(folder, context)));
}

async function endJob(folder: JobFolder, context: JobContext): Promise<EndedJob> {
  const { askedAt, closed } = folder.facts();
  // Whatever becomes of this process, no job is left half torn down.
  if (askedAt !== null && closed === null) ensureWatchdog(folder, context.env);
  await stopClient(folder, context);
  const left = await teardown(folder, context);
  if (left.length === 0 && folder.facts().closed === null)
    folder.journal.write({ type: 'closed', result: 'ended by `cvicast down`' });
  return { job: folder.job, left };
}

/** How long a client that was asked to end may take for its own teardown, seconds. */
const clientPatienceSeconds = 180;

/** At how many looks in a row a client must be found stopped before nobody waits for it any more. */
const stoppedLooks = 8;

/**
 * A client that still works on the job is asked to end, and tears down itself: a create that is under way cannot be
 * taken from it. One that is stopped (Ctrl-Z) is made to go on, for it hears nothing before; whoever ends a job wants its
 * process ended too, not to come back later. One that does not end in time, or stays stopped, is not waited for any
 * longer: its own teardown, should it come to that, finds this one's lock, or finds it done.
 */
async function stopClient(folder: JobFolder, context: JobContext): Promise<void> {
  const { holder, closed } = folder.facts();
  if (closed !== null || holder === null || holder.pid === process.pid) return;
  if (isForeign(holder) || !isRunning(holder)) return;
  const note = (message: string): void => context.emit({ type: 'note', message });
  note(
    isStopped(holder)
      ? `process ${holder.pid}, which works on ${folder.job}, is stopped; making it go on so that it can end`
      : `process ${holder.pid} still works on ${folder.job}; asking it to end`,
  );
  try {
    process.kill(holder.pid, 'SIGTERM');
    process.kill(holder.pid, 'SIGCONT');
  } catch {
    // It ended by itself in between.
  }
  const end = Date.now() + clientPatienceSeconds * 1000;
  for (let stopped = 0; isRunning(holder) && Date.now() < end; stopped = isStopped(holder) ? stopped + 1 : 0) {
    if (stopped >= stoppedLooks) {
      note(`process ${holder.pid} stays stopped; going on without it`);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** The failure that says what may still be alive, and how it is ended. */
export function stillAlive(job: string, left: readonly LeftOver[]): UserError {
  const names = left
    .map((one) => `${one.type} ${one.id}${one.console === undefined ? '' : ` (${one.console})`}`)
    .join(', ');
  const why = left.flatMap((one) => (one.why === undefined ? [] : [one.why])).at(0) ?? 'the provider still lists it';
  return new UserError({
    code: 'still-alive',
    what: `Something of ${job} may still be alive, and may cost money: ${names}`,
    why,
    fix:
      left.flatMap((one) => (one.fix === undefined ? [] : [one.fix])).at(0) ??
      `${isFullHere(why) ? "make room on this computer's disk, then " : ''}run \`cvicast down ${job}\`, again until it says that nothing is left`,
    exit: 'alive',
  });
}

/** The engine writes its state here: it can end nothing while there is no room for that. */
const isFullHere = (why: string): boolean => /no space left on device/i.test(why);
