import { findImage } from '../../src/cloud/tencent/image';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import Sign from 'tencentcloud-sdk-nodejs-common/tencentcloud/common/sign';
import { refusal } from '../../src/cloud/refusal';
import { tencent } from '../../src/cloud/tencent';
import { tencentApi } from '../../src/cloud/tencent/api';
import { addressOf } from '../../src/cloud/tencent/client';
import { authorization } from '../../src/cloud/tencent/signature';
import type { CloudApi, CloudResource } from '../../src/cloud/types';
import { loopbackCloud, patient, quick, type Answer, type Asked, type LoopbackCloud } from './loopback-cloud';

const key = { id: 'AKIDexample', secret: 'S3CRET-of-the-key' };
const answer = (response: object): Answer => ({ body: { Response: { RequestId: 'R', ...response } } });
/** Tencent refuses with status 200. */
const fault = (code: string): Answer => answer({ Error: { Code: code, Message: `${code} it is` } });
const tags = [
  { Key: 'cvicast-job', Value: 'cv-1' },
  { Key: 'cvicast-owner', Value: 'abc' },
  { Key: 'cvicast-expires', Value: '1764334800' },
];

/** What Tencent's own SDK would have sent for the same request: the judge of ours. */
function sdkAuthorization(service: string, host: string, body: object, timestamp: number): string {
  return Sign.sign3({
    method: 'POST',
    url: `https://${host}/`,
    payload: body,
    timestamp,
    service,
    secretId: key.id,
    secretKey: key.secret,
    multipart: false,
    boundary: undefined as never,
    headers: { 'Content-Type': 'application/json' },
  });
}

interface World {
  dryRun: string;
  status: string;
  quota: number;
  images: number;
  throttled: number;
  instances: string[];
  keys: string[];
  groups: string[];
  subnets: string[];
  vpcs: string[];
}

type Parameters = Record<string, unknown> & { Filters?: { Name: string; Values: string[] }[] };

/** One item a page; the VPC API (`text`) takes its numbers as text and knows of an id or refuses. */
function shelf(asked: Parameters, field: string, idName: string, ids: readonly string[], text: boolean): Answer | null {
  const wanted = asked[`${idName}s`] as string[] | undefined;
  const byTag = JSON.stringify(asked.Filters) === '[{"Name":"tag-key","Values":["cvicast-job"]}]';
  if (wanted === undefined && !byTag) return null;
  if (typeof asked['Offset'] !== (text ? 'string' : 'number')) return fault('InvalidParameter');
  const found = ids.filter((id) => wanted === undefined || wanted.includes(id));
  if (wanted !== undefined && found.length === 0 && text) return fault('ResourceNotFound');
  const at = Number(asked['Offset']);
  const items = found
    .slice(at, at + 1)
    .map((id) => ({ [idName]: id, CreatedTime: '2026-11-28T10:00:00Z', [text ? 'TagSet' : 'Tags']: tags }));
  return answer({ TotalCount: found.length, [field]: items });
}

function take(ids: string[], id: unknown, missing: string, inUse: boolean): Answer {
  const at = ids.indexOf(String(id));
  if (at === -1) return fault(missing);
  if (inUse) return fault('ResourceInUse');
  ids.splice(at, 1);
  return answer({});
}

const images = [
  { ImageId: 'img-24', ImageName: 'Ubuntu Server 24.04 LTS 64bit', Architecture: 'x86_64' },
  { ImageId: 'img-arm', ImageName: 'Ubuntu Server 22.04 LTS 64bit(ARM)', Architecture: 'arm64' },
  { ImageId: 'img-22', ImageName: 'Ubuntu Server 22.04 LTS 64bit', Architecture: 'x86_64' },
];

function refusedAtTheDoor(asked: Asked, service: string, parameters: Parameters): Answer | null {
  const timestamp = Number(asked.headers['x-tc-timestamp']);
  if (Math.abs(timestamp - Date.now() / 1000) > 300) return fault('AuthFailure.SignatureExpire');
  if (!asked.headers.authorization?.includes(`Credential=${key.id}/`)) return fault('AuthFailure.SecretIdNotFound');
  const right = sdkAuthorization(service, '127.0.0.1', parameters, timestamp);
  if (asked.headers.authorization !== right) return fault('AuthFailure.SignatureFailure');
  return asked.headers['x-tc-region'] === 'ap-singapore' ? null : fault('UnsupportedRegion');
}

function described(action: string, parameters: Parameters, world: World): Answer | null {
  switch (action) {
    case 'DescribeRegions':
      return answer({
        RegionSet: [
          { Region: 'ap-singapore', RegionState: 'AVAILABLE' },
          { Region: 'eu-frankfurt', RegionState: 'AVAILABLE' },
        ],
      });
    case 'DescribeZoneInstanceConfigInfos': {
      const size = parameters.Filters?.find((one) => one.Name === 'instance-type')?.Values[0];
      const offers = [
        { Zone: 'ap-singapore-2', InstanceType: size, Cpu: 4, Status: world.status },
        { Zone: 'ap-singapore-3', InstanceType: size, Cpu: 4, Status: 'SOLD_OUT' },
      ];
      return answer({ InstanceTypeQuotaSet: size === 'S5.LARGE8' ? offers : [] });
    }
    case 'DescribeImages': {
      const at = Number(parameters['Offset']);
      return answer({ TotalCount: world.images, ImageSet: images.slice(0, world.images).slice(at, at + 1) });
    }
    case 'DescribeAccountQuota': {
      const quotas = [
        { Zone: 'ap-singapore-2', RemainingQuota: world.quota, TotalQuota: 30 },
        { Zone: 'ap-singapore-4', RemainingQuota: 30 },
      ];
      return answer({ AccountQuotaOverview: { AccountQuota: { PostPaidQuotaSet: quotas } } });
    }
    case 'DescribeInstances':
      return shelf(parameters, 'InstanceSet', 'InstanceId', world.instances, false);
    case 'DescribeKeyPairs':
      return shelf(parameters, 'KeyPairSet', 'KeyId', world.keys, false);
    case 'DescribeSecurityGroups':
      return shelf(parameters, 'SecurityGroupSet', 'SecurityGroupId', world.groups, true);
    case 'DescribeSubnets':
      return shelf(parameters, 'SubnetSet', 'SubnetId', world.subnets, true);
    case 'DescribeVpcs':
      return shelf(parameters, 'VpcSet', 'VpcId', world.vpcs, true);
    default:
      return null;
  }
}

function changed(action: string, parameters: Parameters, world: World): Answer | null {
  const first = (name: string): unknown => (parameters[name] as string[] | undefined)?.[0];
  switch (action) {
    case 'RunInstances':
      if (parameters['DryRun'] !== true) return null;
      if (parameters['ImageId'] !== 'img-22') return fault('InvalidImageId.NotFound');
      return world.dryRun === '' ? answer({}) : fault(world.dryRun);
    case 'TerminateInstances':
      return take(world.instances, first('InstanceIds'), 'InvalidInstanceId.NotFound', false);
    case 'DeleteKeyPairs':
      return take(world.keys, first('KeyIds'), 'InvalidKeyPairId.NotFound', false);
    case 'DeleteSecurityGroup':
      return take(world.groups, parameters['SecurityGroupId'], 'ResourceNotFound', world.instances.length > 0);
    case 'DeleteSubnet':
      return take(world.subnets, parameters['SubnetId'], 'ResourceNotFound', world.instances.length > 0);
    case 'DeleteVpc':
      return take(world.vpcs, parameters['VpcId'], 'ResourceNotFound', world.subnets.length > 0);
    default:
      return null;
  }
}

function standIn(world: World): (asked: Asked) => Answer | null {
  return (asked) => {
    const action = String(asked.headers['x-tc-action']);
    const service = /Vpc|Subnet|SecurityGroup/.test(action) ? 'vpc' : 'cvm';
    const parameters = JSON.parse(asked.body) as Parameters;
    if (asked.method !== 'POST' || asked.path !== '/' || asked.headers['x-tc-version'] !== '2017-03-12') return null;
    const refused = refusedAtTheDoor(asked, service, parameters);
    if (refused) return refused;
    if (world.throttled-- > 0) return fault('RequestLimitExceeded');
    return described(action, parameters, world) ?? changed(action, parameters, world);
  };
}

describe('the signature of Tencent Cloud', () => {
  test('is that of the documented example', () => {
    const header = authorization(
      {
        service: 'cvm',
        host: 'cvm.tencentcloudapi.com',
        contentType: 'application/json; charset=utf-8',
        body: '{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}',
        timestamp: 1551113065,
      },
      { id: 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE', secret: 'Gu5t9xGARNpq86cd98joQYCN3EXAMPLE' },
    );
    expect(header).toBe(
      'TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host, Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168',
    );
  });

  test("is that of Tencent's own SDK", () => {
    const body = { Filters: [{ Name: 'tag-key', Values: ['cvicast-job', 'ü 漢'] }], Limit: 100 };
    const host = 'vpc.tencentcloudapi.com';
    const request = { service: 'vpc', host, contentType: 'application/json', body: JSON.stringify(body) };
    const timestamp = 1_790_000_000;
    expect(authorization({ ...request, timestamp }, key)).toBe(sdkAuthorization('vpc', host, body, timestamp));
  });
});

describe('the API of Tencent Cloud', () => {
  let world: World;
  let cloud: LoopbackCloud;
  const choice = { region: 'ap-singapore', size: 'S5.LARGE8' };
  const api = (more: NodeJS.ProcessEnv = {}): CloudApi => {
    const usual = {
      TENCENTCLOUD_SECRET_ID: key.id,
      TENCENTCLOUD_SECRET_KEY: key.secret,
      TENCENTCLOUD_ENDPOINT: cloud.url,
    };
    return tencentApi({ env: { ...usual, ...more }, homeFolder: '/nowhere' }, patient, quick);
  };

  beforeEach(async () => {
    world = {
      dryRun: '',
      status: 'SELL',
      quota: 30,
      images: 3,
      throttled: 0,
      instances: ['ins-1a', 'ins-1b'],
      keys: ['skey-1a'],
      groups: ['sg-1a'],
      subnets: ['subnet-1a'],
      vpcs: ['vpc-1a'],
    };
    cloud = await loopbackCloud(standIn(world));
  });
  afterEach(() => cloud.close());

  test('a choice that can be had passes', async () => {
    await api().preflight({ ...choice, zone: 'ap-singapore-2' });
    await api().preflight(choice);
    expect(world.instances).toHaveLength(2);
  });

  test('a dry run that fails only for want of what the stack makes first is no refusal', async () => {
    world.dryRun = 'InvalidParameterValue.VpcIdNotExist';
    await api().preflight(choice);
    expect(cloud.asked.at(-1)?.headers['x-tc-action']).toBe('RunInstances');
  });

  type Asks = { env?: NodeJS.ProcessEnv; region?: string; size?: string; zone?: string };
  test.each<[string, Asks, Partial<World>, string]>([
    ['an unknown key', { env: { TENCENTCLOUD_SECRET_ID: 'AKIDwrong' } }, {}, 'tencent-key-refused'],
    ['a wrong secret', { env: { TENCENTCLOUD_SECRET_KEY: 'S3CRET-wrong' } }, {}, 'tencent-key-refused'],
    ['a key that may only read', {}, { dryRun: 'UnauthorizedOperation' }, 'tencent-not-allowed'],
    ['an empty account', {}, { dryRun: 'FailedOperation.InsufficientBalance' }, 'tencent-no-money'],
    ['stock that just ended', {}, { dryRun: 'ResourceInsufficient.SpecifiedInstanceType' }, 'tencent-sold-out'],
    ['an unknown region', { region: 'ap-singapur' }, {}, 'unknown-region'],
    ['an unknown size', { size: 'S5.LARGE9' }, {}, 'unknown-size'],
    ['an arm64 size', { size: 'SR1.LARGE8' }, {}, 'arm-size'],
    ['a zone where it is sold out', { zone: 'ap-singapore-3' }, {}, 'tencent-sold-out'],
    ['a region where it is sold out', {}, { status: 'SOLD_OUT' }, 'tencent-sold-out'],
    ['a quota of zero', { zone: 'ap-singapore-2' }, { quota: 0 }, 'tencent-instance-quota'],
    ['a missing image', {}, { images: 2 }, 'tencent-image-missing'],
  ])('%s is refused before anything is made', async (_, { env, ...asks }, change, code) => {
    Object.assign(world, change);
    await expect(api(env).preflight({ ...choice, ...asks })).rejects.toMatchObject({ code, name: 'UserError' });
  });

  test('what is asked of spot machines is what they have', async () => {
    world.quota = 0;
    await api().preflight({ ...choice, zone: 'ap-singapore-2', spot: true });
    const asked = cloud.asked.map(({ body }) => body).join('\n');
    expect(asked.match(/SPOTPAID/g)).toHaveLength(2);
    expect(asked).not.toContain('POSTPAID_BY_HOUR');
  });

  test('a size that the whole region lacks is told from one that a zone lacks', async () => {
    await expect(api().preflight({ ...choice, zone: 'ap-singapore-3' })).rejects.toMatchObject({ next: 'zone' });
    world.status = 'SOLD_OUT';
    await expect(api().preflight(choice)).rejects.toMatchObject({ next: 'size' });
  });

  test('lists every page of every kind in the order in which they can go', async () => {
    const found = await api().list(['ap-singapore']);
    expect(found.map((one) => `${one.kind} ${one.id}`)).toEqual([
      'instance ins-1a',
      'instance ins-1b',
      'key pair skey-1a',
      'security group sg-1a',
      'subnet subnet-1a',
      'vpc vpc-1a',
    ]);
    const marks = new Set(found.map((one) => `${one.job} ${one.owner} ${one.expiresAt} ${one.region}`));
    expect(marks).toEqual(new Set(['cv-1 abc 2025-11-28T13:00:00.000Z ap-singapore']));
  });

  test('what was throttled is asked again', async () => {
    world.throttled = 2;
    expect(await api().list(['ap-singapore'])).toHaveLength(6);
  });

  test('a listing that fails in one region throws instead of looking empty', async () => {
    const listing = api().list(['ap-singapore', 'ap-nowhere']);
    await expect(listing).rejects.toMatchObject({ code: 'tencent-place-unknown' });
  });

  test('deletes all in order; gone already is a success', async () => {
    const found = await api().list(['ap-singapore']);
    for (const one of found) await api().remove(one);
    expect(await api().list(['ap-singapore'])).toEqual([]);
    for (const one of found) await api().remove(one);
  });

  test('a group in use is tried again, then an error with the reason; an odd id never reaches the cloud', async () => {
    const group = (await api().list(['ap-singapore'])).find((one) => one.kind === 'security group') as CloudResource;
    await expect(api().remove(group)).rejects.toMatchObject({ code: 'tencent-in-use' });
    const deletions = cloud.asked.filter((one) => one.headers['x-tc-action'] === 'DeleteSecurityGroup');
    expect(deletions).toHaveLength(patient.attempts);
    await expect(api().remove({ ...group, id: 'ins-1a' })).rejects.toMatchObject({ code: 'unknown-resource' });
  });

  test('the secret is in no error', async () => {
    const listing = api({ TENCENTCLOUD_SECRET_KEY: 'S3CRET-wrong' }).list(['ap-singapore']);
    const thrown: unknown = await listing.catch((reason: unknown) => reason);
    expect(JSON.stringify(thrown, Object.getOwnPropertyNames(thrown))).not.toContain('S3CRET');
  });

  test.each<[NodeJS.ProcessEnv, string]>([
    [{}, 'https://vpc.tencentcloudapi.com/'],
    [{ TENCENTCLOUD_DOMAIN: 'intl.tencentcloudapi.com' }, 'https://vpc.intl.tencentcloudapi.com/'],
    [{ TENCENTCLOUD_DOMAIN: 'stand.in', TENCENTCLOUD_PROTOCOL: 'HTTP' }, 'http://vpc.stand.in/'],
    [{ TENCENTCLOUD_ENDPOINT: 'http://127.0.0.1:8080' }, 'http://127.0.0.1:8080/'],
  ])('%j is asked at %s', (env, address) => {
    expect(addressOf(env, 'vpc').href).toBe(address);
  });
});

describe('credentials of Tencent Cloud', () => {
  let home: string;
  beforeEach(async () => {
    home = await fs.mkdtemp(path.join(os.tmpdir(), 'cvicast-tencent-'));
  });
  afterEach(() => fs.rm(home, { recursive: true, force: true }));

  test('the environment goes first; half a key is named', async () => {
    const env = { TENCENTCLOUD_SECRET_ID: key.id, TENCENTCLOUD_SECRET_KEY: key.secret };
    const whole = await tencent.credentials({ env, homeFolder: home });
    expect(whole).toMatchObject({ found: true, where: 'TENCENTCLOUD_SECRET_ID, TENCENTCLOUD_SECRET_KEY' });
    const half = await tencent.credentials({ env: { TENCENTCLOUD_SECRET_ID: key.id }, homeFolder: home });
    expect(half).toMatchObject({ found: false, missing: ['TENCENTCLOUD_SECRET_KEY'] });
  });

  test("tccli's profile is found, shown by name alone, and handed to the engine", async () => {
    await fs.mkdir(path.join(home, '.tccli'));
    const text = JSON.stringify({ secretId: key.id, secretKey: key.secret });
    await fs.writeFile(path.join(home, '.tccli/default.credential'), text);
    const report = await tencent.credentials({ env: {}, homeFolder: home });
    expect(report).toMatchObject({ found: true, where: expect.stringContaining('tccli') });
    expect(JSON.stringify(report)).not.toContain('S3CRET');
    const handed = tencent.engineEnv?.({ env: {}, homeFolder: home });
    expect(handed).toEqual({ TENCENTCLOUD_SECRET_ID: key.id, TENCENTCLOUD_SECRET_KEY: key.secret });
    const other = await tencent.credentials({ env: { TCCLI_PROFILE: 'other' }, homeFolder: home });
    expect(other).toMatchObject({ found: false });
  });

  test("the SDKs' file is found", async () => {
    await fs.mkdir(path.join(home, '.tencentcloud'));
    const text = `[other]\nsecret_id = no\nsecret_key = no\n[default]\nsecret_id = ${key.id}\nsecret_key = ${key.secret}\n`;
    await fs.writeFile(path.join(home, '.tencentcloud/credentials'), text);
    expect(tencent.engineEnv?.({ env: {}, homeFolder: home })).toMatchObject({ TENCENTCLOUD_SECRET_ID: key.id });
  });

  test('with nothing at all the fix says where a key is made', async () => {
    const context = { env: {}, homeFolder: home };
    const report = await tencent.credentials(context);
    expect(report).toMatchObject({ found: false, fix: expect.stringContaining('tccli configure') });
    await expect(tencent.api(context)).rejects.toMatchObject({ code: 'no-credentials' });
  });
});

describe('the catalogue of Tencent Cloud', () => {
  test.each([
    ['Code=AuthFailure.SecretIdNotFound, Message=The SecretId is not found', 'tencent-key-refused', 'stop'],
    ['AuthFailure.SignatureExpire: Signature expired', 'tencent-clock-wrong', 'stop'],
    ['UnauthorizedOperation: you are not authorized to perform cvm:RunInstances', 'tencent-not-allowed', 'stop'],
    ['FailedOperation.InsufficientBalance: account balance is insufficient', 'tencent-no-money', 'stop'],
    ['ResourceInsufficient.SpecifiedInstanceType: understocked', 'tencent-sold-out', 'zone'],
    ['ResourcesSoldOut.SpecifiedInstanceType: sold out', 'tencent-sold-out', 'zone'],
    ['LimitExceeded.InstanceQuota: exceeds the quota', 'tencent-instance-quota', 'zone'],
    ['LimitExceeded: VPC quota', 'tencent-quota', 'stop'],
    ['InvalidInstanceType.NotSupport: not supported', 'tencent-size-refused', 'size'],
    ['InvalidImageId.NotFound: image not found', 'tencent-image-missing', 'stop'],
    ['ResourceInUse: the subnet is in use', 'tencent-in-use', 'retry'],
    ['MutexOperation.TaskRunning: mutex task running', 'tencent-busy', 'retry'],
    ['RequestLimitExceeded: too many', 'tencent-too-many-requests', 'retry'],
  ])('%s', (said, code, next) => {
    expect(refusal(tencent, 'create an instance', said).code).toBe(code);
    expect(tencent.errors.find((entry) => entry.code === code)?.next).toBe(next);
  });

  test('the default lies outside mainland China', () => {
    expect(tencent.defaultRegion).toBe('ap-singapore');
  });
});

describe('the image of Ubuntu', () => {
  const named = (ImageId: string, more: object = {}) => ({
    ImageId,
    ImageName: 'Ubuntu Server 22.04 LTS 64bit',
    ...more,
  });
  const listing = [
    named('img-arm', { Architecture: 'arm64' }),
    ...Array.from({ length: 100 }, (_, index) => ({
      ImageId: `img-${index}`,
      ImageName: 'Ubuntu Server 20.04 LTS 64bit',
    })),
    named('img-wanted', { Architecture: 'x86_64' }),
  ];
  const pagesOf = (all: typeof listing) => (asked: object) => {
    const { Offset: at, Limit: count } = asked as { Offset: number; Limit: number };
    return Promise.resolve({ TotalCount: all.length, ImageSet: all.slice(at, at + count) });
  };

  it('is that for x86-64, on whatever page it is', async () => {
    expect(await findImage(pagesOf(listing))).toBe('img-wanted');
    expect(await findImage(pagesOf(listing.slice(0, -1)))).toBeNull();
  });
});
