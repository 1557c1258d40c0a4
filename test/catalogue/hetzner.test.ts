import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { hetzner } from '../../src/cloud/hetzner';
import { hetznerApi } from '../../src/cloud/hetzner/api';
import { refusal } from '../../src/cloud/refusal';
import type { CloudResource } from '../../src/cloud/types';
import { loopbackCloud, patient, quick, type Answer, type Asked, type LoopbackCloud } from './loopback-cloud';

const token = 'T'.repeat(64);
const fault = (status: number, code: string, message = code): Answer => ({
  status,
  body: { error: { code, message } },
});
const labels = { 'cvicast-job': 'cv-1', 'cvicast-owner': 'abc', 'cvicast-expires': '1764334800' };

interface World {
  readonly: boolean;
  servers: Set<number>;
  firewalls: Set<number>;
  lockedFor: number;
}

const types = [
  {
    name: 'cpx32',
    architecture: 'x86',
    locations: [{ name: 'fsn1' }, { name: 'hel1', available: false }],
    prices: [{ location: 'fsn1', price_hourly: { net: '0.0500', gross: '0.0595' } }],
  },
  { name: 'cpx22', architecture: 'x86', prices: [{ location: 'fsn1', price_hourly: { net: '0.03' } }] },
  { name: 'cax11', architecture: 'arm', prices: [] },
];

function page(field: string, items: readonly unknown[], asked: Asked): Answer {
  const size = Math.min(2, Number(asked.query.get('per_page')));
  const at = Number(asked.query.get('page'));
  const next = at * size < items.length ? at + 1 : null;
  return { body: { [field]: items.slice((at - 1) * size, at * size), meta: { pagination: { next_page: next } } } };
}

/** Behaves as docs.hetzner.cloud says; refuses what it does not know. */
function standIn(world: World): (asked: Asked) => Answer | null {
  return (asked) => {
    if (asked.headers.authorization !== `Bearer ${token}`) return fault(401, 'unauthorized', 'unable to authenticate');
    const [, version, kind, id] = asked.path.split('/');
    if (version !== 'v1') return null;
    if (asked.method === 'DELETE') {
      if (world.readonly) return fault(403, 'token_readonly', 'token is only allowed to read');
      const shelf = kind === 'servers' ? world.servers : kind === 'firewalls' ? world.firewalls : new Set<number>();
      if (kind === 'firewalls' && world.servers.size > 0) return fault(422, 'resource_in_use', 'firewall is in use');
      if (kind === 'servers' && world.lockedFor-- > 0) return fault(423, 'locked', 'server is locked');
      return shelf.delete(Number(id))
        ? { status: kind === 'servers' ? 200 : 204, ...(kind === 'servers' ? { body: { action: {} } } : {}) }
        : fault(404, 'not_found');
    }
    if (asked.method !== 'GET') return null;
    const marked = asked.query.get('label_selector') === 'cvicast-job';
    switch (kind) {
      case 'servers':
      case 'firewalls': {
        const shelf = world[kind];
        if (id) return shelf.has(Number(id)) ? { body: {} } : fault(404, 'not_found');
        return marked
          ? page(
              kind,
              [...shelf].map((one) => ({
                id: one,
                created: '2026-11-28T10:00:00+00:00',
                labels,
                ...(kind === 'servers' ? { datacenter: { location: { name: 'fsn1' } } } : {}),
              })),
              asked,
            )
          : null;
      }
      case 'ssh_keys':
      case 'primary_ips':
      case 'volumes':
        return marked ? page(kind, [], asked) : null;
      case 'locations':
        return page(kind, [{ name: 'fsn1' }, { name: 'nbg1' }, { name: 'hel1' }], asked);
      case 'server_types':
        return page(
          kind,
          types.filter((type) => !asked.query.has('name') || type.name === asked.query.get('name')),
          asked,
        );
      case 'images':
        return asked.query.get('name') === 'ubuntu-22.04' && asked.query.get('architecture') === 'x86'
          ? page(kind, [{ id: 1 }], asked)
          : null;
      case 'pricing':
        return {
          body: {
            pricing: {
              currency: 'EUR',
              primary_ips: [{ type: 'ipv4', prices: [{ location: 'fsn1', price_hourly: { net: '0.001' } }] }],
            },
          },
        };
      case undefined:
      default:
        return null;
    }
  };
}

describe('the API of Hetzner Cloud', () => {
  let world: World;
  let cloud: LoopbackCloud;
  const api = (given = token) =>
    hetznerApi(
      { env: { HCLOUD_TOKEN: given, HCLOUD_ENDPOINT: `${cloud.url}/v1/` }, homeFolder: '/nowhere' },
      patient,
      quick,
    );

  beforeEach(async () => {
    world = { readonly: false, servers: new Set([11, 12, 13]), firewalls: new Set([21]), lockedFor: 0 };
    cloud = await loopbackCloud(standIn(world));
  });
  afterEach(() => cloud.close());

  test('a choice that can be had passes, and nothing is created or deleted', async () => {
    await api().preflight({ region: 'fsn1', size: 'cpx32' });
    expect(cloud.asked.filter((one) => one.method !== 'GET').map((one) => `${one.method} ${one.path}`)).toEqual([
      'DELETE /v1/ssh_keys/0',
    ]);
    expect(world.servers.size).toBe(3);
  });

  test.each([
    ['a wrong token', { given: 'X'.repeat(64) }, 'hetzner-token-refused'],
    ['a token that may only read', { readonly: true }, 'hetzner-token-readonly'],
    ['an unknown region', { region: 'fsn2' }, 'unknown-region'],
    ['an unknown size', { size: 'cpx33' }, 'unknown-size'],
    ['an arm64 size', { size: 'cax11' }, 'arm-size'],
    ['a size that is not sold there', { region: 'nbg1' }, 'hetzner-size-not-here'],
    ['a size that is sold out there', { region: 'hel1' }, 'hetzner-sold-out'],
  ])(
    '%s is refused before anything is made',
    async (_, change: { given?: string; readonly?: boolean; region?: string; size?: string }, code) => {
      world.readonly = change.readonly ?? false;
      const choice = { region: change.region ?? 'fsn1', size: change.size ?? 'cpx32' };
      await expect(api(change.given).preflight(choice)).rejects.toMatchObject({ code, name: 'UserError' });
    },
  );

  test('near matches are offered', async () => {
    await expect(api().preflight({ region: 'fsn2', size: 'cpx32' })).rejects.toMatchObject({
      fix: expect.stringContaining('fsn1'),
    });
    await expect(api().preflight({ region: 'fsn1', size: 'cpx33' })).rejects.toMatchObject({
      fix: expect.stringContaining('cpx32'),
    });
  });

  test('lists every page of every kind, with what the labels say', async () => {
    const found = await api().list([]);
    expect(found.map((one) => `${one.kind} ${one.id} ${one.region}`)).toEqual([
      'server 11 fsn1',
      'server 12 fsn1',
      'server 13 fsn1',
      'firewall 21 global',
    ]);
    expect(found[0]).toMatchObject({ job: 'cv-1', owner: 'abc', expiresAt: '2025-11-28T13:00:00.000Z' });
  });

  test('a listing that fails throws instead of looking empty', async () => {
    await expect(api('wrong').list([])).rejects.toMatchObject({ code: 'hetzner-token-refused' });
  });

  test('deletes a locked server once it is free, and a firewall once its servers are gone', async () => {
    world.lockedFor = 2;
    const found = await api().list([]);
    const firewall = found.find((one) => one.kind === 'firewall') as CloudResource;
    const servers = found.filter((one) => one.kind === 'server');
    for (const server of servers) await api().remove(server);
    await api().remove(firewall);
    expect(await api().list([])).toEqual([]);
  });

  test('a firewall that stays in use is an error with the reason', async () => {
    const firewall = (await api().list([])).find((one) => one.kind === 'firewall') as CloudResource;
    await expect(api().remove(firewall)).rejects.toMatchObject({ code: 'hetzner-in-use' });
  });

  test('gone already is a success; an id that is no number never reaches the cloud', async () => {
    const server = (await api().list([]))[0] as CloudResource;
    await api().remove({ ...server, id: '99' });
    const before = cloud.asked.length;
    await expect(api().remove({ ...server, id: '../ssh_keys/1' })).rejects.toMatchObject({ code: 'unknown-resource' });
    expect(cloud.asked).toHaveLength(before);
  });

  test('the live price is server and address, in dollars', async () => {
    expect(await api().livePrice?.({ region: 'fsn1', size: 'cpx32' })).toBeCloseTo(0.051 * 1.1637, 6);
  });

  test('the token is in no error', async () => {
    const thrown: unknown = await api('S3CRET'.repeat(9))
      .list([])
      .catch((reason: unknown) => reason);
    expect(JSON.stringify(thrown, Object.getOwnPropertyNames(thrown))).not.toContain('S3CRET');
  });
});

describe('credentials of Hetzner Cloud', () => {
  let home: string;
  beforeEach(async () => {
    home = await fs.mkdtemp(path.join(os.tmpdir(), 'cvicast-hetzner-'));
  });
  afterEach(() => fs.rm(home, { recursive: true, force: true }));

  const other = 'O'.repeat(64);
  const twoContexts = `active_context = "mine"

[[contexts]]
name = "theirs"
token = "${other}"

[[contexts]]
  name = "mine"
  token = "${token}"
`;
  async function withHcloud(): Promise<void> {
    await fs.mkdir(path.join(home, '.config/hcloud'), { recursive: true });
    await fs.writeFile(path.join(home, '.config/hcloud/cli.toml'), twoContexts);
  }

  test('the token of the environment is found first, and not shown', async () => {
    await withHcloud();
    const report = await hetzner.credentials({ env: { HCLOUD_TOKEN: other }, homeFolder: home });
    expect(report).toEqual({ found: true, where: 'HCLOUD_TOKEN', missing: [], fix: 'nothing to do' });
  });

  test('the active context of hcloud is found, and reaches the engine by its environment only', async () => {
    await withHcloud();
    const report = await hetzner.credentials({ env: {}, homeFolder: home });
    expect(report).toMatchObject({ found: true, where: expect.stringContaining('"mine"') });
    expect(JSON.stringify(report)).not.toContain(token);
    expect(hetzner.engineEnv?.({ env: {}, homeFolder: home })).toEqual({ HCLOUD_TOKEN: token });
    expect(hetzner.engineEnv?.({ env: { HCLOUD_CONTEXT: 'theirs' }, homeFolder: home })).toEqual({
      HCLOUD_TOKEN: other,
    });
    expect(await hetzner.credentials({ env: { HCLOUD_CONTEXT: 'nobody' }, homeFolder: home })).toMatchObject({
      found: false,
    });
  });

  test('with nothing at all the fix says where a token is made, and the client is refused', async () => {
    const context = { env: {}, homeFolder: home };
    expect(await hetzner.credentials(context)).toMatchObject({
      found: false,
      fix: expect.stringContaining('console.hetzner.com'),
    });
    await expect(hetzner.api(context)).rejects.toMatchObject({ code: 'no-credentials' });
  });
});

describe('the catalogue of Hetzner', () => {
  test.each([
    ['unable to authenticate (unauthorized, 1a2b)', 'hetzner-token-refused', 'stop'],
    ['token is only allowed to read (token_readonly, 1a2b)', 'hetzner-token-readonly', 'stop'],
    ['server limit exceeded (resource_limit_exceeded, 1a2b)', 'hetzner-limit-reached', 'size'],
    ['error during placement (placement_error, 1a2b)', 'hetzner-no-room', 'zone'],
    [
      'we are unable to provision servers for this location, try with a different location or try later (resource_unavailable, 1a2b)',
      'hetzner-sold-out',
      'zone',
    ],
    ['unsupported location for server type (invalid_input, 1a2b)', 'hetzner-size-not-here', 'zone'],
    ['limit of 3600 requests per hour reached (rate_limit_exceeded, 1a2b)', 'hetzner-too-many-requests', 'retry'],
    ['SSH key not unique (uniqueness_error, 1a2b)', 'hetzner-name-taken', 'stop'],
    ['server is locked (locked, 1a2b)', 'hetzner-busy', 'retry'],
  ])('%s', (said, code, next) => {
    expect(refusal(hetzner, 'create a server', said).code).toBe(code);
    expect(hetzner.errors.find((entry) => entry.code === code)?.next).toBe(next);
  });

  test('the endpoint of the environment reaches the engine', () => {
    expect(hetzner.engineConfig({ region: 'fsn1', env: { HCLOUD_ENDPOINT: 'http://127.0.0.1:1/v1' } })).toEqual({
      'hcloud:endpoint': 'http://127.0.0.1:1/v1',
    });
    expect(hetzner.engineConfig({ region: 'fsn1', env: {} })).toEqual({});
  });
});
