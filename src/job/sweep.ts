import { setTimeout as pauseFor } from 'node:timers/promises';
import retry from 'p-retry';
import { patienceFrom, type Patience } from '../cloud/insist';
import { together } from '../cloud/together';
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

/**
 * Removes what the place itself still has of this job and this installation, by tag and by the machine's id, until there
 * is nothing. What bears the job and not the owner is not removed, but answered.
 */
export async function sweep(options: Sweep): Promise<LeftOver[]> {
  const { folder, place } = options;
  let foreign: readonly CloudResource[] = [];
  const list = async (): Promise<CloudResource[]> => {
    const found = await look(options);
    const isMine = ownershipCheck(folder);
    foreign = found.filter((one) => !isMine(one));
    return found.filter(isMine);
  };
  let awaited = !options.mayComeLate;
  let why: string | undefined;
  try {
    return await retry(
      async () => {
        const found = awaited ? await list() : await listPatiently(list, options);
        awaited = true;
        if (found.length === 0) return foreign.map((one) => notRemoved(one, options));
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
        if (left.length === 0) return foreign.map((one) => notRemoved(one, options));
        throw Object.assign(new Bug(`${left.length} left`), { left });
      },
      { retries: 4, minTimeout: options.firstPauseSeconds * 1000, factor: 2 },
    );
  } catch (thrown) {
    const left = (thrown as { left?: CloudResource[] }).left;
    if (left === undefined) return notListed(options, thrown);
    const ours = left.map((resource) => ({
      type: resource.kind,
      id: resource.id,
      console: resource.console ?? place.cloud.console,
      ...(why === undefined ? {} : { why }),
    }));
    return [...ours, ...foreign.map((one) => notRemoved(one, options))];
  }
}

type Listing = () => Promise<CloudResource[]>;

/** What bears both the job and this installation; of what can bear no owner, the job's own name is enough. */
function ownershipCheck(folder: JobFolder): (resource: CloudResource) => boolean {
  const owner = ownerId(folder.home);
  return (resource) =>
    resource.job === folder.job &&
    (resource.owner === owner || (resource.owner === null && resource.byNameAlone === true));
}

/** All that the place lists of the job, whoever's it is, and the machines that the journal knows and no listing shows. */
async function look({ folder, place, regions }: Sweep): Promise<CloudResource[]> {
  const listed = (await place.list(regions)).filter((one) => one.job === folder.job);
  const hidden = machinesOf(folder).filter(({ id }) => !listed.some((one) => one.id === id));
  const found = await together(hidden.map(({ id, region }) => place.machineById(id, region)));
  return [...listed, ...found.flatMap((one) => (one === null ? [] : [one]))];
}

interface KnownMachine {
  readonly id: string;
  readonly region: string;
}

/** The machines of which the journal knows the id, each in the region in which it was asked for. */
function machinesOf(folder: JobFolder): KnownMachine[] {
  const machines = new Map<string, KnownMachine>();
  let region = '';
  for (const entry of folder.journal.read()) {
    if (entry.type === 'intent') region = entry.region;
    if (entry.type === 'machine') machines.set(entry.machineId, { id: entry.machineId, region });
  }
  return [...machines.values()];
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

/** A listing that failed is not an empty listing: what the journal knows may live. */
function notListed({ folder, place }: Sweep, thrown: unknown): LeftOver[] {
  const known = machinesOf(folder).map(({ id }) => ({ type: place.cloud.machineKind, id }));
  const words = { why: `the listing failed: ${messageOf(thrown)}`, console: place.cloud.console };
  return (known.length > 0 ? known : [{ type: 'unknown', id: folder.job }]).map((one) => ({ ...one, ...words }));
}

/** Perhaps a stranger's, perhaps of this installation before its id was lost. */
function notRemoved(resource: CloudResource, { folder, place }: Sweep): LeftOver {
  const page = resource.console ?? place.cloud.console;
  return {
    type: resource.kind,
    id: resource.id,
    console: page,
    why: `it bears ${resource.job === null ? 'no job' : 'the job'}, and not the id of this installation: cvicast does not remove it`,
    fix: `if it is yours, remove ${resource.kind} ${resource.id} by hand (${page}), then run \`cvicast down ${folder.job}\``,
  };
}
