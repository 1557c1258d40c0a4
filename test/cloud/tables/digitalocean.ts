import { randomUUID } from 'node:crypto';
import { within } from '../core/cidr';
import type { Entry, Props } from '../core/ledger';
import { Refusal } from '../core/refusal';
import { flag, list, map, object, text, textOf } from '../core/shape';
import { digitalocean as requests } from '../judges/digitalocean';
import type { CloudTable, Made, World } from '../core/table';
import { digitalOceanApi } from './digitalocean-api';
import { image, regions, sizes } from './digitalocean-facts';

const refuse = (message: string, status = 422, code = 'unprocessable_entity'): never => {
  throw new Refusal(code, message, status);
};
const strings = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

const rule = (direction: 'source' | 'destination') =>
  object(
    { protocol: text(['tcp', 'udp', 'icmp']), [`${direction}Addresses`]: list(text(), 1) },
    { portRange: text(/^\d+(-\d+)?$/), action: text(['allow', 'deny']) },
  );

function createTag(world: World, inputs: Props): Made {
  const name = String(inputs['name']);
  // Posting a tag that is there answers it again.
  const entry =
    world.ledger.get('tag', name) ??
    world.ledger.add({ kind: 'tag', id: name, name, region: 'global', tags: { [name]: '' } });
  return { entry, outputs: inputs };
}

function createKey(world: World, inputs: Props): Made {
  const publicKey = String(inputs['publicKey']).trim();
  if (!/^(ssh-ed25519|ssh-rsa|ecdsa-sha2-\S+) [A-Za-z0-9+/=]+( .*)?$/.test(publicKey)) {
    refuse('Key invalid, key should be of the format `type key [comment]`');
  }
  const same = (one: Entry): boolean => String(one.properties['publicKey']).split(' ')[1] === publicKey.split(' ')[1];
  if (world.ledger.alive('key').some(same)) refuse('SSH Key is already in use on your account');
  const id = String(world.serial());
  const properties = { publicKey, name: inputs['name'], fingerprint: randomUUID().replaceAll('-', '').slice(0, 32) };
  const entry = world.ledger.add({ kind: 'key', id, name: String(inputs['name']), region: 'global', properties });
  return { entry, outputs: { ...inputs, ...properties } };
}

function checkFirewall(world: World, inputs: Props): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(String(inputs['name']))) {
    refuse('name must be alphanumeric, and may include "-" and "."');
  }
  for (const tag of strings(inputs['tags'])) if (!world.ledger.get('tag', tag)) refuse(`tag ${tag} does not exist`);
  for (const one of (inputs['inboundRules'] as Props[] | undefined) ?? []) {
    for (const source of strings(one['sourceAddresses'])) {
      if (!/^[0-9.]+(\/\d+)?$|:/.test(source)) refuse(`invalid inbound rule source address "${source}"`);
    }
  }
}

function createFirewall(world: World, inputs: Props): Made {
  checkFirewall(world, inputs);
  const name = String(inputs['name']);
  if (world.ledger.named('firewall', name)) refuse('duplicate name', 409, 'conflict');
  const tags = Object.fromEntries(strings(inputs['tags']).map((tag) => [tag, '']));
  const entry = world.ledger.add({
    kind: 'firewall',
    id: randomUUID(),
    name,
    region: 'global',
    tags,
    properties: inputs,
  });
  return { entry, outputs: { ...inputs, status: 'succeeded', createdAt: new Date(entry.createdAt).toISOString() } };
}

async function createDroplet(world: World, inputs: Props): Promise<Made> {
  const size = sizes.find(([slug]) => slug === inputs['size']);
  const region = String(inputs['region']);
  if (!size) return refuse('You specified an invalid size for Droplet creation.');
  if (!regions.includes(region)) refuse('You specified an invalid region for Droplet creation.');
  if (inputs['image'] !== image) refuse('You specified an invalid image for Droplet creation.');
  if (!/^[A-Za-z0-9.-]+$/.test(String(inputs['name']))) {
    refuse('Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)');
  }
  const keys = strings(inputs['sshKeys']).map((id) => world.ledger.get('key', id));
  if (keys.includes(undefined))
    refuse(`${strings(inputs['sshKeys']).join(', ')} are invalid key identifiers for Droplet creation.`);
  if (Buffer.byteLength(textOf(inputs['userData'])) > 65_536) refuse('user_data is too long (maximum is 64KB)');
  const limit = Number(world.options['dropletLimit'] ?? '10');
  if (world.ledger.alive('droplet').length >= limit)
    refuse('creating this/these droplet(s) will exceed your droplet limit');
  const tags = Object.fromEntries(strings(inputs['tags']).map((tag) => [tag, '']));
  // Tags that are not there yet are made, and stay behind.
  for (const name of Object.keys(tags)) createTag(world, { name });
  const guarded = world.ledger.alive('firewall').some((one) => Object.keys(one.tags).some((tag) => tag in tags));
  const id = String(world.serial());
  // Nothing refuses that, but for a while the droplet is open to everybody.
  if (!guarded) world.ledger.remarks.push(`droplet ${id} was made before any firewall was bound to its tags`);
  const entry = world.ledger.add({
    kind: 'droplet',
    id,
    name: String(inputs['name']),
    region,
    tags,
    pricePerHour: size[4],
    properties: {},
  });
  const ipv4Address = await world.boot(entry, {
    userData: textOf(inputs['userData']),
    image: { user: 'root', disableRoot: false },
    metadataKeys: keys.map((key) => String(key?.properties['publicKey'])),
  });
  entry.properties = {
    ...{ ipv4Address, status: 'active', locked: false, vcpus: size[1], memory: size[2], disk: size[3] },
    ...{ priceHourly: size[4], priceMonthly: size[4] * 672, dropletUrn: `do:droplet:${id}`, size: size[0] },
    createdAt: new Date(entry.createdAt).toISOString(),
  };
  return { entry, outputs: { ...inputs, ...entry.properties } };
}

const gone = (path: string) => (id: string) =>
  `DELETE https://api.digitalocean.com/v2/${path}/${id}: 404 (request "") The resource you were accessing could not be found.`;

function admits(world: World, droplet: Entry, address: string): boolean {
  const bound = world.ledger
    .alive('firewall')
    .filter((one) => Object.keys(one.tags).some((tag) => tag in droplet.tags));
  if (bound.length === 0) return true;
  const rules = bound.flatMap((one) => (one.properties['inboundRules'] as Props[] | undefined) ?? []);
  return rules.some((one) => {
    const [from, to] = String(one['portRange']).split('-').map(Number);
    return (
      one['protocol'] === 'tcp' &&
      from! <= 22 &&
      22 <= (to ?? from!) &&
      within(address, strings(one['sourceAddresses']))
    );
  });
}

const tagName = text(/^[A-Za-z0-9:_-]{1,255}$/);

/** DigitalOcean, API version 2. */
export const digitalocean: CloudTable = {
  name: 'digitalocean',
  plugin: 'digitalocean',
  requests,
  billing: { minimumSeconds: 60, stepSeconds: 1, minimumCharge: 0.01 },
  resources: {
    'digitalocean:index/tag:Tag': {
      kind: 'tag',
      inputs: object({ name: tagName }),
      create: createTag,
      whenGone: gone('tags'),
    },
    'digitalocean:index/sshKey:SshKey': {
      kind: 'key',
      inputs: object({ name: text(), publicKey: text(/./) }),
      create: createKey,
      whenGone: gone('account/keys'),
    },
    'digitalocean:index/firewall:Firewall': {
      kind: 'firewall',
      inputs: object(
        { name: text(/./) },
        {
          tags: list(tagName),
          dropletIds: list(text()),
          inboundRules: list(rule('source')),
          outboundRules: list(rule('destination')),
        },
      ),
      check: (inputs) => {
        const rules = [...((inputs['inboundRules'] ?? []) as Props[]), ...((inputs['outboundRules'] ?? []) as Props[])];
        const open = rules.some((one) => one['protocol'] !== 'icmp' && one['portRange'] === undefined);
        return [
          ...(rules.length === 0 ? [{ property: 'inboundRules', reason: 'At least one rule must be specified' }] : []),
          ...(open
            ? [
                {
                  property: 'portRange',
                  reason: '`port_range` of inbound rules is required if protocol is `tcp` or `udp`',
                },
              ]
            : []),
        ];
      },
      create: createFirewall,
      update: (world, entry, inputs) => {
        checkFirewall(world, inputs);
        entry.properties = inputs;
        return inputs;
      },
      whenGone: gone('firewalls'),
    },
    'digitalocean:index/droplet:Droplet': {
      kind: 'droplet',
      inputs: object(
        { image: text(/./), size: text(/./), region: text(), name: text() },
        {
          ...{
            sshKeys: list(text()),
            tags: list(tagName),
            userData: text(),
            ipv6: flag,
            monitoring: flag,
            backups: flag,
          },
          ...{ dropletAgent: flag, resizeDisk: flag, privateNetworking: flag, gracefulShutdown: flag, labels: map() },
        },
      ),
      create: createDroplet,
      whenGone: (id) =>
        `Error waiting for droplet (${id}) to be destroyed: unexpected state 'Not Found', wanted target 'archived'`,
    },
  },
  say: ({ status, message }) => `POST https://api.digitalocean.com/v2: ${status} (request "0a1b") ${message}`,
  // Off is not gone: the droplet bills on, and that is what cvicast has to know of it.
  poweredOff: async (world, entry) => {
    await world.halt(entry);
    entry.state = 'off';
  },
  admits,
  api: digitalOceanApi,
  environment: (url, _folder, secret) => ({ DIGITALOCEAN_TOKEN: secret, DIGITALOCEAN_API_URL: url }),
};
