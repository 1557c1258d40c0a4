import * as fs from 'node:fs';
import * as path from 'node:path';
import { gcp } from '../../src/cloud/gcp';
import { gcpApi } from '../../src/cloud/gcp/api';
import { googleClient } from '../../src/cloud/gcp/client';
import { neededPermissions } from '../../src/cloud/gcp/preflight';
import { entryFor } from '../../src/cloud/refusal';
import type { CloudApi } from '../../src/cloud/types';
import { useScratch } from '../_helpers/scratch';
import { loopbackCloud, patient, quick, type Answer, type Asked, type LoopbackCloud } from './loopback-cloud';

const token = 'ya29.hush';
const job = 'cv-20261128-112830-7f3a9c';
const labels = { 'cvicast-job': job, 'cvicast-owner': '0123456789abcdef', 'cvicast-expires': '1795866000' };
const description = Object.entries(labels)
  .map(([name, value]) => `${name}=${value}`)
  .join(' ');

interface Thing {
  kind: string;
  path: string;
  labels?: Record<string, string>;
  description?: string;
}

interface World {
  things: Thing[];
  permissions: readonly string[] | null;
  quotas: { metric: string; limit: number; usage: number }[];
  unreachable: boolean;
  /** Looks at a deleted thing that still find it. */
  lingering: number;
}

const fault = (status: number, reason: string, message: string): Answer => ({
  status,
  body: { error: { code: status, message, errors: [{ message, domain: 'global', reason }] } },
});

/** Compute Engine and the resource manager, of project p-1: one item a page. */
function standIn(world: World): (asked: Asked) => Answer | null {
  const deleted = new Set<string>();
  const item = (thing: Thing) => ({
    name: thing.path.split('/').at(-1),
    selfLink: `https://www.googleapis.com/compute/v1/projects/p-1/${thing.path}`,
    creationTimestamp: '2026-11-28T03:28:41.000-08:00',
    ...(thing.labels ? { labels: thing.labels } : {}),
    ...(thing.description ? { description: thing.description } : {}),
  });
  const list = (asked: Asked, kind: string, aggregated: boolean): Answer => {
    const all = world.things.filter((one) => one.kind === kind && (asked.query.get('filter') === null || one.labels));
    const at = Number(asked.query.get('pageToken') ?? '0');
    const page = all.slice(at, at + 1).map(item);
    const items = aggregated
      ? { 'zones/us-central1-a': page.length > 0 ? { [kind]: page } : { warning: { code: 'NO_RESULTS_ON_PAGE' } } }
      : page;
    return {
      body: {
        items,
        ...(at + 1 < all.length ? { nextPageToken: String(at + 1) } : {}),
        ...(world.unreachable ? { unreachables: ['zones/us-east1-b'] } : {}),
      },
    };
  };
  return (asked) => {
    if (asked.headers.authorization !== `Bearer ${token}`) {
      return fault(401, 'authError', 'Request had invalid authentication credentials.');
    }
    if (asked.path === '/crm/v1/projects/p-1:testIamPermissions' && asked.method === 'POST') {
      return world.permissions === null
        ? fault(403, 'accessNotConfigured', 'Cloud Resource Manager API has not been used in project')
        : { body: { permissions: world.permissions } };
    }
    const where = asked.path.replace('/compute/v1/', '');
    if (where === 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts') return { body: { status: 'READY' } };
    if (where === 'projects/p-1') return { body: { quotas: [{ metric: 'NETWORKS', limit: 5, usage: 1 }] } };
    const own = where.replace('projects/p-1/', '');
    if (own === 'regions/us-central1') {
      const zones = ['a', 'b'].map(
        (letter) => `https://www.googleapis.com/compute/v1/projects/p-1/zones/us-central1-${letter}`,
      );
      return { body: { status: 'UP', quotas: world.quotas, zones } };
    }
    if (/^regions\/[\w-]+$/.test(own)) return fault(404, 'notFound', `The resource '${where}' was not found`);
    const size = /^zones\/us-central1-[ab]\/machineTypes\/([\w-]+)$/.exec(own)?.[1];
    if (size === 'e2-standard-4') return { body: { guestCpus: 4, architecture: 'X86_64' } };
    if (size === 't2a-standard-4') return { body: { guestCpus: 4, architecture: 'ARM64' } };
    if (size !== undefined) return fault(404, 'notFound', `The resource '${where}' was not found`);
    const listed = /^(aggregated|global)\/(instances|disks|firewalls|subnetworks|networks)$/.exec(own);
    if (asked.method === 'GET' && listed) return list(asked, listed[2]!, listed[1] === 'aggregated');

    const at = world.things.findIndex((one) => one.path === own);
    if (asked.method === 'GET' && deleted.has(own) && world.lingering-- > 0) return { body: { status: 'STOPPING' } };
    if (at === -1) return fault(404, 'notFound', `The resource '${where}' was not found`);
    if (asked.method !== 'DELETE') return null;
    const holders: Record<string, string[]> = { subnetworks: ['instances'], networks: ['firewalls', 'subnetworks'] };
    const held = world.things.some(
      (one) => holders[world.things[at]!.kind]?.includes(one.kind) && one.description !== 'other',
    );
    if (held)
      return fault(400, 'resourceInUseByAnotherResource', `The resource '${where}' is already being used by 'x'`);
    world.things.splice(at, 1);
    deleted.add(own);
    return { body: { kind: 'compute#operation', status: 'RUNNING' } };
  };
}

describe("Google Cloud's API", () => {
  let world: World;
  let server: LoopbackCloud;
  const login = { kind: 'token', token, where: 'GOOGLE_OAUTH_ACCESS_TOKEN' } as const;
  const env = (): NodeJS.ProcessEnv => ({
    GOOGLE_COMPUTE_CUSTOM_ENDPOINT: `${server.url}/compute/v1`,
    GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT: `${server.url}/crm/v1/`,
  });
  const apiFor = (more: object = {}): CloudApi =>
    gcpApi(gcp, googleClient(gcp, { login, project: 'p-1', env: env(), ...more }, quick), patient);
  const good = { region: 'us-central1', zone: 'us-central1-b', size: 'e2-standard-4' };

  beforeEach(async () => {
    world = {
      things: [
        { kind: 'instances', path: 'zones/us-central1-a/instances/web', description: 'other' },
        { kind: 'instances', path: `zones/us-central1-a/instances/${job}`, labels },
        { kind: 'instances', path: `zones/us-central1-a/instances/${job}-2`, labels },
        { kind: 'disks', path: `zones/us-central1-a/disks/${job}`, labels },
        { kind: 'firewalls', path: `global/firewalls/${job}`, description },
        { kind: 'firewalls', path: 'global/firewalls/office', description: 'other' },
        { kind: 'subnetworks', path: `regions/us-central1/subnetworks/${job}`, description },
        { kind: 'networks', path: `global/networks/${job}`, description },
      ],
      permissions: neededPermissions,
      quotas: [
        { metric: 'CPUS', limit: 8, usage: 4 },
        { metric: 'IN_USE_ADDRESSES', limit: 4, usage: 0 },
      ],
      unreachable: false,
      lingering: 2,
    };
    server = await loopbackCloud(standIn(world));
  });
  afterEach(() => server.close());

  it('lets a good choice pass, also where permissions cannot be asked, and creates nothing', async () => {
    await apiFor().preflight(good);
    world.permissions = null;
    await apiFor().preflight({ region: good.region, size: good.size });
    expect(server.asked.filter((one) => one.method !== 'GET').map((one) => one.path)).toEqual([
      '/crm/v1/projects/p-1:testIamPermissions',
      '/crm/v1/projects/p-1:testIamPermissions',
    ]);
  });

  it('sends no token to Google when only Compute Engine was replaced', async () => {
    const { GOOGLE_COMPUTE_CUSTOM_ENDPOINT } = env();
    await apiFor({ env: { GOOGLE_COMPUTE_CUSTOM_ENDPOINT } }).preflight(good);
    expect(server.asked.every((one) => one.path.startsWith('/compute/v1/'))).toBe(true);
  });

  it.each([
    ['a region that does not exist', { region: 'us-central9' }, 'unknown-region'],
    ['a zone that does not exist', { zone: 'us-central1-z' }, 'unknown-zone'],
    ['a size that does not exist', { size: 'e2-standard-5' }, 'size-not-here'],
    ['an arm64 size', { size: 't2a-standard-4' }, 'arm-size'],
  ])('refuses %s', async (_, more, code) => {
    await expect(apiFor().preflight({ ...good, ...more })).rejects.toMatchObject({ code, exit: 'input' });
  });

  it('finds a wrong token, missing permissions and a quota of zero before anything is created', async () => {
    const stranger = apiFor({ login: { ...login, token: 'ya29.wrong' } });
    await expect(stranger.preflight(good)).rejects.toMatchObject({ code: 'credentials-refused' });
    world.permissions = ['compute.instances.delete'];
    const refused = apiFor().preflight(good);
    await expect(refused).rejects.toMatchObject({
      code: 'permission-missing',
      why: expect.stringContaining('compute.instances.create'),
    });
    world.quotas = [{ metric: 'CPUS', limit: 0, usage: 0 }];
    await expect(apiFor().preflight(good)).rejects.toMatchObject({
      code: 'quota',
      why: '0 of 0 are in use, and 4 more are needed',
    });
  });

  it('lists what is ours over all pages, labelled or described, in the order in which it can go', async () => {
    const found = await apiFor().list(['us-central1']);
    expect(found.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      `instance projects/p-1/zones/us-central1-a/instances/${job}`,
      `instance projects/p-1/zones/us-central1-a/instances/${job}-2`,
      `disk projects/p-1/zones/us-central1-a/disks/${job}`,
      `firewall projects/p-1/global/firewalls/${job}`,
      `subnetwork projects/p-1/regions/us-central1/subnetworks/${job}`,
      `network projects/p-1/global/networks/${job}`,
    ]);
    expect(found.map((one) => one.region)).toEqual([
      'us-central1',
      'us-central1',
      'us-central1',
      'global',
      'us-central1',
      'global',
    ]);
    expect(found.every((one) => one.job === job && one.owner === '0123456789abcdef')).toBe(true);
  });

  it('takes a list that leaves zones out for no list', async () => {
    world.unreachable = true;
    await expect(apiFor().list([])).rejects.toMatchObject({
      code: 'listing-incomplete',
      why: expect.stringContaining('us-east1-b'),
    });
  });

  it('removes all of it, waits for each to be gone, and does so again without complaint', async () => {
    const api = apiFor();
    const found = await api.list([]);
    for (const resource of [...found, ...found]) await api.remove(resource);
    expect(await api.list([])).toEqual([]);
    expect(world.things.map((one) => one.path)).toEqual([
      'zones/us-central1-a/instances/web',
      'global/firewalls/office',
    ]);
    await expect(api.remove({ ...found[0]!, id: 'https://elsewhere/x' })).rejects.toMatchObject({
      code: 'unknown-resource',
    });
  });

  it('hands region, zone, project and endpoint to the engine', () => {
    const config = gcp.engineConfig({
      region: 'r',
      zone: 'r-a',
      env: { ...env(), GOOGLE_CLOUD_PROJECT: 'p-1', HOME: '/nowhere' },
    });
    expect(config).toEqual({
      'gcp:region': 'r',
      'gcp:zone': 'r-a',
      'gcp:project': 'p-1',
      'gcp:computeCustomEndpoint': `${server.url}/compute/v1/`,
    });
  });
});

describe("Google Cloud's credentials", () => {
  const scratch = useScratch();
  const look = (env: NodeJS.ProcessEnv = {}) => gcp.credentials({ env, homeFolder: scratch() });
  const write = (name: string, text: string): string => {
    const file = path.join(scratch(), '.config', 'gcloud', name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
    return file;
  };
  const user = JSON.stringify({ type: 'authorized_user', refresh_token: 'hush', quota_project_id: 'q-1' });

  it('are the application default ones, with the project of gcloud', async () => {
    write('application_default_credentials.json', user);
    expect(await look()).toMatchObject({ found: true, where: expect.stringContaining('project q-1') });
    write('active_config', 'work\n');
    write('configurations/config_work', '[core]\naccount = a@b.c\nproject = p-work\n[compute]\nzone = x\n');
    const report = await look();
    expect(report).toMatchObject({ found: true, where: expect.stringContaining('project p-work') });
    expect(JSON.stringify(report)).not.toContain('hush');
    expect(await look({ GOOGLE_CLOUD_PROJECT: 'p-env' })).toMatchObject({ where: expect.stringContaining('p-env') });
  });

  it('are a key file or the key itself, which name their project', async () => {
    const key = JSON.stringify({ type: 'service_account', project_id: 'p-key', private_key: 'hush' });
    const file = write('../key.json', key);
    for (const env of [
      { GOOGLE_APPLICATION_CREDENTIALS: file },
      { GOOGLE_CREDENTIALS: file },
      { GOOGLE_CREDENTIALS: key },
    ]) {
      const report = await look(env);
      expect(report).toMatchObject({ found: true, where: expect.stringContaining('project p-key') });
      expect(JSON.stringify(report)).not.toContain('hush');
    }
  });

  it('say which half is missing, and the command for it', async () => {
    expect(await look()).toMatchObject({ found: false, missing: ['application default credentials', 'a project'] });
    expect(await look({ GOOGLE_OAUTH_ACCESS_TOKEN: token })).toMatchObject({
      found: false,
      missing: ['a project'],
      fix: expect.stringContaining('gcloud config set project'),
    });
    expect(await look({ GOOGLE_APPLICATION_CREDENTIALS: '/nowhere.json', GOOGLE_CLOUD_PROJECT: 'p' })).toMatchObject({
      found: false,
      where: expect.stringContaining('no such file'),
    });
  });

  it('that Google’s own library cannot use are explained', async () => {
    const file = write(
      '../key.json',
      JSON.stringify({ type: 'service_account', project_id: 'p-1', client_email: 'a@b', private_key: 'no key' }),
    );
    const api = await gcp.api({ env: { GOOGLE_APPLICATION_CREDENTIALS: file }, homeFolder: scratch() });
    await expect(api.list([])).rejects.toMatchObject({
      what: 'Google Cloud did not give an access token',
      exit: 'provider',
    });
  });
});

it.each([
  [
    "The zone 'projects/p/zones/us-central1-a' does not have enough resources available to fulfill the request.",
    'out-of-capacity',
    'zone',
  ],
  ['code: ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS', 'out-of-capacity', 'zone'],
  ["Error waiting for instance to create: Quota 'CPUS' exceeded.  Limit: 8.0 in region us-central1.", 'quota', 'size'],
  [
    'googleapi: Error 403: Compute Engine API has not been used in project 1 before or it is disabled., accessNotConfigured',
    'api-disabled',
    'stop',
  ],
  [
    'This API method requires billing to be enabled. Please enable billing on project #1, BILLING_DISABLED',
    'no-billing',
    'stop',
  ],
  [
    'Error 412: Constraint constraints/compute.vmExternalIpAccess violated for project 1., conditionNotMet',
    'organisation-policy',
    'stop',
  ],
  ['invalid_grant: reauth related error (invalid_rapt)', 'credentials-expired', 'stop'],
  [
    "Error 403: Required 'compute.instances.create' permission for 'projects/p/zones/z/instances/i', forbidden",
    'permission-missing',
    'stop',
  ],
  [
    "Error 400: Invalid value for field 'resource.machineType': 'https://…/c3-standard-4'. Machine type with name 'c3-standard-4' does not exist in zone 'z'., invalid",
    'size-not-here',
    'zone',
  ],
  [
    "Error 400: The network resource 'projects/p/global/networks/n' is already being used by 'projects/p/x', resourceInUseByAnotherResource",
    'still-in-use',
    'retry',
  ],
  ['Error 403: Rate Limit Exceeded, rateLimitExceeded', 'throttled', 'retry'],
  ["Error 404: The resource 'projects/no-such' was not found, notFound", 'unknown-project', 'stop'],
])('explains %s', (text, code, next) => {
  expect(entryFor(gcp.errors, text)).toMatchObject({ code, next });
});

it('asks before the creation for what the creation itself needs', () => {
  expect(neededPermissions).toEqual(
    expect.arrayContaining(
      [
        'instances.setLabels',
        'disks.setLabels',
        'networks.updatePolicy',
        'subnetworks.use',
        'subnetworks.useExternalIp',
      ].map((one) => `compute.${one}`),
    ),
  );
  const page = fs.readFileSync(path.resolve(__dirname, '../../docs/providers/gcp.md'), 'utf8');
  for (const permission of neededPermissions) expect(page).toContain(`- ${permission}\n`);
});
