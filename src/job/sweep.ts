import { setTimeout as pauseFor } from 'node:timers/promises';
import retry from 'p-retry';
import { patienceFrom, type Patience } from '../cloud/insist';
import type { CloudResource } from '../cloud/types';
import { Bug, messageOf } from '../errors';
import type { JobFolder } from './folder';
import { ownerId } from './identity';
import type { LeftOver } from './journal';
import type { Place } from './place';

/** How often, and for how long, a machine is looked for that was asked for and may come to be, or be listed, late. */
const latePatience: Patience = { attempts: 6, pause: 5000 };

export interface Sweep {
  readonly folder: JobFolder;
  readonly place: Place;
  readonly regions: readonly string[];
  /** A machine was asked for, and nobody heard what came of it. */
  readonly mayComeLate: boolean;
  /** Pause before the second try, seconds; doubled for each further one. */
  readonly firstPauseSeconds: number;
  readonly env: NodeJS.ProcessEnv;
}

/** Removes what the place itself still lists of this job and this installation, until a listing is empty. */
export async function sweep(options: Sweep): Promise<LeftOver[]> {
  const { folder, place } = options;
  const list = listingOf(options);
  let awaited = !options.mayComeLate;
  let why: string | undefined;
  try {
    return await retry(
      async () => {
        const found = awaited ? await list() : await listPatiently(list, options);
        awaited = true;
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
        const left = await list();
        if (left.length === 0) return [];
        throw Object.assign(new Bug(`${left.length} left`), { left });
      },
      { retries: 4, minTimeout: options.firstPauseSeconds * 1000, factor: 2 },
    );
  } catch (thrown) {
    const left = (thrown as { left?: CloudResource[] }).left;
    if (left === undefined) return [notListed(options, thrown)];
    return left.map((resource) => ({
      type: resource.kind,
      id: resource.id,
      console: resource.console ?? place.cloud.console,
      ...(why === undefined ? {} : { why }),
    }));
  }
}

type Listing = () => Promise<CloudResource[]>;

function listingOf({ folder, place, regions }: Sweep): Listing {
  const owner = ownerId(folder.home);
  const mine = (resource: CloudResource): boolean =>
    resource.job === folder.job && (resource.owner === null || resource.owner === owner);
  return async () => (await place.list(regions)).filter(mine);
}

/**
 * Lists again and again until the machine shows, or patience ends: a cloud may list late, and what was asked for by an
 * engine that died may still be on its way. One empty listing would prove nothing here.
 */
async function listPatiently(list: Listing, { place, env }: Sweep): Promise<CloudResource[]> {
  const { attempts, pause } = patienceFrom(env, latePatience);
  for (let attempt = 1; ; attempt++) {
    const found = await list();
    if (attempt >= attempts || found.some(({ kind }) => kind === place.cloud.machineKind)) return found;
    await pauseFor(pause);
  }
}

/** A listing that failed is not an empty listing. */
function notListed({ folder, place }: Sweep, thrown: unknown): LeftOver {
  return {
    type: 'unknown',
    id: folder.job,
    why: `the listing failed: ${messageOf(thrown)}`,
    console: place.cloud.console,
  };
}
