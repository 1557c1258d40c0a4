import { UserError } from '../../errors';
import { together } from '../http';
import { insist, untilGone, usualPatience, type Patience } from '../insist';
import { ownershipInText, ownershipOf, type Ownership } from '../ownership';
import type { Refuser } from '../refusal';
import type { CloudApi, CloudResource } from '../types';
import type { GoogleClient } from './client';
import { preflight } from './preflight';

interface Item {
  readonly name: string;
  readonly selfLink: string;
  readonly labels?: Record<string, string>;
  readonly description?: string;
  readonly creationTimestamp?: string;
  readonly status?: string;
  readonly users?: readonly string[];
}

interface Page {
  /** An array, or by place (`zones/…`) in an aggregated list. */
  readonly items?: readonly Item[] | Record<string, Record<string, unknown>>;
  readonly nextPageToken?: string;
  readonly unreachables?: readonly string[];
}

/** What a job makes, in the order in which it can go. Networks and firewalls bear no labels: their description does. */
const kinds = [
  { kind: 'instance', path: 'aggregated/instances', field: 'instances', filter: 'labels.cvicast-job:*' },
  { kind: 'disk', path: 'aggregated/disks', field: 'disks', filter: 'labels.cvicast-job:*' },
  { kind: 'firewall', path: 'global/firewalls', field: null, filter: null },
  { kind: 'subnetwork', path: 'aggregated/subnetworks', field: 'subnetworks', filter: null },
  { kind: 'network', path: 'global/networks', field: null, filter: null },
] as const;

type Kind = (typeof kinds)[number];

function itemsOf(page: Page | null, field: string | null): readonly Item[] {
  const items = page?.items;
  if (items === undefined) return [];
  if (field === null) return items as readonly Item[];
  return Object.values(items as Record<string, Record<string, unknown>>).flatMap(
    (place) => (place[field] ?? []) as Item[],
  );
}

async function listKind(client: GoogleClient, { kind, path, field, filter }: Kind): Promise<Item[]> {
  const items: Item[] = [];
  let token: string | undefined;
  do {
    const query = new URLSearchParams({
      maxResults: '500',
      ...(filter === null ? {} : { filter }),
      ...(token === undefined ? {} : { pageToken: token }),
    });
    const where = `projects/${client.project}/${path}?${query.toString()}`;
    const { body } = await client.compute<Page | null>('GET', where, `list ${kind}s`);
    if (body?.unreachables && body.unreachables.length > 0) throw partial(kind, body.unreachables);
    items.push(...itemsOf(body, field));
    token = body?.nextPageToken || undefined;
  } while (token !== undefined);
  return items;
}

/** An answer that leaves zones out is no proof that nothing lives there. */
function partial(kind: string, unreachable: readonly string[]): UserError {
  return new UserError({
    code: 'listing-incomplete',
    what: `Google Cloud did not list all ${kind}s`,
    why: `these did not answer: ${unreachable.join(', ')}`,
    fix: 'see https://status.cloud.google.com and try again later',
    exit: 'provider',
  });
}

/** `projects/…` of a self link: the same as the engine's id of it. */
function idOf(item: Item): string {
  return /projects\/.*$/.exec(item.selfLink)?.[0] ?? item.selfLink;
}

function regionOf(id: string): string {
  const place = /\/(?:zones|regions)\/([\w-]+)\//.exec(id)?.[1];
  if (place === undefined) return 'global';
  return id.includes('/zones/') ? place.replace(/-[a-z]$/, '') : place;
}

function consolePage(kind: string, id: string, project: string): string {
  const [, place = '', name = ''] = /\/(?:zones|regions)\/([\w-]+)\/\w+\/([\w-]+)$/.exec(id) ?? [];
  const base = 'https://console.cloud.google.com';
  if (kind === 'instance') return `${base}/compute/instancesDetail/zones/${place}/instances/${name}?project=${project}`;
  if (kind === 'disk') return `${base}/compute/disksDetail/zones/${place}/disks/${name}?project=${project}`;
  return `${base}/networking/${kind === 'firewall' ? 'firewalls' : 'networks'}/list?project=${project}`;
}

function resourceOf(kind: string, item: Item, own: Ownership, project: string): CloudResource {
  const id = idOf(item);
  return {
    kind,
    id,
    region: regionOf(id),
    ...own,
    createdAt: item.creationTimestamp ?? null,
    console: consolePage(kind, id, project),
  };
}

const idForm = /^projects\/[\w:.-]+\/[\w/-]+$/;
const nobodys: Ownership = { job: null, owner: null, expiresAt: null };

function unknownName(kind: string, id: string): UserError {
  return new UserError({
    code: 'unknown-resource',
    what: `cvicast does not know how to delete ${kind} ${JSON.stringify(id)}`,
    why: 'its name is not one of Compute Engine',
    fix: "delete it on the console's page",
    exit: 'alive',
  });
}

/** Compute Engine. `list` gives what the whole project holds, whatever regions are named: one call lists them all. */
export function gcpApi(cloud: Refuser, client: GoogleClient, patience: Patience = usualPatience): CloudApi {
  return {
    preflight: (choice) => preflight(client, choice),
    account: () => Promise.resolve(client.project),
    async list() {
      const lists = await together(
        kinds.map(async (kind) => ({ kind: kind.kind, items: await listKind(client, kind) })),
      );
      return lists.flatMap(({ kind, items }) =>
        items.flatMap((item) => {
          const own = ownershipOf(item.labels ?? {}) ?? ownershipInText(item.description);
          return own === null ? [] : [resourceOf(kind, item, own, client.project)];
        }),
      );
    },
    async machineById(id) {
      if (!idForm.test(id)) throw unknownName('instance', id);
      const { status, body } = await client.compute<Item>('GET', id, `look for instance ${id}`, [404]);
      if (status === 404) return null;
      return resourceOf('instance', body, ownershipOf(body.labels ?? {}) ?? nobodys, client.project);
    },
    async remove({ kind, id }) {
      if (!idForm.test(id)) throw unknownName(kind, id);
      await insist(cloud, () => client.compute('DELETE', id, `delete ${kind} ${id}`, [404]), patience);
      // The answer is an operation that has only begun; what depends on it can go when it has ended.
      await untilGone(
        `${kind} ${id}`,
        async () => (await client.compute('GET', id, `look for ${kind} ${id}`, [404])).status === 404,
        patience,
      );
    },
  };
}
