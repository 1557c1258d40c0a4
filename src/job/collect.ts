import retry from 'p-retry';
import type { CloudResource } from '../cloud/types';
import { Bug, messageOf, UserError } from '../errors';
import type { JobContext } from './events';
import { JobFolder } from './folder';
import { isJobId, isOwnerId, ownerId } from './identity';
import type { JournalFacts, LeftOver } from './journal';
import { isOpen } from './listing';
import { placeOf, type Place } from './place';
import { isForeign, isRunning } from './process-mark';
import { firstPauseSeconds, teardown } from './teardown';

export type Verdict = 'removed' | 'in-use' | 'not-ours' | 'failed' | 'would-remove';

/** What a sweep found and did with it. */
export interface Collected extends LeftOver {
  readonly job: string | null;
  readonly owner: string | null;
  readonly region: string;
  readonly verdict: Verdict;
  readonly expiresAt: string | null;
  /** What ends it, where the sweep itself did not. */
  readonly fix?: string;
}

export interface SweepOptions {
  readonly dryRun: boolean;
  /** Owner ids besides this installation's own whose things are to go too. Default: none. */
  readonly owners?: readonly string[];
}

/**
 * Whether a process leads the job. One of another computer is believed to while the job has time: whether it still runs
 * nobody here will ever see, and a machine must not live for ever for its sake.
 */
function isLed({ holder, opened }: JournalFacts, now: number): boolean {
  if (holder === null || !isRunning(holder)) return false;
  return !isForeign(holder) || opened === null || Date.parse(opened.expiresAt) > now;
}

/** Whether somebody works on the job at this moment, as far as this computer knows. */
function inUse(folder: JobFolder | null, now: number): boolean {
  if (folder === null) return false;
  const facts = folder.facts();
  if (facts.closed !== null) return false;
  if (isLed(facts, now)) return true;
  return facts.opened !== null && Date.parse(facts.opened.expiresAt) > now && facts.teardown === null && isOpen(facts);
}

function folderOf(home: string, job: string | null): JobFolder | null {
  if (job === null || !isJobId(job)) return null;
  return JobFolder.all(home).find((folder) => folder.job === job) ?? null;
}

/**
 * Finds what carries cvicast's tags in a whole account, also when the local state is lost, and removes what bears both a
 * job and this installation's owner id (or one that the user named) and is not in use. What else looks like cvicast's is
 * listed with what would end it, and never touched. A delete is not believed: what is listed after it has failed.
 *
 * Throws `bad-owner`; and when the first listing fails, for that is not an empty listing.
 */
export async function collect(
  provider: string,
  regions: readonly string[],
  context: JobContext,
  options: SweepOptions,
): Promise<Collected[]> {
  const owners = [ownerId(context.home), ...checkOwners(options.owners ?? [])];
  const place = placeOf(provider, context);
  const now = Date.now();
  const wanted = regions.length > 0 ? regions : await regionsToAsk(place, context);
  const found = await place.list(wanted);
  const judged = found.map((resource) => ({ resource, judgement: judge(resource, place, owners, context.home, now) }));
  const doomed = judged.flatMap(({ resource, judgement }) => (judgement.verdict === 'would-remove' ? [resource] : []));
  const outcomes = options.dryRun
    ? new Map<CloudResource, Judgement>()
    : await removeAll(doomed, place, wanted, context);
  return judged.map(({ resource, judgement }) => ({
    type: resource.kind,
    id: resource.id,
    region: resource.region,
    job: resource.job,
    owner: resource.owner,
    expiresAt: resource.expiresAt,
    console: resource.console ?? place.cloud.console,
    ...(outcomes.get(resource) ?? judgement),
  }));
}

type Judgement = Pick<Collected, 'verdict' | 'why' | 'fix'>;

function checkOwners(owners: readonly string[]): readonly string[] {
  const wrong = owners.find((owner) => !isOwnerId(owner));
  if (wrong === undefined) return owners;
  throw new UserError({
    code: 'bad-owner',
    what: `--owner ${JSON.stringify(wrong)} cannot be used`,
    why: 'the owner of a job is 16 hex digits',
    fix: '`cvicast gc --provider NAME --dry-run` lists what each owner has; copy the id from there',
    exit: 'input',
  });
}

/** What is to become of a resource, before anything is removed. */
function judge(resource: CloudResource, place: Place, owners: readonly string[], home: string, now: number): Judgement {
  const { job, owner } = resource;
  const byHand = `remove it by hand: ${resource.console ?? place.cloud.console}`;
  // A machine on this computer stands in our own folder, whether its record was still written or not.
  const isMarked = owner !== null || place.name === 'local';
  if (!isMarked || job === null || !isJobId(job)) {
    const lacking = isMarked ? 'no job of the usual form' : 'no owner';
    return {
      verdict: 'not-ours',
      why: `it bears ${lacking}, so nobody can tell whose it is; nothing is deleted that does not bear both`,
      fix: `if nobody needs it, ${byHand}`,
    };
  }
  if (owner !== null && !owners.includes(owner)) {
    return {
      verdict: 'not-ours',
      why: `its owner ${owner} is not this installation (${owners[0] ?? ''}): another computer's, or this one's before its state was lost; ${timeOf(resource, now)}`,
      fix: isOwnerId(owner)
        ? `if it is yours, \`cvicast gc --provider ${place.name} --owner ${owner}\`; or ${byHand}`
        : `if nobody needs it, ${byHand}`,
    };
  }
  if (inUse(folderOf(home, job), now)) {
    return {
      verdict: 'in-use',
      why: 'a job that still has time, or that somebody works on',
      fix: `\`cvicast down ${job}\` ends it`,
    };
  }
  return { verdict: 'would-remove' };
}

function timeOf({ expiresAt }: CloudResource, now: number): string {
  if (expiresAt === null) return 'it does not say when its time is over';
  return Date.parse(expiresAt) > now
    ? `its job has time until ${expiresAt}`
    : `its job's time was over at ${expiresAt}`;
}

/** All regions that the account has. One that it lacks is named: nothing of it can be listed, and nothing is there. */
async function regionsToAsk(place: Place, context: JobContext): Promise<readonly string[]> {
  const enabled = await place.regions();
  const missing = place.cloud.regions.map((region) => region.name).filter((name) => !enabled.includes(name));
  if (missing.length > 0)
    context.emit({ type: 'note', message: `not enabled for this account, and left out: ${missing.join(', ')}` });
  return enabled;
}

/** Removes these, asks the place whether they are gone, and tries again what is not. */
async function removeAll(
  doomed: readonly CloudResource[],
  place: Place,
  regions: readonly string[],
  context: JobContext,
): Promise<Map<CloudResource, Judgement>> {
  if (doomed.length === 0) return new Map();
  let left = [...doomed];
  const refusals = new Map<CloudResource, Pick<Judgement, 'why' | 'fix'>>();
  const untouched = new Set<CloudResource>();
  for (const folder of knownJobs(doomed, context.home)) {
    // A job that is known here goes by its stack first, so that nothing without a tag stays behind.
    const refusal = await refusalOf(folder, context);
    if (refusal === null) continue;
    // Where its own teardown refuses, nothing of it is to be touched from here either.
    for (const resource of doomed.filter(({ job }) => job === folder.job)) {
      untouched.add(resource);
      refusals.set(resource, refusal);
    }
  }
  let why = 'the provider still lists it';
  try {
    await retry(
      async () => {
        // One after another, in the order that the place gives: what holds others stands first.
        for (const resource of left.filter((one) => !untouched.has(one))) {
          try {
            await place.remove(resource);
          } catch (thrown) {
            refusals.set(resource, { why: messageOf(thrown) });
          }
        }
        const listed = (await place.list(regions)).map(nameOf);
        left = left.filter((resource) => listed.includes(nameOf(resource)));
        if (left.some((resource) => !untouched.has(resource))) throw new Bug(`${left.length} left`);
      },
      { retries: 4, minTimeout: firstPauseSeconds(context.env) * 1000, factor: 2 },
    );
  } catch (thrown) {
    if (!(thrown instanceof Bug)) why = `nobody knows whether it is gone: ${messageOf(thrown)}`;
  }
  const alive = (resource: CloudResource): Judgement => ({
    verdict: 'failed',
    why,
    fix: `\`cvicast gc --provider ${place.name}\` tries again; or by hand: ${resource.console ?? place.cloud.console}`,
    ...refusals.get(resource),
  });
  return new Map(doomed.map((one) => [one, left.includes(one) ? alive(one) : { verdict: 'removed' }]));
}

/** Tears down a job. Answers why its teardown would not touch it (the account is another one, another process is at it), else null. */
async function refusalOf(folder: JobFolder, context: JobContext): Promise<Pick<Judgement, 'why' | 'fix'> | null> {
  try {
    const kept = (await teardown(folder, context)).find((left) => left.untouched);
    if (kept === undefined) return null;
    return { why: kept.why ?? 'its teardown touched nothing', ...(kept.fix === undefined ? {} : { fix: kept.fix }) };
  } catch (thrown) {
    return { why: messageOf(thrown) };
  }
}

/** What tells one resource of a listing from the others. */
const nameOf = ({ kind, region, id }: CloudResource): string => JSON.stringify([kind, region, id]);

function knownJobs(resources: readonly CloudResource[], home: string): JobFolder[] {
  const jobs = [...new Set(resources.map(({ job }) => job))];
  return jobs.flatMap((job) => folderOf(home, job) ?? []);
}

/** Jobs of this computer that are over their time or that nobody looks after any more. */
export function abandonedJobs(home: string, now: number = Date.now()): JobFolder[] {
  return JobFolder.all(home).filter((folder) => {
    const facts = folder.facts();
    return isOpen(facts) && !isLed(facts, now) && !inUse(folder, now);
  });
}
