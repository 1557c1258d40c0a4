import * as fs from 'node:fs';
import * as path from 'node:path';
import { digitalocean } from '../../src/cloud/digitalocean';
import { digitalOceanApi } from '../../src/cloud/digitalocean/api';
import { entryFor } from '../../src/cloud/refusal';
import type { CloudApi } from '../../src/cloud/types';
import { useScratch } from '../_helpers/scratch';
import { loopbackCloud, quick, type Answer, type Asked, type LoopbackCloud } from './loopback-cloud';

const token = 'dop_v1_secret';
const job = 'cv-20261128-112830-7f3a9c';
const tag = `cvicast-job:${job}:0123456789abcdef:1795866000`;

interface World {
  readonly: boolean;
  account: { status: string; droplet_limit: number };
  droplets: { id: number; tags: string[]; region: { slug: string }; created_at: string }[];
  firewalls: { id: string; name: string; tags: string[]; created_at: string }[];
  tags: { name: string }[];
  keys: { id: number; name: string }[];
  /** Answers to give before the real ones. */
  faults: Answer[];
}

const newWorld = (): World => ({
  readonly: false,
  account: { status: 'active', droplet_limit: 10 },
  droplets: [
    { id: 11, tags: ['web'], region: { slug: 'nyc3' }, created_at: '2026-01-01T00:00:00Z' },
    { id: 12, tags: [tag], region: { slug: 'nyc3' }, created_at: '2026-11-28T11:28:40Z' },
    { id: 13, tags: [tag], region: { slug: 'nyc3' }, created_at: '2026-11-28T11:28:41Z' },
  ],
  firewalls: [
    { id: 'fw-1', name: 'office', tags: ['web'], created_at: '2026-01-01T00:00:00Z' },
    { id: 'fw-2', name: job, tags: [], created_at: '2026-11-28T11:28:35Z' },
  ],
  tags: [{ name: 'web' }, { name: tag }],
  keys: [
    { id: 1, name: 'laptop' },
    { id: 2, name: tag },
  ],
  faults: [],
});

const said = (status: number, id: string, message: string, headers: Record<string, string> = {}): Answer => ({
  status,
  body: { id, message },
  headers,
});

/** DigitalOcean's API, version 2: pages of two at most, whatever is asked for. */
function standIn(world: World): (asked: Asked) => Answer | null {
  const page = (asked: Asked, field: string, items: readonly unknown[]): Answer => {
    const at = Number(asked.query.get('page'));
    const next = at * 2 < items.length ? { next: `https://api.digitalocean.com/v2/x?page=${at + 1}` } : {};
    return { body: { [field]: items.slice((at - 1) * 2, at * 2), links: { pages: next } } };
  };
  return (asked) => {
    if (asked.headers.authorization !== `Bearer ${token}`)
      return said(401, 'Unauthorized', 'Unable to authenticate you');
    const fault = world.faults.shift();
    if (fault) return fault;
    const route = `${asked.method} ${asked.path}`;
    const sizes = [
      { slug: 's-4vcpu-8gb', available: true, regions: ['nyc3', 'fra1'], price_hourly: 0.0714 },
      { slug: 'c-4', available: true, regions: ['fra1'], price_hourly: 0.125 },
      { slug: 'c-8', available: false, regions: [], price_hourly: 0.25 },
    ];
    const regions = [
      { slug: 'nyc3', available: true },
      { slug: 'nyc2', available: false },
      { slug: 'fra1', available: true },
    ];
    if (route === 'GET /v2/account') return { body: { account: world.account } };
    if (route === 'GET /v2/sizes') return page(asked, 'sizes', sizes);
    if (route === 'GET /v2/regions') return page(asked, 'regions', regions);
    if (route === 'GET /v2/images/ubuntu-22-04-x64') return { body: { image: { regions: ['nyc3', 'fra1'] } } };
    if (route === 'GET /v2/droplets') return page(asked, 'droplets', world.droplets);
    if (route === 'GET /v2/firewalls') return page(asked, 'firewalls', world.firewalls);
    if (route === 'GET /v2/tags') return page(asked, 'tags', world.tags);
    if (route === 'GET /v2/account/keys') return page(asked, 'ssh_keys', world.keys);
    const [, collection, id] = /^DELETE \/v2\/(droplets|firewalls|account\/keys|tags)\/([^/]+)$/.exec(route) ?? [];
    if (collection === undefined || id === undefined) return null;
    if (world.readonly) return said(403, 'Forbidden', 'You are not authorized to perform this operation');
    const shelves: Record<string, { id?: number | string; name?: string }[]> = {
      droplets: world.droplets,
      firewalls: world.firewalls,
      'account/keys': world.keys,
      tags: world.tags,
    };
    const shelf = shelves[collection]!;
    const at = shelf.findIndex((one) => String(one.id ?? one.name) === decodeURIComponent(id));
    if (at === -1) return said(404, 'not_found', 'The resource you were accessing could not be found.');
    shelf.splice(at, 1);
    return { status: 204 };
  };
}

describe("DigitalOcean's API", () => {
  let world: World;
  let server: LoopbackCloud;
  let api: CloudApi;

  beforeEach(async () => {
    world = newWorld();
    server = await loopbackCloud(standIn(world));
    api = digitalOceanApi(digitalocean, { token, baseUrl: server.url, policy: quick });
  });
  afterEach(() => server.close());

  const good = { region: 'nyc3', size: 's-4vcpu-8gb' };

  it('lets a good choice pass and creates nothing', async () => {
    await api.preflight(good);
    expect(server.asked.filter(({ method }) => method === 'POST')).toEqual([]);
    expect(world).toEqual(newWorld());
  });

  it.each([
    ['a size that does not exist', { ...good, size: 's-4vcpu-8g' }, { code: 'unknown-size', fix: /s-4vcpu-8gb/ }],
    ['a region that does not exist', { ...good, region: 'nyc4' }, { code: 'unknown-region', fix: /nyc3/ }],
    ['a region that is full', { ...good, region: 'nyc2' }, { code: 'region-full', fix: /--region/ }],
    ['a size that the region does not sell', { ...good, size: 'c-4' }, { code: 'size-not-here', fix: /fra1/ }],
    ['a size that is sold out everywhere', { ...good, size: 'c-8' }, { code: 'size-not-here', fix: /nowhere/ }],
  ])('refuses %s', async (_, choice, { code, fix }) => {
    await expect(api.preflight(choice)).rejects.toMatchObject({ code, fix: expect.stringMatching(fix) });
  });

  it('tells a size that is sold out everywhere from one that only the region does not sell', async () => {
    await expect(api.preflight({ ...good, size: 'c-8' })).rejects.toMatchObject({ next: 'size' });
    await expect(api.preflight({ ...good, size: 'c-4' })).rejects.toMatchObject({ next: 'zone' });
  });

  it('finds a wrong token, a read-only one, a locked account and a quota of zero before anything is created', async () => {
    const stranger = digitalOceanApi(digitalocean, { token: 'dop_v1_wrong', baseUrl: server.url, policy: quick });
    const refused: unknown = await stranger.preflight(good).catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({ code: 'credentials-refused', exit: 'provider' });
    expect(JSON.stringify(refused) + String(refused)).not.toContain('dop_v1');
    world.readonly = true;
    await expect(api.preflight(good)).rejects.toMatchObject({ code: 'permission-missing' });
    world.readonly = false;
    world.account = { status: 'locked', droplet_limit: 10 };
    await expect(api.preflight(good)).rejects.toMatchObject({ code: 'account-locked' });
    world.account = { status: 'active', droplet_limit: 0 };
    await expect(api.preflight(good)).rejects.toMatchObject({ code: 'quota' });
  });

  it('lists what is ours from all pages, the droplet nobody knows of included, and nothing else', async () => {
    const found = await api.list(['nyc3']);
    expect(found.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      'droplet 12',
      'droplet 13',
      'firewall fw-2',
      'key 2',
      `tag ${tag}`,
    ]);
    expect(found[0]).toMatchObject({
      job,
      owner: '0123456789abcdef',
      expiresAt: new Date(1795866000_000).toISOString(),
      region: 'nyc3',
    });
    expect(found.every((one) => one.job === job)).toBe(true);
  });

  it('removes all that it lists, in that order, and once more without complaint', async () => {
    const found = await api.list([]);
    for (const resource of [...found, ...found]) await api.remove(resource);
    expect(await api.list([])).toEqual([]);
    expect(world.droplets.map(({ id }) => id)).toEqual([11]);
    expect(world.tags).toEqual([{ name: 'web' }]);
  });

  it('gets over a refusal for too many requests and a bad gateway', async () => {
    world.faults = [
      said(429, 'too_many_requests', 'API Rate limit exceeded.', { 'retry-after': '0' }),
      said(502, 'x', 'y'),
    ];
    expect(await api.livePrice?.(good)).toBe(0.0714);
  });

  it('throws when a listing fails or is no listing: no answer is not "nothing left"', async () => {
    world.faults = Array.from({ length: 20 }, () => said(500, 'server_error', 'Unexpected server-side error'));
    await expect(api.list([])).rejects.toMatchObject({ code: 'cloud-down' });
    world.faults = Array.from({ length: 4 }, () => ({ body: {} }));
    await expect(api.list([])).rejects.toMatchObject({ code: 'cloud-answer-unreadable' });
  });
});

describe("DigitalOcean's token", () => {
  const scratch = useScratch();
  const doctl = (text: string): void => {
    const file = path.join(scratch(), '.config', 'doctl', 'config.yaml');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  };
  const look = (env: NodeJS.ProcessEnv = {}) => digitalocean.credentials({ env, homeFolder: scratch() });

  it('says what to do when there is none', async () => {
    expect(await look()).toMatchObject({ found: false, fix: expect.stringContaining('doctl auth init') });
    await expect(digitalocean.api({ env: {}, homeFolder: scratch() })).rejects.toMatchObject({
      code: 'no-credentials',
    });
  });

  it.each(['DIGITALOCEAN_TOKEN', 'DIGITALOCEAN_ACCESS_TOKEN'])('is found in %s and never shown', async (name) => {
    const report = await look({ [name]: token });
    expect(report).toMatchObject({ found: true, where: name });
    expect(JSON.stringify(report)).not.toContain(token);
  });

  it("is found in doctl's default context and handed to the engine's processes only", async () => {
    doctl(`access-token: ${token}\ncontext: default\nauth-contexts: {}\n`);
    expect(await look()).toMatchObject({ found: true, where: expect.stringContaining('default context of doctl') });
    expect(digitalocean.engineEnv?.({ env: {}, homeFolder: scratch() })).toEqual({ DIGITALOCEAN_TOKEN: token });
    expect(digitalocean.engineConfig({ region: 'nyc3', env: {} })).toEqual({});
  });

  it('is the one of the context that doctl is in, or that the environment names', () => {
    doctl(`access-token: ""\nauth-contexts:\n  work: t-work\n  home: ${token}\ncontext: home\n`);
    const context = { env: {}, homeFolder: scratch() };
    expect(digitalocean.engineEnv?.(context)).toEqual({ DIGITALOCEAN_TOKEN: token });
    const named = { ...context, env: { DIGITALOCEAN_CONTEXT: 'work' } };
    expect(digitalocean.engineEnv?.(named)).toEqual({ DIGITALOCEAN_TOKEN: 't-work' });
  });
});

it.each([
  ['422 creating this/these droplet(s) will exceed your droplet limit', 'quota', 'stop'],
  ['422 This size is currently restricted, please open a ticket for more information.', 'size-restricted', 'size'],
  ['422 Size is not available in this region.', 'size-not-here', 'zone'],
  ['422 The selected region is not available.', 'region-full', 'zone'],
  ['401 Unable to authenticate you', 'credentials-refused', 'stop'],
  ['403 You are not authorized to perform this operation', 'permission-missing', 'stop'],
  ['422 You specified an invalid image for Droplet creation.', 'image-gone', 'zone'],
  ['422 SSH Key is already in use on your account', 'key-refused', 'stop'],
  ['422 Droplet already has a pending event.', 'droplet-busy', 'retry'],
  ['429 too_many_requests: API Rate limit exceeded.', 'throttled', 'retry'],
  ['503 Service Unavailable', 'cloud-down', 'retry'],
])('explains %s', (text, code, next) => {
  expect(entryFor(digitalocean.errors, text)).toMatchObject({ code, next });
});
