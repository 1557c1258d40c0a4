import { within } from '../core/cidr';
import type { Entry, Props } from '../core/ledger';
import { Refusal } from '../core/refusal';
import { flag, list, map, object, text, textOf } from '../core/shape';
import type { CloudTable, HttpAnswer, HttpRequest, Made, Resource, World } from '../core/table';

/** Type: cores, GiB, net euro a month in Germany, architecture. */
const types: Readonly<Record<string, readonly [number, number, number, 'x86' | 'arm']>> = {
  cpx22: [2, 4, 19.49, 'x86'],
  cpx32: [4, 8, 35.49, 'x86'],
  cpx42: [8, 16, 69.49, 'x86'],
  cx23: [2, 4, 5.49, 'x86'],
  cx33: [4, 8, 8.49, 'x86'],
  cax11: [2, 4, 4.49, 'arm'],
};
const locations = ['fsn1', 'nbg1', 'hel1', 'ash', 'hil', 'sin'];
const image = 'ubuntu-22.04';
const addressPerMonth = 0.5;
const dollarsPerEuro = 1.1637;
const hourly = (perMonth: number): number => perMonth / 624;

const refuse = (code: string, message: string, status = 422): never => {
  throw new Refusal(code, message, status);
};
const strings = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const labelsOf = (inputs: Props): Record<string, string> => (inputs['labels'] ?? {}) as Record<string, string>;

function add(world: World, kind: string, inputs: Props, more: Partial<Entry> = {}): Entry {
  const name = textOf(inputs['name']);
  if (world.ledger.named(kind, name)) refuse('uniqueness_error', `${kind} name is already used`, 409);
  const id = String(world.serial());
  return world.ledger.add({ kind, id, name, region: 'global', tags: labelsOf(inputs), properties: inputs, ...more });
}

function createKey(world: World, inputs: Props): Made {
  const publicKey = textOf(inputs['publicKey']).trim();
  if (!/^(ssh-ed25519|ssh-rsa|ecdsa-\S+) [A-Za-z0-9+/=]+( .*)?$/.test(publicKey))
    refuse('invalid_input', 'invalid public key');
  const blob = publicKey.split(' ')[1];
  const taken = world.ledger.alive('ssh key').some((one) => textOf(one.properties['publicKey']).split(' ')[1] === blob);
  if (taken) refuse('uniqueness_error', 'SSH key with the same fingerprint already exists', 409);
  const entry = add(world, 'ssh key', inputs);
  return { entry, outputs: inputs };
}

async function createServer(world: World, inputs: Props): Promise<Made> {
  const type = types[textOf(inputs['serverType'])] ?? refuse('invalid_input', 'server type not found');
  const location = textOf(inputs['location']);
  if (!locations.includes(location)) refuse('invalid_input', 'location not found');
  if (inputs['image'] !== image) refuse('invalid_input', 'image not found');
  if (type[3] !== 'x86') refuse('invalid_input', 'image is not compatible with server type');
  const keys = strings(inputs['sshKeys']).map(
    (id) => world.ledger.get('ssh key', id) ?? refuse('invalid_input', `SSH key not found: ${id}`),
  );
  for (const id of strings(inputs['firewallIds'])) {
    if (!world.ledger.get('firewall', id)) refuse('invalid_input', `firewall ${id} not found`);
  }
  if (Buffer.byteLength(textOf(inputs['userData'])) > 32_768)
    refuse('invalid_input', 'user_data is too long (maximum is 32KiB)');
  const limit = Number(world.options['serverLimit'] ?? '5');
  if (world.ledger.alive('server').length >= limit) refuse('resource_limit_exceeded', 'server limit exceeded', 403);
  const pricePerHour = hourly(type[2] + addressPerMonth) * dollarsPerEuro;
  const entry = add(world, 'server', inputs, { region: location, pricePerHour });
  const ipv4Address = await world.boot(entry, {
    userData: textOf(inputs['userData']),
    image: { user: 'root', disableRoot: false },
    metadataKeys: keys.map((key) => textOf(key.properties['publicKey'])),
  });
  entry.properties = { firewallIds: inputs['firewallIds'], ipv4Address, status: 'running' };
  return { entry, outputs: { ...inputs, ...entry.properties, datacenter: `${location}-dc1` } };
}

/** A firewall that a server bears cannot go. */
function checkUnused(world: World, entry: Entry): void {
  const users = entry.kind === 'firewall' ? world.ledger.alive('server') : [];
  if (users.some((one) => strings(one.properties['firewallIds']).includes(entry.id))) {
    refuse('resource_in_use', `firewall with ID '${entry.id}' is still in use`, 409);
  }
}

const name = text(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/);
const labels = map(
  /^[a-zA-Z0-9]([a-zA-Z0-9_./-]{0,61}[a-zA-Z0-9])?$/,
  /^([a-zA-Z0-9]([a-zA-Z0-9_.-]{0,61}[a-zA-Z0-9])?)?$/,
);
const rule = object(
  { direction: text(['in', 'out']), protocol: text(['tcp', 'udp', 'icmp', 'esp', 'gre']) },
  {
    port: text(/^\d+(-\d+)?$|^any$/),
    sourceIps: list(text(/\/\d+$/)),
    destinationIps: list(text(/\/\d+$/)),
    description: text(),
  },
);

const paths: Readonly<Record<string, string>> = {
  servers: 'server',
  primary_ips: 'primary ip',
  volumes: 'volume',
  firewalls: 'firewall',
  ssh_keys: 'ssh key',
};

const page = (field: string, items: unknown[]): HttpAnswer => ({
  status: 200,
  body: {
    [field]: items,
    meta: { pagination: { page: 1, per_page: 50, next_page: null, total_entries: items.length } },
  },
});

const shown = (one: Entry): Props => ({
  ...{ id: Number(one.id), name: one.name, labels: one.tags, created: new Date(one.createdAt).toISOString() },
  ...(one.kind === 'server' ? { status: one.state === 'off' ? 'off' : 'running', location: { name: one.region } } : {}),
});

const prices = (perMonth: number): unknown[] =>
  locations.map((location) => ({ location, price_hourly: { net: hourly(perMonth).toFixed(10) } }));

function catalogue(world: World, path: string, query: URLSearchParams): HttpAnswer | null {
  const named = (one: string): boolean => !query.has('name') || query.get('name') === one;
  switch (path) {
    case 'locations':
      return page(
        'locations',
        locations.filter(named).map((one) => ({ name: one })),
      );
    case 'images':
      return page(
        'images',
        [image]
          .filter((one) => named(one) && world.options['image'] !== 'none')
          .map((one) => ({ name: one, architecture: 'x86' })),
      );
    case 'server_types':
      return page(
        'server_types',
        Object.entries(types)
          .filter(([one]) => named(one))
          .map(([one, [cores, memory, perMonth, architecture]]) => ({
            ...{ name: one, cores, memory, architecture, prices: prices(perMonth) },
            locations: locations.map((location) => ({ name: location, available: true })),
          })),
      );
    case 'pricing':
      return {
        status: 200,
        body: { pricing: { currency: 'EUR', primary_ips: [{ type: 'ipv4', prices: prices(addressPerMonth) }] } },
      };
    default:
      return null;
  }
}

async function api(world: World, { method, path, query, headers }: HttpRequest): Promise<HttpAnswer> {
  try {
    if (headers['authorization'] !== `Bearer ${world.secret}`)
      return refuse('unauthorized', 'unable to authenticate', 401);
    const [, what = '', id] = /^\/v1\/([a-z_]+)(?:\/(\d+))?$/.exec(path) ?? [];
    const facts = method === 'GET' && id === undefined ? catalogue(world, what, query) : null;
    if (facts) return facts;
    const kind = paths[what] ?? refuse('not_found', 'page not found', 404);
    if (method === 'GET' && id === undefined) {
      const wanted = query.get('label_selector');
      return page(
        what,
        world.ledger
          .listed(kind)
          .filter((one) => wanted === null || wanted in one.tags)
          .map(shown),
      );
    }
    if (method === 'DELETE' && world.options['permissions'] === 'read')
      return refuse('token_readonly', 'token is only allowed to perform read operations', 403);
    const entry =
      world.ledger.get(kind, id ?? '') ?? refuse('not_found', `${kind} with ID '${id ?? ''}' not found`, 404);
    if (method === 'GET') return { status: 200, body: { [kind]: shown(entry) } };
    if (method !== 'DELETE') return refuse('not_found', 'page not found', 404);
    checkUnused(world, entry);
    world.ledger.delete(entry, 'api');
    await world.halt(entry);
    return { status: 200, body: { action: { status: 'running' } } };
  } catch (thrown) {
    if (!(thrown instanceof Refusal) || thrown.status === 0) throw thrown;
    return { status: thrown.status, body: { error: { code: thrown.code, message: thrown.message } } };
  }
}

const resource = (
  kind: string,
  inputs: Resource['inputs'],
  create: Resource['create'],
  more: Partial<Resource> = {},
): Resource => ({
  ...{ kind, inputs, create, remove: checkUnused, whenGone: 'succeeds', ...more },
});

/** Hetzner Cloud, API version 1. */
export const hetzner: CloudTable = {
  name: 'hetzner',
  plugin: 'hcloud',
  billing: { minimumSeconds: 3600, stepSeconds: 3600 },
  resources: {
    'hcloud:index/sshKey:SshKey': resource('ssh key', object({ name, publicKey: text(/./) }, { labels }), createKey),
    'hcloud:index/firewall:Firewall': resource(
      'firewall',
      object({ name }, { labels, rules: list(rule) }),
      (world, inputs) => ({ entry: add(world, 'firewall', inputs), outputs: inputs }),
      {
        update: (_world, entry, inputs) => {
          entry.properties = inputs;
          return inputs;
        },
      },
    ),
    'hcloud:index/server:Server': resource(
      'server',
      object(
        { name, serverType: text(/./), image: text(/./) },
        {
          ...{ location: text(), labels, sshKeys: list(text()), userData: text(), backups: flag, keepDisk: flag },
          ...{ firewallIds: list(() => []), publicNets: list(object({}, { ipv4Enabled: flag, ipv6Enabled: flag })) },
          ...{ shutdownBeforeDeletion: flag, allowDeprecatedImages: flag, ignoreRemoteFirewallIds: flag },
          ...{ deleteProtection: flag, rebuildProtection: flag },
        },
      ),
      createServer,
    ),
  },
  say: ({ code, message }) => `${message} (${code})`,
  // Off is not gone: the server bills on.
  poweredOff: async (world, entry) => {
    entry.state = 'off';
    await world.halt(entry);
  },
  admits: (world, entry, address) => {
    const ids = strings(entry.properties['firewallIds']);
    if (ids.length === 0) return true;
    return ids
      .flatMap((id) => (world.ledger.get('firewall', id)?.properties['rules'] ?? []) as Props[])
      .some(
        (one) =>
          one['direction'] === 'in' &&
          one['protocol'] === 'tcp' &&
          one['port'] === '22' &&
          within(address, strings(one['sourceIps'])),
      );
  },
  api,
  environment: (url, _folder, secret) => ({ HCLOUD_TOKEN: secret, HCLOUD_ENDPOINT: `${url}/v1` }),
};
