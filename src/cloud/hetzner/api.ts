import { createHash } from 'node:crypto';
import { policyFrom, type HttpPolicy } from '../http';
import { insist, patienceFrom, untilGone, type Patience } from '../insist';
import { ownershipOf } from '../ownership';
import { noCredentials } from '../refusal';
import { together } from '../together';
import type { CloudApi, CloudCredentialsContext, CloudResource } from '../types';
import { armSize, notOurs, unknownChoice, wouldRefuse } from '../unfit';
import { endpoint, hetznerClient, refuser, type HetznerClient } from './client';
import { findToken, report } from './credentials';
import { dollarsPerEuro } from './sizes';

interface ServerType {
  readonly name: string;
  readonly architecture: string;
  readonly locations?: readonly { readonly name: string; readonly available?: boolean }[];
  readonly prices: readonly { readonly location: string; readonly price_hourly: { readonly net: string } }[];
}

interface Listed {
  readonly id: number;
  readonly created?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly location?: { readonly name: string };
  readonly datacenter?: { readonly location: { readonly name: string } } | null;
}

interface Pricing {
  readonly pricing: {
    readonly currency: string;
    readonly primary_ips: readonly {
      readonly type: string;
      readonly prices: readonly { readonly location: string; readonly price_hourly: { readonly net: string } }[];
    }[];
  };
}

/** What bears labels, in the order in which it can go: a firewall in use by a server can't. */
const kinds = [
  { kind: 'server', path: 'servers' },
  { kind: 'primary ip', path: 'primary_ips' },
  { kind: 'volume', path: 'volumes' },
  { kind: 'firewall', path: 'firewalls' },
  { kind: 'ssh key', path: 'ssh_keys' },
] as const;

/** A label without a job's name: listed all the same, for somebody put it there. */
const unowned = { job: null, owner: null, expiresAt: null };

async function serverType(client: HetznerClient, size: string): Promise<ServerType> {
  const query = `/server_types?name=${encodeURIComponent(size)}`;
  const [found] = await client.pages<ServerType>(query, 'server_types', `look up the size ${size}`);
  if (found) return found;
  const all = await client.pages<ServerType>('/server_types', 'server_types', 'list the sizes');
  const names = all.filter((type) => type.architecture === 'x86').map((type) => type.name);
  throw unknownChoice('Hetzner', 'size', size, names);
}

async function checkPlace(client: HetznerClient, region: string): Promise<void> {
  const locations = await client.pages<{ name: string }>('/locations', 'locations', 'list the locations');
  const names = locations.map((location) => location.name);
  if (names.includes(region)) return;
  throw unknownChoice('Hetzner', 'region', region, names);
}

async function checkSize(client: HetznerClient, size: string, region: string): Promise<void> {
  const type = await serverType(client, size);
  if (type.architecture !== 'x86') {
    throw armSize(size, type.architecture, 'choose a size whose name starts with cpx, cx or ccx');
  }
  const offers = type.locations ?? type.prices.map((offer) => ({ name: offer.location, available: true }));
  const offer = offers.find((one) => one.name === region);
  if (offer && offer.available !== false) return;
  const open = offers.filter((one) => one.available !== false).map((one) => one.name);
  const fix = open.length > 0 ? `choose --region ${open.join(' or ')}, or another --size` : 'choose another --size';
  const what = `Size ${size} cannot be had in ${region}`;
  const next = open.length > 0 ? 'zone' : 'size';
  throw offer
    ? wouldRefuse('hetzner-sold-out', what, 'it is sold out there', fix, next)
    : wouldRefuse('hetzner-size-not-here', what, 'it is not sold there', fix, next);
}

async function checkImage(client: HetznerClient): Promise<void> {
  const images = await client.pages(
    '/images?type=system&name=ubuntu-22.04&architecture=x86',
    'images',
    'look up the image',
  );
  if (images.length > 0) return;
  throw wouldRefuse(
    'hetzner-image-gone',
    'Hetzner has no image ubuntu-22.04 for x86',
    'its own list does not name it',
    'use another provider, and report this',
  );
}

/** A token that may only read is told from one that may write by a delete of what cannot exist: ids start at 1. */
async function checkMayWrite(client: HetznerClient): Promise<void> {
  const action = 'let this token delete (asked with an id that does not exist)';
  await client.call({ method: 'DELETE', path: '/ssh_keys/0', action, accept: [400, 404, 422] });
}

function resourceOf(kind: string, found: Listed): CloudResource {
  return {
    kind,
    id: String(found.id),
    region: found.location?.name ?? found.datacenter?.location.name ?? 'global',
    ...(ownershipOf(found.labels ?? {}) ?? unowned),
    createdAt: found.created ?? null,
    console: 'https://console.hetzner.com/projects',
  };
}

/**
 * The Hetzner Cloud's own API. Its listings know no regions: `list` gives what the token's whole project holds, keys
 * and firewalls included. There is no way to ask for the project's limits; reaching one is told on creation.
 */
export function hetznerApi(
  context: CloudCredentialsContext,
  patience: Patience = patienceFrom(context.env),
  policy: HttpPolicy = policyFrom(context.env),
): CloudApi {
  const found = findToken(context);
  if (found === null) throw noCredentials({ name: 'hetzner', ...refuser }, report(context));
  const client = hetznerClient(endpoint(context.env), found.token, policy);

  async function remove(resource: CloudResource): Promise<void> {
    const kind = kinds.find((one) => one.kind === resource.kind);
    if (!kind || !/^\d+$/.test(resource.id)) {
      throw notOurs('Hetzner', resource.kind, resource.id, 'delete it in console.hetzner.com');
    }
    const path = `/${kind.path}/${resource.id}`;
    const name = `${resource.kind} ${resource.id}`;
    await insist(
      refuser,
      () => client.call({ method: 'DELETE', path, action: `delete ${name}`, accept: [404] }),
      patience,
    );
    // The delete of a server is an action that takes some seconds, and its firewall can't go before.
    await untilGone(
      name,
      async () =>
        (await client.call({ method: 'GET', path, action: `look for ${name}`, accept: [404] })).status === 404,
      patience,
    );
  }

  return {
    async preflight({ region, size }) {
      await checkPlace(client, region);
      await checkMayWrite(client);
      await checkSize(client, size, region);
      await checkImage(client);
    },
    // A project has no id that a token could ask for. Nobody gets from the hash to the token.
    account: () => Promise.resolve(`token:${createHash('sha256').update(found.token).digest('hex').slice(0, 16)}`),
    async list() {
      const listed = await together(
        kinds.map(async ({ kind, path }) => {
          const found = await client.pages<Listed>(`/${path}?label_selector=cvicast-job`, path, `list ${kind}s`);
          return found.map((one) => resourceOf(kind, one));
        }),
      );
      return listed.flat();
    },
    async machineById(id) {
      const path = `/servers/${encodeURIComponent(id)}`;
      const action = `look for server ${id}`;
      const { body } = await client.call<{ server?: Listed } | null>({ method: 'GET', path, action, accept: [404] });
      return body?.server === undefined ? null : resourceOf('server', body.server);
    },
    remove,
    async livePrice({ region, size }) {
      const type = await serverType(client, size);
      const { body } = await client.call<Pricing>({ method: 'GET', path: '/pricing', action: 'tell its prices' });
      const server = type.prices.find((offer) => offer.location === region)?.price_hourly.net;
      const address = body.pricing.primary_ips
        .find((one) => one.type === 'ipv4')
        ?.prices.find((offer) => offer.location === region);
      const rate = { EUR: dollarsPerEuro, USD: 1 }[body.pricing.currency];
      if (server === undefined || rate === undefined) return null;
      return (Number(server) + Number(address?.price_hourly.net ?? 0)) * rate;
    },
  };
}
