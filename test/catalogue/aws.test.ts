import * as fs from 'node:fs';
import * as path from 'node:path';
import { aws } from '../../src/cloud/aws';
import { awsApi } from '../../src/cloud/aws/api';
import { entryFor } from '../../src/cloud/refusal';
import type { CloudApi } from '../../src/cloud/types';
import { useScratch } from '../_helpers/scratch';
import { loopbackCloud, patient, type Answer, type Asked, type LoopbackCloud } from './loopback-cloud';

const keys = { AWS_ACCESS_KEY_ID: 'AKIATESTTESTTESTTEST', AWS_SECRET_ACCESS_KEY: 'hush/hush' };
const job = 'cv-20261128-112830-7f3a9c';
const tags = { 'cvicast-job': job, 'cvicast-owner': '0123456789abcdef', 'cvicast-expires': '1795866000' };

interface Thing {
  kind: string;
  id: string;
  tags: Record<string, string>;
  state?: string;
}

interface World {
  things: Thing[];
  readonly: boolean;
  defaultVpc: boolean;
  image: boolean;
  /** vCPUs that may run at once, by the quota's code; null: nobody may ask. */
  quotas: Readonly<Record<string, number>> | null;
  /** Times that a security group is still held. */
  heldFor: number;
}

const xml = (action: string, inner: string): Answer => ({
  text: `<?xml version="1.0"?><${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${inner}</${action}Response>`,
  headers: { 'content-type': 'text/xml' },
});
const fault = (code: string, message: string, status = 400): Answer => ({
  status,
  text: `<?xml version="1.0"?><Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>r</RequestID></Response>`,
  headers: { 'content-type': 'text/xml' },
});
const tagSet = (of: Record<string, string>, name = 'tagSet'): string =>
  `<${name}>${Object.entries(of)
    .map(([key, value]) => `<item><key>${key}</key><value>${value}</value></item>`)
    .join('')}</${name}>`;

/** Kind → [describe action, XML list, XML id, delete action, parameter of the delete, code when it is not there]. */
const shapes: Record<string, [string, string, string, string, string, string]> = {
  'network-interface': [
    'DescribeNetworkInterfaces',
    'networkInterfaceSet',
    'networkInterfaceId',
    'DeleteNetworkInterface',
    'NetworkInterfaceId',
    'InvalidNetworkInterfaceID.NotFound',
  ],
  volume: ['DescribeVolumes', 'volumeSet', 'volumeId', 'DeleteVolume', 'VolumeId', 'InvalidVolume.NotFound'],
  'key-pair': ['DescribeKeyPairs', 'keySet', 'keyPairId', 'DeleteKeyPair', 'KeyPairId', 'InvalidKeyPair.NotFound'],
  'security-group': [
    'DescribeSecurityGroups',
    'securityGroupInfo',
    'groupId',
    'DeleteSecurityGroup',
    'GroupId',
    'InvalidGroup.NotFound',
  ],
  subnet: ['DescribeSubnets', 'subnetSet', 'subnetId', 'DeleteSubnet', 'SubnetId', 'InvalidSubnetID.NotFound'],
  'route-table': [
    'DescribeRouteTables',
    'routeTableSet',
    'routeTableId',
    'DeleteRouteTable',
    'RouteTableId',
    'InvalidRouteTableID.NotFound',
  ],
  'internet-gateway': [
    'DescribeInternetGateways',
    'internetGatewaySet',
    'internetGatewayId',
    'DeleteInternetGateway',
    'InternetGatewayId',
    'InvalidInternetGatewayID.NotFound',
  ],
  vpc: ['DescribeVpcs', 'vpcSet', 'vpcId', 'DeleteVpc', 'VpcId', 'InvalidVpcID.NotFound'],
  'elastic-ip': [
    'DescribeAddresses',
    'addressesSet',
    'allocationId',
    'ReleaseAddress',
    'AllocationId',
    'InvalidAllocationID.NotFound',
  ],
};

function describeThings(world: World, kind: string, asked: URLSearchParams): Answer {
  const [action, list, idName] = shapes[kind]!;
  const wanted = asked.get(`${asked.has('RouteTableId.1') ? 'RouteTableId' : 'InternetGatewayId'}.1`);
  const found = world.things.filter(
    (one) => one.kind === kind && (wanted ? one.id === wanted : 'cvicast-job' in one.tags),
  );
  if (!wanted) {
    expect(asked.get('Filter.1.Name')).toBe('tag-key');
    expect(asked.get('Filter.1.Value.1')).toBe('cvicast-job');
  } else if (found.length === 0) return fault(shapes[kind]![5], 'not there');
  const attached =
    kind === 'internet-gateway' ? '<attachmentSet><item><vpcId>vpc-1</vpcId></item></attachmentSet>' : '';
  return xml(
    action,
    `<${list}>${found
      .map((one) => `<item><${idName}>${one.id}</${idName}>${attached}${tagSet(one.tags)}</item>`)
      .join('')}</${list}>`,
  );
}

function instances(world: World, asked: URLSearchParams): Answer {
  const wanted = asked.get('InstanceId.1');
  const found = world.things.filter(
    (one) => one.kind === 'instance' && (wanted ? one.id === wanted : one.state !== 'terminated'),
  );
  // It goes away between two looks.
  for (const one of found) if (one.state === 'shutting-down') one.state = 'terminated';
  const items = found.map(
    (one) =>
      `<item><instancesSet><item><instanceId>${one.id}</instanceId><instanceState><name>${one.state ?? 'running'}</name></instanceState><launchTime>2026-11-28T11:28:41.000Z</launchTime>${tagSet(one.tags)}</item></instancesSet></item>`,
  );
  return xml('DescribeInstances', `<reservationSet>${items.join('')}</reservationSet>`);
}

function quota({ quotas }: World, { headers, body }: Asked): Answer {
  expect(headers['x-amz-target']).toBe('ServiceQuotasV20190624.GetServiceQuota');
  const { ServiceCode, QuotaCode } = JSON.parse(body) as Record<string, string>;
  expect(ServiceCode).toBe('ec2');
  if (quotas === null) return { status: 400, body: { __type: 'AccessDeniedException', Message: 'not authorized' } };
  return { body: { Quota: { QuotaCode, Value: quotas[QuotaCode ?? ''] } } };
}

/** EC2's query API, of one region, and its quotas. */
function standIn(world: World): (asked: Asked) => Answer | null {
  return (request) => {
    const { method, path: where, headers, body } = request;
    const signed =
      /^AWS4-HMAC-SHA256 Credential=(\w+)\/\d{8}\/([\w-]+)\/(ec2|servicequotas)\/aws4_request, SignedHeaders=/.exec(
        headers.authorization ?? '',
      );
    if (method !== 'POST' || where !== '/' || signed === null) return null;
    if (signed[3] === 'servicequotas') return quota(world, request);
    if (signed[1] !== keys.AWS_ACCESS_KEY_ID)
      return fault('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);
    const asked = new URLSearchParams(body);
    const action = asked.get('Action') ?? '';
    if (asked.get('DryRun') === 'true') {
      if (world.readonly)
        return fault('UnauthorizedOperation', 'You are not authorized to perform this operation.', 403);
      if (action === 'RunInstances' && !world.defaultVpc)
        return fault('VPCIdNotSpecified', 'No default VPC for this user');
      return fault('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
    }
    switch (action) {
      case 'DescribeInstanceTypes': {
        const size = asked.get('InstanceType.1') ?? '';
        if (!/^(c6i|t4g)\./.test(size))
          return fault('InvalidInstanceType', `The following supplied instance types do not exist: [${size}]`);
        const architecture = size.startsWith('t4g') ? 'arm64' : 'x86_64';
        return xml(
          action,
          `<instanceTypeSet><item><instanceType>${size}</instanceType><processorInfo><supportedArchitectures><item>${architecture}</item></supportedArchitectures></processorInfo><vCpuInfo><defaultVCpus>4</defaultVCpus></vCpuInfo></item></instanceTypeSet>`,
        );
      }
      case 'DescribeInstanceTypeOfferings':
        return xml(
          action,
          asked.get('Filter.1.Value.1') === 'c6i.2xlarge'
            ? '<instanceTypeOfferingSet/>'
            : '<instanceTypeOfferingSet><item><location>us-east-1a</location></item><item><location>us-east-1b</location></item></instanceTypeOfferingSet>',
        );
      case 'DescribeImages':
        expect(asked.get('Owner.1')).toBe('099720109477');
        return xml(
          action,
          world.image
            ? '<imagesSet><item><imageId>ami-1</imageId><creationDate>2026-10-01T00:00:00.000Z</creationDate></item></imagesSet>'
            : '<imagesSet/>',
        );
      case 'DescribeInstances':
        return instances(world, asked);
      case 'TerminateInstances': {
        const thing = world.things.find((one) => one.id === asked.get('InstanceId.1'));
        if (!thing) return fault('InvalidInstanceID.NotFound', 'The instance ID does not exist');
        if (thing.state !== 'terminated') thing.state = 'shutting-down';
        return xml(action, '<instancesSet/>');
      }
      case 'DetachInternetGateway':
        return xml(action, '<return>true</return>');
    }
    const described = Object.keys(shapes).find((kind) => shapes[kind]![0] === action);
    if (described) return describeThings(world, described, asked);
    const kind = Object.keys(shapes).find((one) => shapes[one]![3] === action);
    if (!kind) return null;
    const at = world.things.findIndex((one) => one.kind === kind && one.id === asked.get(shapes[kind]![4]));
    if (at === -1) return fault(shapes[kind]![5], 'not there');
    const running = world.things.some(
      (one) => one.kind === 'instance' && one.state !== 'terminated' && one.tags['cvicast-job'] === job,
    );
    if (kind === 'security-group' && (running || world.heldFor-- > 0))
      return fault('DependencyViolation', 'resource sg-1 has a dependent object');
    world.things.splice(at, 1);
    return xml(action, '<return>true</return>');
  };
}

describe('the account of the keys', () => {
  const caller = (answer: Answer) => loopbackCloud(() => answer);
  const ask = async (server: LoopbackCloud): Promise<string | null> => {
    try {
      return await awsApi(aws, { ...keys, AWS_ENDPOINT_URL: server.url, CVICAST_RETRY_SECONDS: '0' }).account();
    } finally {
      await server.close();
    }
  };

  it('is read from JSON as from XML', async () => {
    const result = { GetCallerIdentityResult: { Account: '111122223333', Arn: 'arn', UserId: 'AIDA' } };
    expect(await ask(await caller({ body: { GetCallerIdentityResponse: result } }))).toBe('111122223333');
    const text =
      '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>a</Arn><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>';
    expect(await ask(await caller({ text }))).toBe('111122223333');
  });

  it('is not taken from an answer without one', async () => {
    await expect(ask(await caller({ text: '<html/>' }))).rejects.toMatchObject({ code: 'cloud-answer-unreadable' });
  });

  it('is told also when the clock of this computer is a day ahead', async () => {
    const time = '20261128T091500Z';
    const signed: unknown[] = [];
    const server = await loopbackCloud(({ headers }) => {
      signed.push(headers['x-amz-date']);
      if (headers['x-amz-date'] === time) return { text: '<Account>111122223333</Account>' };
      const Message = `Signature not yet current: ${String(signed[0])} is still later than 20261128T092000Z (${time} + 5 min.)`;
      return { status: 403, text: `<Error><Code>SignatureDoesNotMatch</Code><Message>${Message}</Message></Error>` };
    });
    expect(await ask(server)).toBe('111122223333');
    expect(signed).toHaveLength(2);
  });

  it('is nobody’s to ask where only EC2 was replaced', async () => {
    expect(await awsApi(aws, { ...keys, AWS_ENDPOINT_URL_EC2: 'http://127.0.0.1:9' }).account()).toBeNull();
  });
});

describe("AWS's API", () => {
  let world: World;
  let server: LoopbackCloud;
  let api: CloudApi;
  const env = (): NodeJS.ProcessEnv => ({ ...keys, AWS_ENDPOINT_URL: server.url, CVICAST_RETRY_SECONDS: '0' });

  beforeEach(async () => {
    world = {
      things: [
        { kind: 'vpc', id: 'vpc-1', tags },
        { kind: 'instance', id: 'i-1', tags, state: 'running' },
        { kind: 'instance', id: 'i-2', tags, state: 'terminated' },
        { kind: 'volume', id: 'vol-9', tags: { Name: 'mine' } },
        ...Object.keys(shapes)
          .filter((kind) => kind !== 'vpc')
          .map((kind) => ({ kind, id: `${kind}-1`, tags })),
      ],
      readonly: false,
      defaultVpc: true,
      image: true,
      quotas: { 'L-1216C47A': 4, 'L-34B43A08': 4 },
      heldFor: 2,
    };
    server = await loopbackCloud(standIn(world));
    api = awsApi(aws, env(), patient);
  });
  afterEach(() => server.close());

  const good = { region: 'us-east-1', zone: 'us-east-1a', size: 'c6i.xlarge' };

  it('lets a good choice pass, with a default network or without, and asks for what it creates by dry runs only', async () => {
    await api.preflight(good);
    world.defaultVpc = false;
    await api.preflight(good);
    const actions = server.asked.map(({ body }) => new URLSearchParams(body));
    const making = actions.filter((one) => /^(Run|Create)/.test(one.get('Action') ?? ''));
    expect(making).toHaveLength(4);
    expect(making.every((one) => one.get('DryRun') === 'true')).toBe(true);
  });

  it.each([
    ['a size that does not exist', { size: 'c6j.xlarge' }, 'unknown-size'],
    ['an arm64 size', { size: 't4g.medium' }, 'arm-size'],
    ['a size that the region does not sell', { size: 'c6i.2xlarge' }, 'size-not-here'],
    ['a size that the zone does not sell', { zone: 'us-east-1c' }, 'size-not-here'],
  ])('refuses %s', async (_, more, code) => {
    await expect(api.preflight({ ...good, ...more })).rejects.toMatchObject({ code, exit: 'input' });
  });

  it('tells a size that no zone of the region sells from one that a single zone lacks', async () => {
    await expect(api.preflight({ ...good, size: 'c6i.2xlarge' })).rejects.toMatchObject({ next: 'size' });
    await expect(api.preflight({ ...good, zone: 'us-east-1c' })).rejects.not.toHaveProperty('next');
  });

  it('tells a quota that is too small for the size, of spot machines apart, and goes on where it may not ask', async () => {
    const tooSmall = { code: 'quota', exit: 'provider', next: 'size' };
    world.quotas = { 'L-1216C47A': 3, 'L-34B43A08': 4 };
    await expect(api.preflight(good)).rejects.toMatchObject({
      ...tooSmall,
      why: 'the account may run 3 at once, and 4 are needed',
    });
    await api.preflight({ ...good, spot: true });
    world.quotas = { 'L-1216C47A': 4, 'L-34B43A08': 0 };
    await api.preflight(good);
    await expect(api.preflight({ ...good, spot: true })).rejects.toMatchObject({
      ...tooSmall,
      fix: expect.stringContaining('--quota-code L-34B43A08'),
    });
    world.quotas = null;
    await api.preflight(good);
    // Where only EC2 was replaced, AWS itself is not asked with a stand-in's keys.
    const alone = { ...keys, AWS_ENDPOINT_URL_EC2: server.url, CVICAST_RETRY_SECONDS: '0' };
    world.quotas = { 'L-1216C47A': 0 };
    await awsApi(aws, alone, patient).preflight(good);
  });

  it('finds wrong keys, read-only ones and a missing image before anything is created', async () => {
    const stranger = awsApi(aws, { ...env(), AWS_ACCESS_KEY_ID: 'AKIAWRONG' }, patient);
    await expect(stranger.preflight(good)).rejects.toMatchObject({ code: 'credentials-refused' });
    world.readonly = true;
    await expect(api.preflight(good)).rejects.toMatchObject({ code: 'permission-missing' });
    world.image = false;
    await expect(api.preflight(good)).rejects.toMatchObject({ code: 'image-gone' });
  });

  it('lists what is ours in the order in which it can go; a terminated instance is gone', async () => {
    const found = await api.list(['us-east-1']);
    expect(found.map((one) => one.kind)).toEqual([
      'instance',
      'elastic-ip',
      'network-interface',
      'volume',
      'key-pair',
      'security-group',
      'subnet',
      'route-table',
      'internet-gateway',
      'vpc',
    ]);
    expect(found[0]).toMatchObject({
      id: 'i-1',
      job,
      owner: '0123456789abcdef',
      createdAt: '2026-11-28T11:28:41.000Z',
    });
  });

  it('removes all of it, waits for what is held, and does so again without complaint', async () => {
    const found = await api.list(['us-east-1']);
    for (const resource of [...found, ...found]) await api.remove(resource);
    expect(await api.list(['us-east-1', 'us-east-2'])).toEqual([]);
    expect(world.things.filter((one) => one.kind !== 'instance')).toEqual([
      { kind: 'volume', id: 'vol-9', tags: { Name: 'mine' } },
    ]);
  });

  it('refuses to delete what it does not know', async () => {
    const [first] = await api.list(['us-east-1']);
    await expect(api.remove({ ...first!, kind: 'constructor' })).rejects.toMatchObject({ code: 'unknown-resource' });
  });
});

describe("AWS's credentials", () => {
  const scratch = useScratch();
  const look = (env: NodeJS.ProcessEnv = {}) => aws.credentials({ env, homeFolder: scratch() });
  const write = (name: string, text: string): void => {
    fs.mkdirSync(path.join(scratch(), '.aws'), { recursive: true });
    fs.writeFileSync(path.join(scratch(), '.aws', name), text);
  };

  it('are found in the environment, whole', async () => {
    expect(await look(keys)).toMatchObject({ found: true, where: expect.stringContaining('AWS_ACCESS_KEY_ID') });
    expect(await look({ AWS_ACCESS_KEY_ID: 'AKIA' })).toMatchObject({
      found: false,
      missing: ['AWS_SECRET_ACCESS_KEY'],
    });
    expect(JSON.stringify(await look(keys))).not.toContain('hush');
  });

  it.each([
    ['credentials', '[default]\naws_access_key_id = AKIA\naws_secret_access_key = hush\n', 'access key'],
    ['config', '[sso-session a]\nsso_region = x\n[default]\nsso_session = a\nregion = eu-west-1\n', 'SSO'],
    ['config', '[default]\r\ncredential_process = /bin/give\r\n', 'credential process'],
    ['config', '[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = y\n', 'role'],
  ])('are found in ~/.aws/%s (%#)', async (file, text, way) => {
    write(file, text);
    const report = await look();
    expect(report).toMatchObject({ found: true, where: expect.stringContaining(`(${way})`) });
    expect(JSON.stringify(report)).not.toContain('hush');
  });

  it('are those of AWS_PROFILE, and another usable profile is named when it is not', async () => {
    write('config', '[profile work]\nsso_start_url = https://x.awsapps.com/start\n[profile empty]\nregion = x\n');
    expect(await look({ AWS_PROFILE: 'work' })).toMatchObject({
      found: true,
      where: expect.stringContaining('"work"'),
    });
    expect(await look()).toMatchObject({ found: false, fix: 'export AWS_PROFILE=work' });
    expect(await look({ AWS_PROFILE: 'empty' })).toMatchObject({ found: false });
  });

  it('honour the variables that move the files', async () => {
    const file = path.join(scratch(), 'elsewhere');
    fs.writeFileSync(file, '[default]\naws_access_key_id=AKIA\naws_secret_access_key=x\n');
    expect(await look({ AWS_SHARED_CREDENTIALS_FILE: file })).toMatchObject({ found: true });
  });
});

it.each([
  [
    'InsufficientInstanceCapacity: We currently do not have sufficient m4.4xlarge capacity in the Availability Zone you requested (ap-northeast-1d).',
    'out-of-capacity',
    'zone',
  ],
  [
    'api error Unsupported: Your requested instance type (c6i.xlarge) is not supported in your requested Availability Zone (us-east-1e).',
    'size-not-here',
    'zone',
  ],
  [
    'VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit of 1 allows for the instance bucket',
    'quota',
    'size',
  ],
  [
    'PendingVerification: Your request for accessing resources in this region is being validated',
    'account-pending',
    'stop',
  ],
  ['InvalidParameterCombination: The specified instance type is not eligible for Free Tier.', 'free-plan', 'stop'],
  ['OptInRequired: You are not subscribed to this service.', 'region-not-enabled', 'stop'],
  ['AuthFailure: AWS was not able to validate the provided access credentials', 'credentials-refused', 'stop'],
  ['RequestExpired: Request has expired.', 'credentials-expired', 'stop'],
  [
    'UnauthorizedOperation: You are not authorized to perform this operation. Encoded authorization failure message: abc',
    'permission-missing',
    'stop',
  ],
  ['VpcLimitExceeded: The maximum number of VPCs has been reached.', 'network-quota', 'stop'],
  ["InvalidAMIID.NotFound: The image id '[ami-1]' does not exist", 'image-gone', 'stop'],
  ['RequestLimitExceeded: Request limit exceeded.', 'throttled', 'retry'],
])('explains %s', (text, code, next) => {
  expect(entryFor(aws.errors, text)).toMatchObject({ code, next });
});
