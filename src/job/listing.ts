import { billOf } from '../cloud/bill';
import type { CloudResource } from '../cloud/types';
import { messageOf } from '../errors';
import { remoteJobFolder } from './bootstrap';
import type { JobContext } from './events';
import { JobFolder } from './folder';
import type { JournalFacts } from './journal';
import { placeOf } from './place';
import { isRunning } from './process-mark';

export type JobState = 'running' | 'unattended' | 'expired' | 'left-over' | 'delivered' | 'failed' | 'ended';

/** One row of `cvicast ls` (a contract). */
export interface ListedJob {
  readonly job: string;
  readonly provider: string;
  readonly state: JobState;
  readonly startedAt: string | null;
  readonly expiresAt: string | null;
  /** Cost so far, or in all, by list price; USD. */
  readonly cost: number;
  readonly currency: string;
  readonly resources: readonly { readonly type: string; readonly id: string; readonly alive: boolean | null }[];
  /** Why the provider could not be asked; `alive` is null then. */
  readonly unknown?: string;
}

/** Whether a job may still have something alive. */
export function isOpen(facts: JournalFacts): boolean {
  if (facts.askedAt === null) return false;
  return facts.teardown === null || facts.teardown.left.length > 0;
}

/** What state a job is in, from its journal alone. */
export function stateOf(facts: JournalFacts, now: number): JobState {
  if (isOpen(facts)) {
    if (facts.teardown !== null) return 'left-over';
    if (facts.opened !== null && Date.parse(facts.opened.expiresAt) < now) return 'expired';
    return facts.holder !== null && isRunning(facts.holder) ? 'running' : 'unattended';
  }
  if (facts.closed === null) return facts.holder !== null && isRunning(facts.holder) ? 'running' : 'ended';
  if (facts.failure !== null) return 'failed';
  return facts.closed.result === 'delivered' ? 'delivered' : 'ended';
}

/**
 * What a job's machines cost by list price, each from the moment in which it was asked for until it was gone (or until
 * now): never less than the cloud's own count, and more by what the engine's words need to arrive.
 */
export function costOf(
  facts: JournalFacts,
  provider: string,
  context: Pick<JobContext, 'home' | 'env'>,
  now: number,
): number {
  const { opened } = facts;
  if (opened === null || opened.pricePerHour === 0) return 0;
  const { cloud } = placeOf(provider, context);
  const priced = (name: string) =>
    (name === opened.size ? undefined : cloud.sizes.find((size) => size.name === name)) ?? opened;
  const bills = facts.rentals.map(({ size, from, until }) => {
    const end = until === null ? now : Date.parse(until);
    return billOf(cloud, priced(size), Math.max(0, end - Date.parse(from)) / 1000);
  });
  return bills.reduce((sum, bill) => sum + bill, 0);
}

/** All jobs of this installation, oldest first; those that may live are compared with what their provider lists. */
export async function listJobs(
  context: Pick<JobContext, 'home' | 'env'>,
  options: { all: boolean },
): Promise<ListedJob[]> {
  const now = Date.now();
  const rows = JobFolder.all(context.home).map(async (folder): Promise<ListedJob | null> => {
    const facts = folder.facts();
    const provider = facts.opened?.provider ?? folder.readRequest()?.provider;
    if (provider === undefined) return null;
    const open = isOpen(facts);
    if (!open && !options.all) return null;
    return {
      job: folder.job,
      provider,
      state: stateOf(facts, now),
      startedAt: facts.askedAt,
      expiresAt: facts.opened?.expiresAt ?? null,
      cost: costOf(facts, provider, context, now),
      currency: facts.opened?.currency ?? 'USD',
      ...(open ? await truthOf(folder, provider, context) : { resources: [] }),
    };
  });
  const settled = await Promise.all(rows);
  return settled.filter((row): row is ListedJob => row !== null);
}

/**
 * Whether something of a listed job lives by its provider's word, or may live: because the provider could not be asked, or
 * because a teardown said that it left something.
 */
export function mayLive(job: ListedJob): boolean {
  return job.unknown !== undefined || job.state === 'left-over' || job.resources.some((one) => one.alive !== false);
}

async function truthOf(
  folder: JobFolder,
  provider: string,
  context: Pick<JobContext, 'home' | 'env'>,
): Promise<Pick<ListedJob, 'resources' | 'unknown'>> {
  const facts = folder.facts();
  if (provider === 'host') return ownHostTruth(folder, facts);
  const { machine } = facts;
  const region = folder.readRequest()?.lease.region ?? '';
  try {
    const listed: CloudResource[] = (await placeOf(provider, context).list([region])).filter(
      (one) => one.job === folder.job,
    );
    const resources = listed.map((one) => ({ type: one.kind, id: one.id, alive: true }));
    const gone = machine !== null && !listed.some((one) => one.id === machine.machineId || one.job === folder.job);
    return { resources: gone ? [...resources, { type: 'machine', id: machine.machineId, alive: false }] : resources };
  } catch (thrown) {
    const resources = machine === null ? [] : [{ type: 'machine', id: machine.machineId, alive: null }];
    return { resources, unknown: messageOf(thrown) };
  }
}

/**
 * On a machine of the user's nothing is rented, and nobody can be asked what bears our mark: a job that runs here looks
 * after its files there itself, another may have left them.
 */
function ownHostTruth(folder: JobFolder, facts: JournalFacts): Pick<ListedJob, 'resources'> {
  if (facts.machine === null || stateOf(facts, Date.now()) === 'running') return { resources: [] };
  const host = folder.readRequest()?.host?.host ?? facts.machine.address;
  return { resources: [{ type: 'folder', id: `${host}:${remoteJobFolder(folder.job)}`, alive: null }] };
}
