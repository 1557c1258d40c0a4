import type { Entry } from '../core/ledger';
import { Refusal } from '../core/refusal';
import type { HttpAnswer, HttpRequest, World } from '../core/table';
import { account, image, regions, sizes } from './digitalocean-facts';

const refuse = (message: string, status: number, code: string): never => {
  throw new Refusal(code, message, status);
};

const page = (field: string, items: unknown[]): HttpAnswer => ({
  status: 200,
  body: { [field]: items, links: {}, meta: { total: items.length } },
});

const droplet = (one: Entry): object => ({
  ...{ id: Number(one.id), name: one.name, status: one.state, tags: Object.keys(one.tags) },
  ...{ created_at: new Date(one.createdAt).toISOString(), region: { slug: one.region } },
  networks: { v4: [{ ip_address: one.properties['ipv4Address'], type: 'public' }], v6: [] },
});

const lists: Record<string, (world: World) => HttpAnswer> = {
  '/v2/sizes': () =>
    page(
      'sizes',
      sizes.map(([slug, vcpus, memory, disk, price]) => ({
        ...{ slug, vcpus, memory, disk, transfer: 4, available: true, regions },
        ...{ price_hourly: price, price_monthly: price * 672 },
      })),
    ),
  '/v2/regions': () =>
    page(
      'regions',
      regions.map((slug) => ({ slug, name: slug, available: true, features: [] })),
    ),
  '/v2/droplets': (world) => page('droplets', world.ledger.listed('droplet').map(droplet)),
  '/v2/firewalls': (world) =>
    page(
      'firewalls',
      world.ledger.listed('firewall').map((one) => ({
        ...{ id: one.id, name: one.name, status: 'succeeded', tags: Object.keys(one.tags) },
        created_at: new Date(one.createdAt).toISOString(),
      })),
    ),
  '/v2/tags': (world) =>
    page(
      'tags',
      world.ledger.listed('tag').map((one) => ({ name: one.name, resources: {} })),
    ),
  '/v2/account/keys': (world) =>
    page(
      'ssh_keys',
      world.ledger
        .listed('key')
        .map((one) => ({ id: Number(one.id), name: one.name, public_key: one.properties['publicKey'] })),
    ),
  '/v2/account': (world) => ({
    status: 200,
    body: {
      account: {
        ...{
          status: 'active',
          status_message: '',
          email_verified: true,
          uuid: 'b6fr89dbf6d9156cace5f3c78dc9851d957381ef',
        },
        droplet_limit: Number(world.options['dropletLimit'] ?? '10'),
        team: { uuid: world.options['account'] ?? account, name: 'My Team' },
      },
    },
  }),
  [`/v2/images/${image}`]: (world) =>
    world.options['image'] === 'none'
      ? refuse('The resource you were accessing could not be found.', 404, 'not_found')
      : { status: 200, body: { image: { slug: image, distribution: 'Ubuntu', regions } } },
};

const kindOfPath: Record<string, string> = {
  droplets: 'droplet',
  firewalls: 'firewall',
  tags: 'tag',
  'account/keys': 'key',
};

/** The API, version 2: what cvicast asks of it beside the plugin. */
export async function digitalOceanApi(world: World, request: HttpRequest): Promise<HttpAnswer> {
  if (request.headers['authorization'] !== `Bearer ${world.secret}`) {
    return refuse('Unable to authenticate you', 401, 'Unauthorized');
  }
  const listing = lists[request.path];
  if (request.method === 'GET' && listing) return listing(world);
  const one = /^\/v2\/(droplets|firewalls|tags|account\/keys)\/([^/]+)$/.exec(request.path);
  const machine = request.method === 'GET' && one?.[1] === 'droplets' && world.ledger.get('droplet', one[2]!);
  if (machine) return { status: 200, body: { droplet: droplet(machine) } };
  if (request.method !== 'DELETE' || !one)
    return refuse('The resource you were accessing could not be found.', 404, 'not_found');
  if (world.options['permissions'] === 'read')
    return refuse('You are not authorized to perform this operation', 403, 'Forbidden');
  const entry = world.ledger.get(kindOfPath[one[1]!]!, decodeURIComponent(one[2]!));
  if (!entry) return refuse('The resource you were accessing could not be found.', 404, 'not_found');
  world.ledger.delete(entry, 'api');
  await world.halt(entry);
  return { status: 204 };
}
