import { createHash, createHmac } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { alibaba } from '../../src/cloud/alibaba';
import { alibabaApi } from '../../src/cloud/alibaba/api';
import { encoded, signedHeaders } from '../../src/cloud/alibaba/signature';
import { refusal } from '../../src/cloud/refusal';
import type { CloudResource } from '../../src/cloud/types';
import { loopbackCloud, patient, quick, type Answer, type Asked, type LoopbackCloud } from './loopback-cloud';

const key = { id: 'LTAI5tExample', secret: 'S3CRET-of-the-key' };
const fault = (status: number, code: string): Answer => ({
  status,
  body: { RequestId: 'R', Code: code, Message: `${code} it is` },
});
const tags = [
  ['cvicast-job', 'cv-1'],
  ['cvicast-owner', 'abc'],
  ['cvicast-expires', '1764334800'],
] as const;

interface World {
  readonly: boolean;
  quota: string;
  stock: string;
  images: number;
  throttled: number;
  instances: string[];
  groups: string[];
  switches: string[];
  vpcs: string[];
  keys: string[];
  disks: string[];
  nonces: Set<string>;
}

/** The signature as the documentation builds it, from what really arrived. */
function signatureOf(asked: Asked, secret: string): string {
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  const names = /SignedHeaders=([^,]+)/.exec(asked.headers.authorization ?? '')?.[1]?.split(';') ?? [];
  const query = [...asked.query.entries()]
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value).replace(/\*/g, '%2A')}`)
    .sort();
  const headers = names.map((name) => `${name}:${String(asked.headers[name])}\n`);
  const canonical = [
    asked.method,
    asked.path,
    query.join('&'),
    headers.join(''),
    names.join(';'),
    hash(asked.body),
  ].join('\n');
  return createHmac('sha256', secret)
    .update(`ACS3-HMAC-SHA256\n${hash(canonical)}`)
    .digest('hex');
}

const vpcActions = /Vpc|VSwitch/;

function standIn(world: World): (asked: Asked) => Answer | null {
  const shelf = (
    asked: Asked,
    outer: string,
    inner: string,
    idName: string,
    ids: readonly string[],
    style: 'ecs' | 'vpc',
    more: object = {},
  ): Answer => {
    const wanted = asked.query.get(idName) ?? (JSON.parse(asked.query.get(`${idName}s`) ?? '[]') as string[])[0];
    const found = ids.filter((id) => wanted === undefined || id === wanted);
    const page = Number(asked.query.get('PageNumber'));
    const tagged = tags.map(([name, value]) =>
      style === 'ecs' ? { TagKey: name, TagValue: value } : { Key: name, Value: value },
    );
    const items = found
      .slice(page - 1, page)
      .map((id) => ({ [idName]: id, CreationTime: '2026-11-28T10:00Z', Tags: { Tag: tagged }, ...more }));
    return { body: { TotalCount: found.length, [outer]: { [inner]: items } } };
  };
  const take = (ids: string[], id: string | null, missing: string, inUse: boolean): Answer => {
    const at = ids.indexOf(id ?? '');
    if (at === -1) return fault(404, missing);
    if (inUse) return fault(400, 'DependencyViolation');
    ids.splice(at, 1);
    return { body: { RequestId: 'R' } };
  };
  return (asked) => {
    const action = String(asked.headers['x-acs-action']);
    const nonce = String(asked.headers['x-acs-signature-nonce']);
    if (world.nonces.has(nonce)) return fault(400, 'SignatureNonceUsed');
    world.nonces.add(nonce);
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(String(asked.headers['x-acs-date'])))
      return fault(400, 'InvalidTimeStamp.Format');
    if (asked.headers['x-acs-version'] !== (vpcActions.test(action) ? '2016-04-28' : '2014-05-26')) return null;
    const { authorization = '' } = asked.headers;
    if (!authorization.startsWith(`ACS3-HMAC-SHA256 Credential=${key.id},`))
      return fault(404, 'InvalidAccessKeyId.NotFound');
    if (!authorization.endsWith(`,Signature=${signatureOf(asked, key.secret)}`))
      return fault(400, 'SignatureDoesNotMatch');
    if (world.throttled-- > 0) return fault(400, 'Throttling.User');
    if (action.startsWith('Describe') && asked.query.get('RegionId') !== 'ap-southeast-1') return null;
    if (
      asked.query.has('PageNumber') &&
      !['InstanceIds', 'DiskIds', 'KeyPairName', 'SecurityGroupId', 'VSwitchId', 'VpcId'].some((name) =>
        asked.query.has(name),
      ) &&
      asked.query.get('Tag.1.Key') !== 'cvicast-job'
    )
      return null;
    switch (action) {
      case 'DescribeRegions':
        return { body: { Regions: { Region: [{ RegionId: 'ap-southeast-1' }, { RegionId: 'eu-central-1' }] } } };
      case 'CreateVpc':
        if (asked.query.get('DryRun') !== 'true') return null;
        return world.readonly ? fault(403, 'Forbidden.RAM') : fault(400, 'DryRunOperation');
      case 'DescribeInstanceTypes': {
        const size = asked.query.get('InstanceTypes.1') ?? '';
        const known = ['ecs.c7.xlarge', 'ecs.c8y.xlarge'].filter((name) => name === size);
        return {
          body: {
            InstanceTypes: {
              InstanceType: known.map((name) => ({
                InstanceTypeId: name,
                CpuCoreCount: 4,
                CpuArchitecture: name.includes('y') ? 'ARM' : 'X86',
              })),
            },
          },
        };
      }
      case 'DescribeAvailableResource': {
        const resource = (category: string): object => ({
          AvailableResource: [
            {
              Type: 'InstanceType',
              SupportedResources: {
                SupportedResource: [{ Value: 'ecs.c7.xlarge', Status: 'Available', StatusCategory: category }],
              },
            },
          ],
        });
        return {
          body: {
            AvailableZones: {
              AvailableZone: [
                {
                  ZoneId: 'ap-southeast-1a',
                  Status: 'Available',
                  StatusCategory: 'WithStock',
                  AvailableResources: resource(world.stock),
                },
                { ZoneId: 'ap-southeast-1b', Status: 'SoldOut', StatusCategory: 'WithoutStock' },
              ],
            },
          },
        };
      }
      case 'DescribeAccountAttributes':
        return {
          body: {
            AccountAttributeItems: {
              AccountAttributeItem: [
                {
                  AttributeName: 'max-postpaid-instance-vcpu-count',
                  AttributeValues: { ValueItem: [{ Value: world.quota }] },
                },
                {
                  AttributeName: 'used-postpaid-instance-vcpu-count',
                  AttributeValues: { ValueItem: [{ Value: '2' }] },
                },
              ],
            },
          },
        };
      case 'DescribeImages':
        return asked.query.get('ImageName') === 'ubuntu_22_04_x64*' ? { body: { TotalCount: world.images } } : null;
      case 'DescribePrice':
        return { body: { PriceInfo: { Price: { Currency: 'USD', OriginalPrice: 0.2234, TradePrice: 0.2 } } } };
      case 'DescribeInstances':
        return shelf(asked, 'Instances', 'Instance', 'InstanceId', world.instances, 'ecs');
      case 'DescribeDisks':
        return shelf(asked, 'Disks', 'Disk', 'DiskId', world.disks, 'ecs', {
          Status: world.instances.length > 0 ? 'In_use' : 'Available',
        });
      case 'DescribeKeyPairs':
        return shelf(asked, 'KeyPairs', 'KeyPair', 'KeyPairName', world.keys, 'ecs');
      case 'DescribeSecurityGroups':
        return shelf(asked, 'SecurityGroups', 'SecurityGroup', 'SecurityGroupId', world.groups, 'ecs');
      case 'DescribeVSwitches':
        return shelf(asked, 'VSwitches', 'VSwitch', 'VSwitchId', world.switches, 'vpc');
      case 'DescribeVpcs':
        return shelf(asked, 'Vpcs', 'Vpc', 'VpcId', world.vpcs, 'vpc');
      case 'DeleteInstance':
        return asked.query.get('Force') === 'true'
          ? take(world.instances, asked.query.get('InstanceId'), 'InvalidInstanceId.NotFound', false)
          : fault(403, 'IncorrectInstanceStatus.Running');
      case 'DeleteDisk':
        return take(world.disks, asked.query.get('DiskId'), 'InvalidDiskId.NotFound', false);
      case 'DeleteKeyPairs':
        return take(
          world.keys,
          (JSON.parse(asked.query.get('KeyPairNames') ?? '[]') as string[])[0] ?? null,
          'InvalidKeyPair.NotFound',
          false,
        );
      case 'DeleteSecurityGroup':
        return take(
          world.groups,
          asked.query.get('SecurityGroupId'),
          'InvalidSecurityGroupId.NotFound',
          world.instances.length > 0,
        );
      case 'DeleteVSwitch':
        return take(
          world.switches,
          asked.query.get('VSwitchId'),
          'InvalidVswitchID.NotFound',
          world.instances.length > 0,
        );
      case 'DeleteVpc':
        return take(
          world.vpcs,
          asked.query.get('VpcId'),
          'InvalidVpcID.NotFound',
          world.switches.length + world.groups.length > 0,
        );
      default:
        return null;
    }
  };
}

describe('the signature of Alibaba Cloud', () => {
  test('is that of the documented example', () => {
    const request = {
      method: 'POST' as const,
      host: 'ecs.cn-shanghai.aliyuncs.com',
      action: 'RunInstances',
      version: '2014-05-26',
      parameters: { RegionId: 'cn-shanghai', ImageId: 'win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd' },
      date: '2023-10-26T10:22:32Z',
      nonce: '3156853299f313e23d1673dc12e1703d',
    };
    const { authorization } = signedHeaders(request, { id: 'YourAccessKeyId', secret: 'YourAccessKeySecret' });
    expect(authorization).toMatch(/Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0$/);
  });

  test('a temporary key signs its token too', () => {
    const request = {
      method: 'POST' as const,
      host: 'h',
      action: 'A',
      version: 'v',
      parameters: {},
      date: 'd',
      nonce: 'n',
    };
    const headers = signedHeaders(request, { ...key, token: 'STS' });
    expect(headers).toMatchObject({
      'x-acs-security-token': 'STS',
      authorization: expect.stringContaining(';x-acs-security-token;'),
    });
  });

  test('encodes as RFC 3986 says', () => {
    expect(encoded("a b*c(d)!'~/ü")).toBe('a%20b%2Ac%28d%29%21%27~%2F%C3%BC');
  });
});

describe('the API of Alibaba Cloud', () => {
  let world: World;
  let cloud: LoopbackCloud;
  const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    ALIBABA_CLOUD_ACCESS_KEY_ID: key.id,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: key.secret,
    ALIBABA_CLOUD_ENDPOINT_ECS: cloud.url,
    VPC_ENDPOINT: cloud.url,
    ...more,
  });
  const api = (more?: NodeJS.ProcessEnv) => alibabaApi({ env: env(more), homeFolder: '/nowhere' }, patient, quick);
  const choice = { region: 'ap-southeast-1', size: 'ecs.c7.xlarge' };

  beforeEach(async () => {
    world = {
      readonly: false,
      quota: '50',
      stock: 'WithStock',
      images: 3,
      throttled: 0,
      instances: ['i-1a', 'i-1b'],
      groups: ['sg-1a'],
      switches: ['vsw-1a'],
      vpcs: ['vpc-1a'],
      keys: ['cv-1'],
      disks: ['d-1a'],
      nonces: new Set(),
    };
    cloud = await loopbackCloud(standIn(world));
  });
  afterEach(() => cloud.close());

  test('a choice that can be had passes', async () => {
    await api().preflight({ ...choice, zone: 'ap-southeast-1a' });
    expect(world.vpcs).toEqual(['vpc-1a']);
  });

  test.each([
    ['an unknown key', { env: { ALIBABA_CLOUD_ACCESS_KEY_ID: 'LTAIwrong' } }, {}, 'alibaba-key-refused'],
    ['a wrong secret', { env: { ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'S3CRET-wrong' } }, {}, 'alibaba-key-refused'],
    ['a key that may only read', {}, { readonly: true }, 'alibaba-not-allowed'],
    ['an unknown region', { region: 'ap-southeast-9' }, {}, 'unknown-region'],
    ['an unknown size', { size: 'ecs.c7.xlarg' }, {}, 'unknown-size'],
    ['an arm64 size', { size: 'ecs.c8y.xlarge' }, {}, 'arm-size'],
    ['a zone where it is sold out', { zone: 'ap-southeast-1b' }, {}, 'alibaba-sold-out'],
    ['a region where it is sold out', {}, { stock: 'WithoutStock' }, 'alibaba-sold-out'],
    ['a quota of zero', {}, { quota: '0' }, 'alibaba-core-quota'],
    ['a missing image', {}, { images: 0 }, 'alibaba-image-missing'],
  ])(
    '%s is refused before anything is made',
    async (
      _,
      asks: { env?: NodeJS.ProcessEnv; region?: string; size?: string; zone?: string },
      change: Partial<World>,
      code,
    ) => {
      Object.assign(world, change);
      const asked = {
        region: asks.region ?? choice.region,
        size: asks.size ?? choice.size,
        ...(asks.zone ? { zone: asks.zone } : {}),
      };
      await expect(api(asks.env).preflight(asked)).rejects.toMatchObject({ code, name: 'UserError' });
    },
  );

  test('stock is asked for preemptible instances where one is wanted, and the others’ limit is not theirs', async () => {
    world.quota = '0';
    await api().preflight({ ...choice, spot: true });
    const asked = cloud.asked.find(({ query }) => query.has('SpotStrategy'));
    expect(asked?.headers['x-acs-action']).toBe('DescribeAvailableResource');
  });

  test('a size that the whole region lacks is told from one that a zone lacks', async () => {
    await expect(api().preflight({ ...choice, zone: 'ap-southeast-1b' })).rejects.toMatchObject({ next: 'zone' });
    world.stock = 'WithoutStock';
    await expect(api().preflight(choice)).rejects.toMatchObject({ next: 'size' });
  });

  test('lists every page of every kind in the order in which they can go; a disk in use goes with its instance', async () => {
    const found = await api().list(['ap-southeast-1']);
    expect(found.map((one) => `${one.kind} ${one.id}`)).toEqual([
      'instance i-1a',
      'instance i-1b',
      'key pair cv-1',
      'security group sg-1a',
      'vswitch vsw-1a',
      'vpc vpc-1a',
    ]);
    expect(new Set(found.map((one) => `${one.job} ${one.owner} ${one.expiresAt} ${one.region}`))).toEqual(
      new Set(['cv-1 abc 2025-11-28T13:00:00.000Z ap-southeast-1']),
    );
  });

  test('what was throttled is asked again, signed anew', async () => {
    world.throttled = 2;
    expect(await api().list(['ap-southeast-1'])).toHaveLength(6);
  });

  test('a listing that fails throws instead of looking empty', async () => {
    await expect(
      api({ ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'S3CRET-wrong' }).list(['ap-southeast-1']),
    ).rejects.toMatchObject({ code: 'alibaba-key-refused' });
  });

  test('deletes all in order; gone already is a success', async () => {
    const found = await api().list(['ap-southeast-1']);
    for (const one of found) await api().remove(one);
    expect((await api().list(['ap-southeast-1'])).map((one) => one.kind)).toEqual(['disk']);
    for (const one of [...found, ...(await api().list(['ap-southeast-1']))]) await api().remove(one);
    expect(await api().list(['ap-southeast-1'])).toEqual([]);
  });

  test('a group in use is tried again, then an error with the reason; an odd id never reaches the cloud', async () => {
    const group = (await api().list(['ap-southeast-1'])).find((one) => one.kind === 'security group') as CloudResource;
    await expect(api().remove(group)).rejects.toMatchObject({ code: 'alibaba-in-use' });
    expect(cloud.asked.filter((one) => one.headers['x-acs-action'] === 'DeleteSecurityGroup')).toHaveLength(
      patient.attempts,
    );
    await expect(api().remove({ ...group, id: 'sg-1&Action=DeleteVpc' })).rejects.toMatchObject({
      code: 'unknown-resource',
    });
  });

  test('the live price is the list price of machine and disk', async () => {
    expect(await api().livePrice?.(choice)).toBe(0.2234);
  });

  test('the secret is in no error', async () => {
    const thrown: unknown = await api({ ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'S3CRET-wrong' })
      .list(['ap-southeast-1'])
      .catch((reason: unknown) => reason);
    expect(JSON.stringify(thrown, Object.getOwnPropertyNames(thrown))).not.toContain('S3CRET');
  });
});

describe('credentials of Alibaba Cloud', () => {
  let home: string;
  const profiles = {
    current: 'work',
    profiles: [
      { name: 'default', mode: 'EcsRamRole', ram_role_name: 'role' },
      { name: 'work', mode: 'AK', access_key_id: key.id, access_key_secret: key.secret, region_id: 'cn-hangzhou' },
      { name: 'guest', mode: 'StsToken', access_key_id: 'STS.1', access_key_secret: key.secret, sts_token: 'TOK' },
    ],
  };
  beforeEach(async () => {
    home = await fs.mkdtemp(path.join(os.tmpdir(), 'cvicast-alibaba-'));
    await fs.mkdir(path.join(home, '.aliyun'));
    await fs.writeFile(path.join(home, '.aliyun/config.json'), JSON.stringify(profiles));
  });
  afterEach(() => fs.rm(home, { recursive: true, force: true }));

  test('the current profile of aliyun is found, shown by name alone, and handed to the engine', async () => {
    const report = await alibaba.credentials({ env: {}, homeFolder: home });
    expect(report).toMatchObject({ found: true, where: expect.stringContaining('"work"') });
    expect(JSON.stringify(report)).not.toContain('S3CRET');
    expect(alibaba.engineEnv?.({ env: {}, homeFolder: home })).toEqual({
      ALICLOUD_ACCESS_KEY: key.id,
      ALICLOUD_SECRET_KEY: key.secret,
    });
    expect(alibaba.engineEnv?.({ env: { ALICLOUD_PROFILE: 'guest' }, homeFolder: home })).toMatchObject({
      ALICLOUD_SECURITY_TOKEN: 'TOK',
    });
  });

  test.each([
    [{ ALICLOUD_ACCESS_KEY: 'a', ALICLOUD_SECRET_KEY: 'b' }, true, 'ALICLOUD_ACCESS_KEY'],
    [{ ALIBABACLOUD_ACCESS_KEY_ID: 'a', ALIBABACLOUD_ACCESS_KEY_SECRET: 'b' }, true, 'ALIBABACLOUD_ACCESS_KEY_ID'],
    [{ ALIBABA_CLOUD_ACCESS_KEY_ID: 'a' }, false, 'ALIBABA_CLOUD_ACCESS_KEY_SECRET'],
    [{ ALICLOUD_PROFILE: 'default' }, false, 'EcsRamRole'],
  ])('%j', async (env, found, where) => {
    expect(await alibaba.credentials({ env, homeFolder: home })).toMatchObject({
      found,
      where: expect.stringContaining(where),
    });
  });

  test('with nothing at all the fix says where a key is made', async () => {
    const context = { env: {}, homeFolder: '/nowhere' };
    expect(await alibaba.credentials(context)).toMatchObject({
      found: false,
      fix: expect.stringContaining('aliyun configure'),
    });
    await expect(alibaba.api(context)).rejects.toMatchObject({ code: 'no-credentials' });
  });
});

describe('the catalogue of Alibaba Cloud', () => {
  test.each([
    ['ErrorCode: InvalidAccessKeyId.NotFound Specified access key is not found.', 'alibaba-key-refused', 'stop'],
    [
      'Code: Forbidden.RAM\nMessage: User not authorized to operate on the specified resource',
      'alibaba-not-allowed',
      'stop',
    ],
    [
      'ErrorCode: InvalidAccountStatus.NotEnoughBalance Your account does not have enough balance.',
      'alibaba-no-money',
      'stop',
    ],
    [
      'ErrorCode: OperationDenied.NoStock The requested resource is sold out in the specified zone',
      'alibaba-sold-out',
      'zone',
    ],
    ['ErrorCode: Zone.NotOnSale The specified zone is not available for purchase.', 'alibaba-sold-out', 'zone'],
    [
      'ErrorCode: QuotaExceed.ElasticQuota No additional quota is available for the specified ECS instance type.',
      'alibaba-core-quota',
      'size',
    ],
    ['ErrorCode: QuotaExceeded.Vpc VPC quota exceeded.', 'alibaba-quota', 'stop'],
    [
      'ErrorCode: InvalidInstanceType.ValueNotSupported The specified InstanceType is not supported',
      'alibaba-size-refused',
      'size',
    ],
    [
      'ErrorCode: InvalidAutoReleaseTime.Malformed The specified AutoReleaseTime is out of the permitted range.',
      'alibaba-release-time-refused',
      'stop',
    ],
    [
      'ErrorCode: RealNameAuthenticationError Your account has not passed the real-name authentication yet.',
      'alibaba-not-verified',
      'stop',
    ],
    ['ErrorCode: DependencyViolation.Instance Specified object has dependent resources.', 'alibaba-in-use', 'retry'],
    [
      'ErrorCode: IncorrectInstanceStatus.Initializing The specified instance status does not support this operation.',
      'alibaba-busy',
      'retry',
    ],
    ['ErrorCode: Throttling.User Request was denied due to user flow control.', 'alibaba-too-many-requests', 'retry'],
  ])('%s', (said, code, next) => {
    expect(refusal(alibaba, 'create an instance', said).code).toBe(code);
    expect(alibaba.errors.find((entry) => entry.code === code)?.next).toBe(next);
  });

  test('endpoints of the environment reach the plugin as it wants them', () => {
    const env = { ALIBABA_CLOUD_ENDPOINT_ECS: 'http://127.0.0.1:9/', VPC_ENDPOINT: '127.0.0.1:9' };
    expect(alibaba.engineConfig({ region: 'ap-southeast-1', env })).toEqual({
      'alicloud:region': 'ap-southeast-1',
      'alicloud:endpoints': '[{"ecs":"127.0.0.1:9","vpc":"127.0.0.1:9"}]',
      'alicloud:protocol': 'HTTP',
      'alicloud:skipRegionValidation': 'true',
    });
    expect(alibaba.engineConfig({ region: 'eu-central-1', env: {} })).toEqual({ 'alicloud:region': 'eu-central-1' });
  });

  test('the default lies outside mainland China, and arm64 sizes are known by their names', () => {
    expect(alibaba.defaultRegion).not.toMatch(/^cn-(?!hongkong)/);
    const arm = ['ecs.c8y.xlarge', 'ecs.g6r.large', 'ecs.r8y.2xlarge', 'ecs.g8y.small', 'ecs.c6r.xlarge'];
    expect(arm.filter((name) => !alibaba.armSizes?.test(name))).toEqual([]);
    expect(alibaba.sizes.filter((size) => alibaba.armSizes?.test(size.name))).toEqual([]);
  });
});
