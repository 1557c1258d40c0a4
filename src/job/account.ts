import retry, { AbortError } from 'p-retry';
import { messageOf, UserError } from '../errors';
import type { JobFolder } from './folder';
import { ownerId } from './identity';
import type { LeftOver } from './journal';
import type { Place } from './place';

/** The account in which the job asked for its machine; null for a job from before it was written down, or of no account. */
function accountOf(folder: JobFolder): { account: string; region: string } | null {
  for (const entry of folder.journal.read().reverse())
    if (entry.type === 'intent' && entry.account !== undefined) return { account: entry.account, region: entry.region };
  return null;
}

/**
 * Null when the credentials at hand open the account in which the job's machine was asked for. Else what must be taken
 * for alive: with other credentials a listing is empty and a refresh forgets, and neither means anything. Nothing is changed here.
 */
export async function outOfReach(folder: JobFolder, place: Place, pauseSeconds: number): Promise<LeftOver | null> {
  const made = accountOf(folder);
  if (made === null) return null;
  const left = {
    type: folder.facts().machine === null ? 'job' : place.cloud.machineKind,
    id: folder.facts().machine?.machineId ?? folder.job,
    console: place.cloud.console,
    untouched: true,
  } as const;
  try {
    const here = await retry(() => place.account().catch(giveUp), {
      ...{ retries: 4, minTimeout: pauseSeconds * 1000, factor: 2 },
    });
    if (here === made.account || (await isSameProject(folder, place, made))) return null;
    return {
      ...left,
      why: `it was made in account ${made.account}, and these credentials are of account ${here ?? 'unknown'}`,
      fix: `run \`cvicast down ${folder.job}\` with the credentials of account ${made.account}`,
    };
  } catch (thrown) {
    return {
      ...left,
      why: `whose account these credentials open could not be told: ${messageOf(thrown)}`,
      ...(thrown instanceof UserError ? { fix: `${thrown.fix}; then \`cvicast down ${folder.job}\`` } : {}),
    };
  }
}

/** What the user must mend does not pass by itself. */
function giveUp(thrown: unknown): never {
  throw thrown instanceof UserError && thrown.exit === 'input' ? new AbortError(thrown) : thrown;
}

/** A project that is known by its token only is the same under a new token when it lists what this installation made for the job. */
async function isSameProject(
  folder: JobFolder,
  place: Place,
  { account, region }: { account: string; region: string },
): Promise<boolean> {
  if (!account.startsWith('token:')) return false;
  const owner = ownerId(folder.home);
  return (await place.list([region])).some((one) => one.job === folder.job && one.owner === owner);
}
