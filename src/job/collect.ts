import type { CloudResource } from '../cloud/types';
import { messageOf } from '../errors';
import type { JobContext } from './events';
import { JobFolder } from './folder';
import { isJobId, ownerId } from './identity';
import type { LeftOver } from './journal';
import { isOpen } from './listing';
import { placeOf, type Place } from './place';
import { isRunning } from './process-mark';
import { teardown } from './teardown';

export type Verdict = 'removed' | 'in-use' | 'not-ours' | 'failed' | 'would-remove';

/** What a sweep found and did with it. */
export interface Collected extends LeftOver {
  readonly job: string | null;
  readonly region: string;
  readonly verdict: Verdict;
  readonly expiresAt: string | null;
}

/** Whether somebody works on the job at this moment, as far as this computer knows. */
function inUse(folder: JobFolder | null, now: number): boolean {
  if (folder === null) return false;
  const facts = folder.facts();
  if (facts.closed !== null) return false;
  if (facts.holder !== null && isRunning(facts.holder)) return true;
  return facts.opened !== null && Date.parse(facts.opened.expiresAt) > now && facts.teardown === null && isOpen(facts);
}

function folderOf(home: string, job: string | null): JobFolder | null {
  if (job === null || !isJobId(job)) return null;
  return JobFolder.all(home).find((folder) => folder.job === job) ?? null;
}

/**
 * Finds what carries cvicast's tags in a whole account, also when the local state is lost, and removes what is provably
 * ours (this installation's owner id) and not in use. What another installation made is listed, never touched. A
 * listing that fails throws: it is not an empty listing.
 */
export async function collect(
  provider: string,
  regions: readonly string[],
  context: JobContext,
  options: { dryRun: boolean },
): Promise<Collected[]> {
  const place = placeOf(provider, context);
  const now = Date.now();
  const owner = ownerId(context.home);
  const wanted = regions.length > 0 ? regions : await regionsToAsk(place, context);
  const found = await place.list(wanted);
  const rows: Collected[] = [];
  const jobsTornDown = new Set<string>();
  for (const resource of found) {
    const base = {
      type: resource.kind,
      id: resource.id,
      region: resource.region,
      job: resource.job,
      expiresAt: resource.expiresAt,
      console: resource.console ?? place.cloud.console,
    };
    const folder = folderOf(context.home, resource.job);
    if (resource.owner !== owner && !(provider === 'local' && resource.owner === null)) {
      rows.push({
        ...base,
        verdict: 'not-ours',
        why: 'another installation of cvicast made it; remove it by hand if nobody needs it',
      });
    } else if (inUse(folder, now)) {
      rows.push({
        ...base,
        verdict: 'in-use',
        why: `a job that still has time: \`cvicast down ${resource.job ?? ''}\` ends it`,
      });
    } else if (options.dryRun) {
      rows.push({ ...base, verdict: 'would-remove' });
    } else {
      // A job that is known here goes by its stack first, so that nothing without a tag stays behind.
      if (folder !== null && folder.readRequest() !== null && !jobsTornDown.has(folder.job)) {
        jobsTornDown.add(folder.job);
        await teardown(folder, context);
      }
      rows.push({ ...base, ...(await remove(resource, place)) });
    }
  }
  return rows;
}

/** All regions that the account has. One that it lacks is named: nothing of it can be listed, and nothing is there. */
async function regionsToAsk(place: Place, context: JobContext): Promise<readonly string[]> {
  const enabled = await place.regions();
  const missing = place.cloud.regions.map((region) => region.name).filter((name) => !enabled.includes(name));
  if (missing.length > 0)
    context.emit({ type: 'note', message: `not enabled for this account, and left out: ${missing.join(', ')}` });
  return enabled;
}

async function remove(resource: CloudResource, place: Place): Promise<{ verdict: Verdict; why?: string }> {
  try {
    await place.remove(resource);
    return { verdict: 'removed' };
  } catch (thrown) {
    return { verdict: 'failed', why: messageOf(thrown) };
  }
}

/** Jobs of this computer that are over their time or that nobody looks after any more. */
export function abandonedJobs(home: string, now: number = Date.now()): JobFolder[] {
  return JobFolder.all(home).filter((folder) => {
    const facts = folder.facts();
    return isOpen(facts) && !(facts.holder !== null && isRunning(facts.holder)) && !inUse(folder, now);
  });
}
