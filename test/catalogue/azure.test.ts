import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { azure } from '../../src/cloud/azure';
import { azureApi } from '../../src/cloud/azure/api';
import { refusal } from '../../src/cloud/refusal';
import type { CloudApi, CloudResource } from '../../src/cloud/types';
import { loopbackCloud, patient, quick, type Answer, type Asked, type LoopbackCloud } from './loopback-cloud';

const subscription = '11111111-2222-3333-4444-555555555555';
const tenant = '99999999-2222-3333-4444-555555555555';
const root = `/subscriptions/${subscription}`;
const secret = 'S3CRET~value';
const tags = { 'cvicast-job': 'cv-1', 'cvicast-owner': 'abc', 'cvicast-expires': '1764334800' };
const fault = (status: number, code: string): Answer => ({
  status,
  body: { error: { code, message: `${code} it is` } },
});

interface World {
  actions: string[];
  state: string;
  timers: string;
  limit: number;
  /** Cores that spot machines may have. */
  spotLimit: number;
  groups: Map<string, number>;
  loose: Set<string>;
  busyFor: number;
  images: number;
  elsewhere: boolean;
}

const sku = (name: string, more: object = {}): object => ({
  name,
  resourceType: 'virtualMachines',
  family: 'standardDSv5Family',
  capabilities: [
    { name: 'vCPUs', value: '4' },
    { name: 'CpuArchitectureType', value: name.includes('p') ? 'Arm64' : 'x64' },
  ],
  locationInfo: [{ location: 'eastus', zones: ['1', '2', '3'] }],
  restrictions: [],
  ...more,
});
const skus = [
  { name: 'Aligned', resourceType: 'availabilitySets', family: '', locationInfo: [] },
  sku('Standard_D4s_v5', {
    restrictions: [{ type: 'Zone', reasonCode: 'NotAvailableForSubscription', restrictionInfo: { zones: ['3'] } }],
  }),
  sku('Standard_D4pls_v5'),
  sku('Standard_F4s_v2', { restrictions: [{ type: 'Location', reasonCode: 'NotAvailableForSubscription' }] }),
];

/** Every listing comes one item a page, so that a client which reads one page sees too little. */
function page(asked: Asked, items: readonly unknown[], host: string): Answer {
  const at = Number(asked.query.get('$skiptoken') ?? 0);
  const next = new URLSearchParams(asked.query);
  next.set('$skiptoken', String(at + 1));
  const more = at + 1 < items.length ? { nextLink: `${host}${asked.path}?${next.toString()}` } : {};
  return { body: { value: items.slice(at, at + 1), ...more } };
}

const versions: Record<string, string> = {
  '/providers/Microsoft.Authorization/permissions': '2022-04-01',
  '/locations': '2022-12-01',
  '/providers/Microsoft.Compute/skus': '2021-07-01',
  '/resourcegroups': '2021-04-01',
  '/resources': '2021-04-01',
};

function standIn(world: World, host: () => string): (asked: Asked) => Answer | null {
  return (asked) => {
    if (asked.path === `/${tenant}/oauth2/v2.0/token` && asked.method === 'POST') {
      const form = new URLSearchParams(asked.body);
      const right = form.get('grant_type') === 'client_credentials' && form.get('scope') === `${host()}/.default`;
      if (!right) return null;
      return form.get('client_secret') === secret
        ? { body: { token_type: 'Bearer', expires_in: 3599, access_token: 'tok-principal' } }
        : {
            status: 401,
            body: { error: 'invalid_client', error_description: 'AADSTS7000215: Invalid client secret provided.' },
          };
    }
    if (asked.path === '/api/retail/prices') {
      const filter = asked.query.get('$filter') ?? '';
      return filter.includes("armSkuName eq 'Standard_D4s_v5'")
        ? {
            body: {
              Items: [
                {
                  productName: 'Virtual Machines Dsv5 Series Windows',
                  skuName: 'D4s v5',
                  unitOfMeasure: '1 Hour',
                  retailPrice: 0.376,
                  type: 'Consumption',
                },
                {
                  productName: 'Virtual Machines Dsv5 Series',
                  skuName: 'D4s v5 Spot',
                  unitOfMeasure: '1 Hour',
                  retailPrice: 0.04,
                  type: 'Consumption',
                },
                {
                  productName: 'Virtual Machines Dsv5 Series',
                  skuName: 'D4s v5',
                  unitOfMeasure: '1 Hour',
                  retailPrice: 0.192,
                  type: 'Consumption',
                },
              ],
            },
          }
        : { body: { Items: [] } };
    }
    if (!/^Bearer tok-(principal|az)$/.test(asked.headers.authorization ?? ''))
      return fault(401, 'InvalidAuthenticationToken');
    if (!asked.path.startsWith(root)) return null;
    const rest = asked.path.slice(root.length);
    const version = asked.query.get('api-version');
    if (version === null || (versions[rest] ?? version) !== version) return null;
    const group = /^\/resourceGroups\/([^/]+)$/i.exec(rest)?.[1];
    if (group !== undefined) {
      const left = world.groups.get(group);
      if (left === undefined) return fault(404, 'ResourceGroupNotFound');
      if (asked.method === 'DELETE') {
        if (world.busyFor-- > 0) return fault(409, 'ResourceGroupBeingDeleted');
        world.groups.set(group, 2);
        return { status: 202, headers: { location: `${host()}/later` } };
      }
      if (left > 1) world.groups.set(group, left - 1);
      else if (left === 1) world.groups.delete(group);
      return { body: { id: asked.path } };
    }
    if (asked.method === 'DELETE') return world.loose.delete(asked.path) ? { status: 200 } : { status: 204 };
    if (asked.method !== 'GET') return null;
    switch (rest) {
      case '/providers/Microsoft.Authorization/permissions':
        return page(
          asked,
          [
            { actions: ['*/read'], notActions: [] },
            { actions: world.actions, notActions: ['Microsoft.Authorization/*/write'] },
          ],
          host(),
        );
      case '/providers/Microsoft.Compute':
      case '/providers/Microsoft.Network':
        return { body: { registrationState: world.state } };
      case '/providers/Microsoft.DevTestLab':
        return { body: { registrationState: world.timers } };
      case '/locations':
        return page(
          asked,
          [{ name: 'eastus' }, { name: 'westeurope' }],
          world.elsewhere ? 'http://127.0.0.2:9' : host(),
        );
      case '/providers/Microsoft.Compute/skus':
        return asked.query.get('$filter') === "location eq 'eastus'"
          ? page(asked, skus, host())
          : page(asked, [], host());
      case '/providers/Microsoft.Compute/locations/eastus/usages':
        return page(
          asked,
          [
            { name: { value: 'cores', localizedValue: 'Total Regional vCPUs' }, currentValue: 2, limit: 10 },
            { name: { value: 'lowPriorityCores' }, currentValue: 0, limit: world.spotLimit },
            {
              name: { value: 'standardDSv5Family', localizedValue: 'Standard DSv5 Family vCPUs' },
              currentValue: 0,
              limit: world.limit,
            },
          ],
          host(),
        );
      case '/providers/Microsoft.Compute/locations/eastus/publishers/Canonical/artifacttypes/vmimage/offers/0001-com-ubuntu-server-jammy/skus/22_04-lts-gen2/versions':
        return world.images > 0 ? { body: [{ name: '22.04.202611010' }] } : fault(404, 'PlatformImageNotFound');
      case '/resourcegroups':
        return asked.query.get('$filter') === "tagName eq 'cvicast-job'"
          ? page(
              asked,
              [...world.groups.keys()].map((name) => ({
                id: `${root}/resourceGroups/${name}`,
                name,
                location: 'eastus',
                tags,
              })),
              host(),
            )
          : null;
      case '/resources':
        return asked.query.get('$filter') === "tagName eq 'cvicast-job'"
          ? page(
              asked,
              [...world.loose].map((id) => ({
                id,
                type: /providers\/(.+)\/[^/]+$/.exec(id)?.[1],
                location: 'eastus',
                tags,
              })),
              host(),
            )
          : null;
      default: {
        if (!world.loose.has(asked.path)) return rest.includes('/providers/') ? fault(404, 'ResourceNotFound') : null;
        return { body: {} };
      }
    }
  };
}

describe('the API of Azure', () => {
  let world: World;
  let cloud: LoopbackCloud;
  let home: string;
  const principal = (): NodeJS.ProcessEnv => ({
    ARM_CLIENT_ID: 'app',
    ARM_CLIENT_SECRET: secret,
    ARM_TENANT_ID: tenant,
    ARM_SUBSCRIPTION_ID: subscription,
  });
  const api = (env: NodeJS.ProcessEnv = principal()): Promise<CloudApi> =>
    azureApi(
      {
        env: {
          ARM_ENDPOINT: cloud.url,
          AZURE_AUTHORITY_HOST: `${cloud.url}/`,
          AZURE_RETAIL_PRICES_ENDPOINT: cloud.url,
          ...env,
        },
        homeFolder: home,
      },
      patient,
      quick,
    );

  beforeEach(async () => {
    world = {
      actions: ['*'],
      state: 'Registered',
      timers: 'Registered',
      limit: 10,
      spotLimit: 10,
      groups: new Map([['cv-1', 0]]),
      loose: new Set(),
      busyFor: 0,
      images: 1,
      elsewhere: false,
    };
    cloud = await loopbackCloud(standIn(world, () => cloud.url));
    home = await fs.mkdtemp(path.join(os.tmpdir(), 'cvicast-azure-'));
  });
  afterEach(async () => {
    await fs.rm(home, { recursive: true, force: true });
    await cloud.close();
  });

  test('a choice that can be had passes with one login, and nothing is changed', async () => {
    await (await api()).preflight({ region: 'eastus', zone: '1', size: 'Standard_D4s_v5' });
    const changing = cloud.asked.filter((one) => one.method !== 'GET').map((one) => one.path);
    expect(changing).toEqual([`/${tenant}/oauth2/v2.0/token`]);
  });

  test.each([
    ['a wrong secret', { env: { ARM_CLIENT_SECRET: 'old' } }, {}, 'azure-login-refused'],
    ['a login that may only read', {}, { actions: ['*/read'] }, 'azure-not-allowed'],
    [
      'a login that may not make networks',
      {},
      { actions: ['Microsoft.Compute/*', 'Microsoft.Resources/*'] },
      'azure-not-allowed',
    ],
    ['a subscription that never made a machine', {}, { state: 'NotRegistered' }, 'azure-provider-unregistered'],
    ['a subscription without its shutdown schedules', {}, { timers: 'NotRegistered' }, 'azure-provider-unregistered'],
    [
      'a login that may not arm the schedule',
      {},
      { actions: ['Microsoft.Compute/*', 'Microsoft.Resources/*', 'Microsoft.Network/*'] },
      'azure-not-allowed',
    ],
    ['an unknown region', { region: 'eastus9' }, {}, 'unknown-region'],
    ['an unknown size', { size: 'Standard_D4s_v9' }, {}, 'unknown-size'],
    ['an arm64 size', { size: 'Standard_D4pls_v5' }, {}, 'arm-size'],
    ['a size that is not sold to this subscription', { size: 'Standard_F4s_v2' }, {}, 'azure-size-not-here'],
    ['a zone that is not sold to this subscription', { zone: '3' }, {}, 'azure-size-not-here'],
    ['a quota of zero', {}, { limit: 0 }, 'azure-core-quota'],
    ['a missing image', {}, { images: 0 }, 'azure-image-missing'],
  ])(
    '%s is refused before anything is made',
    async (
      _,
      asks: { env?: NodeJS.ProcessEnv; region?: string; size?: string; zone?: string },
      change: Partial<World>,
      code,
    ) => {
      Object.assign(world, change);
      const choice = {
        region: asks.region ?? 'eastus',
        size: asks.size ?? 'Standard_D4s_v5',
        ...(asks.zone ? { zone: asks.zone } : {}),
      };
      await expect((await api({ ...principal(), ...asks.env })).preflight(choice)).rejects.toMatchObject({
        code,
        name: 'UserError',
      });
    },
  );

  test('spot machines have a limit of their own', async () => {
    const choice = { region: 'eastus', size: 'Standard_D4s_v5' };
    world.spotLimit = 3;
    await (await api()).preflight(choice);
    const spot = (await api()).preflight({ ...choice, spot: true });
    await expect(spot).rejects.toMatchObject({ code: 'azure-core-quota', why: expect.stringContaining('0 of 3') });
    Object.assign(world, { limit: 0, spotLimit: 4 });
    await (await api()).preflight({ ...choice, spot: true });
  });

  test('a next page at another address is not followed: it would get the token', async () => {
    world.elsewhere = true;
    await expect((await api()).preflight({ region: 'eastus', size: 'Standard_D4s_v5' })).rejects.toMatchObject({
      code: 'azure-page-elsewhere',
    });
  });

  test('lists all pages of groups, and only what lies outside of them', async () => {
    world.groups.set('cv-2', 0);
    world.loose.add(`${root}/resourceGroups/CV-1/providers/Microsoft.Compute/virtualMachines/machine`);
    world.loose.add(`${root}/resourceGroups/other/providers/Microsoft.Network/publicIPAddresses/address`);
    world.loose.add(`${root}/resourceGroups/other/providers/Microsoft.Compute/disks/disk`);
    const found = await (await api()).list(['eastus']);
    expect(found.map((one) => `${one.kind} ${one.id.split('/').at(-1) ?? ''}`)).toEqual([
      'resource group cv-1',
      'resource group cv-2',
      'microsoft.compute/disks disk',
      'microsoft.network/publicipaddresses address',
    ]);
    expect(found[0]).toMatchObject({
      job: 'cv-1',
      owner: 'abc',
      region: 'eastus',
      expiresAt: '2025-11-28T13:00:00.000Z',
    });
    expect(await (await api()).list(['westeurope'])).toEqual([]);
  });

  test('deletes a group, waits until it is gone, and takes "gone already" for success', async () => {
    world.busyFor = 2;
    const [group] = await (await api()).list([]);
    await (await api()).remove(group as CloudResource);
    expect(world.groups.size).toBe(0);
    expect(cloud.asked.find((one) => one.method === 'DELETE')?.query.get('forceDeletionTypes')).toBe(
      'Microsoft.Compute/virtualMachines',
    );
    await (await api()).remove(group as CloudResource);
  });

  test('deletes what lies outside of a group; refuses an id that is none', async () => {
    const id = `${root}/resourceGroups/other/providers/Microsoft.Compute/disks/disk`;
    world.loose.add(id);
    const disk = (await (await api()).list([])).find((one) => one.id === id) as CloudResource;
    await (await api()).remove(disk);
    expect(world.loose.size).toBe(0);
    await expect((await api()).remove({ ...disk, id: `${root}/resourceGroups/x/../y` })).rejects.toMatchObject({
      code: 'unknown-resource',
    });
  });

  test('the live price is the Linux machine with its disk and address', async () => {
    expect(await (await api()).livePrice?.({ region: 'eastus', size: 'Standard_D4s_v5' })).toBeCloseTo(0.2003, 6);
    expect(await (await api()).livePrice?.({ region: 'eastus', size: 'Standard_X' })).toBeNull();
  });

  test('the secret is in no error', async () => {
    const thrown: unknown = await (
      await api({ ...principal(), ARM_CLIENT_SECRET: 'S3CRET-old' })
    )
      .list([])
      .catch((reason: unknown) => reason);
    expect(JSON.stringify(thrown, Object.getOwnPropertyNames(thrown))).not.toContain('S3CRET');
  });

  describe('with az login', () => {
    const profile = { subscriptions: [{ id: subscription, name: 'Pay as you go', isDefault: true, state: 'Enabled' }] };
    /** An `az` that answers as the real one does, and only to the right question. */
    async function installAz(body: string): Promise<NodeJS.ProcessEnv> {
      const bin = path.join(home, 'bin');
      await fs.mkdir(bin);
      await fs.writeFile(path.join(bin, 'az'), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
      await fs.mkdir(path.join(home, '.azure'));
      await fs.writeFile(path.join(home, '.azure/azureProfile.json'), `\uFEFF${JSON.stringify(profile)}`);
      return { PATH: `${bin}:/usr/bin:/bin` };
    }

    test('the token comes from az, for the subscription that is the default', async () => {
      const env = await installAz(
        `test "$*" = "account get-access-token --resource ${cloud.url}/ --subscription ${subscription} --output json" || exit 9\necho '{"accessToken": "tok-az"}'`,
      );
      expect(await azure.credentials({ env, homeFolder: home })).toMatchObject({
        found: true,
        where: expect.stringContaining('Pay as you go'),
      });
      expect(await (await api(env)).list([])).toHaveLength(1);
    });

    test('an expired login is named with its fix', async () => {
      const env = await installAz(`echo "ERROR: AADSTS700082: The refresh token has expired" >&2; exit 1`);
      await expect((await api(env)).list([])).rejects.toMatchObject({ code: 'azure-login-expired', fix: 'az login' });
    });

    test('another subscription than those of the login is not found', async () => {
      const env = { ...(await installAz('exit 9')), ARM_SUBSCRIPTION_ID: tenant };
      expect(await azure.credentials({ env, homeFolder: home })).toMatchObject({
        found: false,
        fix: expect.stringContaining('az account set'),
      });
    });
  });

  test('half a service principal says which half is missing', async () => {
    const report = await azure.credentials({ env: { ARM_CLIENT_ID: 'app', ARM_TENANT_ID: tenant }, homeFolder: home });
    expect(report).toMatchObject({ found: false, missing: ['ARM_CLIENT_SECRET', 'ARM_SUBSCRIPTION_ID'] });
  });

  test('without az and without a principal the fix installs az', async () => {
    expect(await azure.credentials({ env: { PATH: home }, homeFolder: home })).toMatchObject({
      found: false,
      fix: expect.stringContaining('install the Azure CLI'),
    });
  });
});

describe('the catalogue of Azure', () => {
  test.each([
    [
      'AADSTS7000215: Invalid client secret provided. Ensure the secret being sent is the client secret value',
      'azure-login-refused',
      'stop',
    ],
    [
      'Code="ExpiredAuthenticationToken" Message="The access token expiry UTC time is earlier than current UTC time"',
      'azure-login-expired',
      'stop',
    ],
    [
      'Code="AuthorizationFailed" Message="The client does not have authorization to perform action \'Microsoft.Resources/subscriptions/resourcegroups/write\'"',
      'azure-not-allowed',
      'stop',
    ],
    [
      'Code="SkuNotAvailable" Message="The requested VM size for resource \'Following SKUs have failed for Capacity Restrictions: Standard_D4s_v5\' is currently not available in location \'eastus\'."',
      'azure-size-not-here',
      'zone',
    ],
    [
      'Code="ZonalAllocationFailed" Message="Allocation failed. We do not have sufficient capacity for the requested VM size in this zone."',
      'azure-zone-full',
      'zone',
    ],
    ['Code="AllocationFailed" Message="Allocation failed."', 'azure-region-full', 'size'],
    [
      'Code="OperationNotAllowed" Message="Operation could not be completed as it results in exceeding approved Total Regional Cores quota."',
      'azure-core-quota',
      'size',
    ],
    [
      'Code="PublicIPCountLimitReached" Message="Cannot create more than 10 public IP addresses"',
      'azure-address-quota',
      'stop',
    ],
    [
      'Code="MissingSubscriptionRegistration" Message="The subscription is not registered to use namespace \'Microsoft.Compute\'."',
      'azure-provider-unregistered',
      'stop',
    ],
    ['Code="RequestDisallowedByPolicy"', 'azure-policy-forbids', 'stop'],
    ['Code="InUseNetworkSecurityGroupCannotBeDeleted"', 'azure-in-use', 'retry'],
    ['Code="ScopeLocked"', 'azure-locked', 'stop'],
  ])('%s', (said, code, next) => {
    expect(refusal(azure, 'create a machine', said).code).toBe(code);
    expect(azure.errors.find((entry) => entry.code === code)?.next).toBe(next);
  });

  test('arm64 sizes are known by their names', () => {
    const arm = [
      'Standard_D4ps_v5',
      'Standard_D4pls_v5',
      'Standard_D4plds_v6',
      'Standard_E2ps_v5',
      'Standard_B2pts_v2',
    ];
    expect(arm.filter((name) => !azure.armSizes?.test(name))).toEqual([]);
    expect(azure.sizes.filter((size) => azure.armSizes?.test(size.name))).toEqual([]);
  });
});
