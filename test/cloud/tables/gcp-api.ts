import type { Entry } from '../core/ledger';
import { Refusal } from '../core/refusal';
import type { HttpAnswer, HttpRequest, World } from '../core/table';
import * as facts from './gcp-facts';

const { project } = facts;

const refuse = (status: number, reason: string, message: string): never => {
  throw new Refusal(reason, message, status);
};
const missing = (path: string): never => refuse(404, 'notFound', `The resource '${path}' was not found`);
const ok = (body: unknown): HttpAnswer => ({ status: 200, body });

const kinds: Readonly<Record<string, string>> = {
  instances: 'instance',
  disks: 'disk',
  firewalls: 'firewall',
  subnetworks: 'subnetwork',
  networks: 'network',
};

function shown(entry: Entry): Record<string, unknown> {
  const bearsLabels = entry.kind === 'instance' || entry.kind === 'disk';
  return {
    ...{ name: entry.name, selfLink: facts.selfLink(entry.id) },
    creationTimestamp: new Date(entry.createdAt).toISOString(),
    ...(bearsLabels ? { labels: entry.tags } : { description: entry.properties['description'] ?? '' }),
    ...(entry.kind === 'instance' ? { status: entry.state === 'off' ? 'TERMINATED' : 'RUNNING' } : {}),
  };
}

/** `labels.KEY:*`, the one filter that cvicast sends. */
function filtered(entries: Entry[], filter: string | null): Entry[] {
  if (filter === null) return entries;
  const key = /^labels\.([a-z0-9_-]+):\*$/.exec(filter)?.[1];
  if (key === undefined) return refuse(400, 'invalid', `Invalid value for field 'filter': '${filter}'.`);
  return entries.filter((entry) => key in entry.tags);
}

function aggregated(world: World, plural: string, filter: string | null): HttpAnswer {
  const kind = kinds[plural] ?? missing(plural);
  const items: Record<string, Record<string, unknown[]>> = {};
  for (const entry of filtered(world.ledger.listed(kind), filter)) {
    const place = /(zones|regions)\/[^/]+/.exec(entry.id)?.[0] ?? 'global';
    const here = (items[place] ??= { [plural]: [] });
    here[plural]?.push(shown(entry));
  }
  return ok({ items });
}

type Remove = (entry: Entry) => void;

async function one(world: World, method: string, path: string, remove: Remove): Promise<HttpAnswer> {
  const kind = kinds[path.split('/').at(-2) ?? ''] ?? missing(path);
  const entry = world.ledger.get(kind, path) ?? missing(path);
  if (method === 'GET') return ok(shown(entry));
  if (world.options['permissions'] === 'read') {
    return refuse(403, 'forbidden', `Required 'compute.${kind}s.delete' permission for '${path}'`);
  }
  remove(entry);
  world.ledger.delete(entry, 'api');
  await world.halt(entry);
  return ok({ kind: 'compute#operation', status: 'RUNNING' });
}

function region(world: World, name: string): HttpAnswer {
  if (!(name in facts.regions)) return missing(`projects/${project}/regions/${name}`);
  const quotas = ['CPUS', 'IN_USE_ADDRESSES'].map((metric) => ({ metric, limit: 24, usage: 0 }));
  const open = facts.zonesOf(name).filter((zone) => zone !== world.options['closedZone']);
  const zones = open.map((zone) => facts.selfLink(`projects/${project}/zones/${zone}`));
  return ok({ name, status: 'UP', quotas, zones });
}

async function compute(world: World, request: HttpRequest, path: string, remove: Remove): Promise<HttpAnswer> {
  const { method, query } = request;
  const mine = `projects/${project}`;
  if (path === 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts') {
    if (world.options['image'] === 'none') return missing(path);
    return ok({ name: 'ubuntu-2204-jammy-v20261104', architecture: 'X86_64' });
  }
  if (path === mine) {
    const cpus = { metric: 'CPUS_ALL_REGIONS', limit: Number(world.options['vcpuQuota'] ?? '32'), usage: 0 };
    return ok({ name: project, quotas: [cpus, { metric: 'NETWORKS', limit: 5, usage: 0 }] });
  }
  if (!path.startsWith(`${mine}/`)) return refuse(403, 'forbidden', 'Permission denied on project');
  const [first = '', second = '', third = '', fourth = ''] = path.slice(mine.length + 1).split('/');
  if (method === 'GET' && first === 'regions' && third === '') return region(world, second);
  if (method === 'GET' && first === 'zones' && third === 'machineTypes') {
    const known = facts.zonesOf(facts.regionOfZone(second)).includes(second);
    const type = (known ? facts.types[fourth] : undefined) ?? missing(path);
    return ok({ name: fourth, guestCpus: type.vcpus, memoryMb: type.memory, architecture: type.arch });
  }
  if (method === 'GET' && first === 'aggregated') return aggregated(world, second, query.get('filter'));
  if (method === 'GET' && first === 'global' && third === '') {
    return ok({ items: filtered(world.ledger.listed(kinds[second] ?? ''), query.get('filter')).map(shown) });
  }
  return one(world, method, path, remove);
}

/** Compute Engine v1 and the resource manager's permission check, by REST. */
export async function gcpApi(world: World, request: HttpRequest, remove: Remove): Promise<HttpAnswer> {
  try {
    if (request.headers['authorization'] !== `Bearer ${world.secret}`) {
      return refuse(401, 'authError', 'Request had invalid authentication credentials. Expected OAuth 2 access token.');
    }
    if (request.method === 'POST' && request.path === `/v1/projects/${project}:testIamPermissions`) {
      const { permissions } = JSON.parse(request.body) as { permissions: string[] };
      const readOnly = world.options['permissions'] === 'read';
      return ok({ permissions: readOnly ? permissions.filter((name) => /\.(get|list)$/.test(name)) : permissions });
    }
    const path = /^\/compute\/v1\/(.+)$/.exec(request.path)?.[1] ?? missing(request.path);
    return await compute(world, request, decodeURIComponent(path), remove);
  } catch (thrown) {
    if (!(thrown instanceof Refusal) || thrown.status === 0) throw thrown;
    const { code: reason, message, status } = thrown;
    return { status, body: { error: { code: status, message, errors: [{ message, domain: 'global', reason }] } } };
  }
}
