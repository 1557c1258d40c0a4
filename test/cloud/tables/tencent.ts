import { createHash, createHmac } from 'node:crypto';
import { isCidr, within } from '../core/cidr';
import type { Entry, Props } from '../core/ledger';
import { hexId } from '../core/names';
import { Refusal } from '../core/refusal';
import { openRegions } from '../core/regions';
import { isProps, textOf, type Shape } from '../core/shape';
import type { CloudTable, HttpAnswer, HttpRequest, World } from '../core/table';
import { account, image, regions, types } from './tencent-facts';
import * as shapes from './tencent-shapes';

const ubuntu = { ImageId: image, ImageName: 'Ubuntu Server 22.04 LTS 64bit', Architecture: 'x86_64' };
/** Of the same name, and first: no x86-64 size boots it. */
const armImage = { ...ubuntu, ImageId: 'img-arm64arm', Architecture: 'arm64' };
/** So many that the wanted one is on the second page. */
const olderImage = (index: number) => ({
  ...ubuntu,
  ImageId: `img-older${String(index).padStart(3, '0')}`,
  ImageName: 'Ubuntu Server 20.04 LTS 64bit',
});

interface Call {
  readonly world: World;
  readonly region: string;
  readonly parameters: Props;
}

const refuse = (code: string, message: string): never => {
  throw new Refusal(code, message);
};
const strings = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const bag = (value: unknown): Props => (isProps(value) ? value : {});
const bags = (value: unknown): Props[] => (Array.isArray(value) ? value.map(bag) : []);
const tagsOf = (tags: unknown): Record<string, string> =>
  Object.fromEntries(bags(tags).map((one) => [textOf(one['Key']), textOf(one['Value'])]));

const sha256 = (words: string): string => createHash('sha256').update(words).digest('hex');
const hmac = (key: string | Buffer, words: string): Buffer => createHmac('sha256', key).update(words).digest();

/** TC3-HMAC-SHA256, headers as the client names them, the host without or with its port: SDKs differ there. */
function checkSignature({ method, path, headers, body }: HttpRequest, secret: string): void {
  const match =
    /^TC3-HMAC-SHA256 Credential=([^/]+)\/(\d{4}-\d\d-\d\d)\/(\w+)\/tc3_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers['authorization'] ?? '',
    );
  if (match?.[1] !== 'stand-in-id')
    refuse('AuthFailure.SecretIdNotFound', 'The SecretId is not found, please ensure that your SecretId is correct.');
  const [, , date = '', service = '', signed = '', signature = ''] = match ?? [];
  const host = headers['host'] ?? '';
  const fits = [host, host.replace(/:\d+$/, '')].some((name) => {
    const lines = signed
      .split(';')
      .map((one) => `${one}:${(one === 'host' ? name : (headers[one] ?? '')).toLowerCase().trim()}\n`);
    const canonical = [method, path, '', lines.join(''), signed, sha256(body)].join('\n');
    const toSign = [
      'TC3-HMAC-SHA256',
      headers['x-tc-timestamp'],
      `${date}/${service}/tc3_request`,
      sha256(canonical),
    ].join('\n');
    const key = hmac(hmac(hmac(`TC3${secret}`, date), service), 'tc3_request');
    return hmac(key, toSign).toString('hex') === signature;
  });
  if (!fits) refuse('AuthFailure.SignatureFailure', 'The provided credentials could not be validated.');
}

function add(
  { world, region }: Call,
  kind: string,
  prefix: string,
  name: unknown,
  tags: unknown,
  properties: Props,
  more: Partial<Entry> = {},
): Entry {
  return world.ledger.add({
    kind,
    id: hexId(prefix, 8),
    name: textOf(name),
    region,
    tags: tagsOf(tags),
    properties,
    ...more,
  });
}

function need({ world, region }: Call, kind: string, id: unknown, code: string): Entry {
  const found = world.ledger.get(kind, textOf(id));
  return found?.region === region ? found : refuse(code, `The ${kind} \`${textOf(id)}\` does not exist.`);
}

/** Parameters, looked at as strictly as the cloud does: what it does not know is `UnknownParameter`. */
function shaped(parameters: Props, shape: Shape): void {
  const [first] = shape(parameters, '');
  if (!first) return;
  const code =
    first.reason === 'unknown property'
      ? 'UnknownParameter'
      : first.reason.startsWith('missing')
        ? 'MissingParameter'
        : 'InvalidParameterValue';
  refuse(code, `The parameter \`${first.property}\`: ${first.reason}.`);
}

async function runInstances(call: Call): Promise<Props> {
  const { world, region, parameters } = call;
  shaped(parameters, shapes.run);
  const type =
    types[textOf(parameters['InstanceType'])] ??
    refuse('InvalidInstanceType.ValueNotSupported', 'The instance type is not supported.');
  const zone = textOf(bag(parameters['Placement'])['Zone']);
  if (!regions[region]!.includes(zone))
    refuse('InvalidZone.MismatchRegion', `The zone \`${zone}\` does not belong to the region.`);
  if (parameters['ImageId'] !== image) refuse('InvalidImageId.NotFound', 'The image does not exist.');
  if (parameters['DryRun'] === true) return {};
  const token = parameters['ClientToken'];
  const again =
    token === undefined
      ? undefined
      : world.ledger.alive('instance').find((one) => one.properties['ClientToken'] === token);
  if (again) return { InstanceIdSet: [again.id] };
  const net = bag(parameters['VirtualPrivateCloud']);
  need(call, 'vpc', net['VpcId'], 'InvalidVpcId.NotFound');
  need(call, 'subnet', net['SubnetId'], 'InvalidParameterValue.SubnetIdMalformed');
  for (const id of strings(parameters['SecurityGroupIds']))
    need(call, 'security group', id, 'InvalidSecurityGroupId.NotFound');
  const timer = bag(parameters['ActionTimer']);
  const at = Date.parse(textOf(timer['ActionTime']));
  if (!Number.isNaN(at) && at < world.clock.now() + 5 * 60_000)
    refuse('InvalidParameterValue', 'ActionTime must be at least 5 minutes away.');
  const tags = bags(parameters['TagSpecification']).flatMap((one) => bags(one['Tags']));
  const size = Number(bag(parameters['SystemDisk'])['DiskSize'] ?? 50);
  const pricePerHour = type[2] + size * 0.0001875;
  const entry = add(call, 'instance', 'ins-', parameters['InstanceName'], tags, {}, { zone, pricePerHour });
  const userData = Buffer.from(textOf(parameters['UserData']), 'base64').toString('utf8');
  const address = await world.boot(entry, { userData, image: { user: 'ubuntu', disableRoot: true }, metadataKeys: [] });
  entry.properties = { ClientToken: token, ...net, SecurityGroupIds: parameters['SecurityGroupIds'], address };
  if (!Number.isNaN(at)) {
    world.clock.at(at, () => {
      if (entry.state === 'deleted') return;
      world.ledger.delete(entry, 'timer');
      void world.halt(entry);
    });
  }
  return { InstanceIdSet: [entry.id] };
}

/** Listing: kind, set, id, parameter that asks for some, name of the tags. */
const describes: Readonly<Record<string, readonly [string, string, string, string, string]>> = {
  DescribeInstances: ['instance', 'InstanceSet', 'InstanceId', 'InstanceIds', 'Tags'],
  DescribeKeyPairs: ['key pair', 'KeyPairSet', 'KeyId', 'KeyIds', 'Tags'],
  DescribeSecurityGroups: ['security group', 'SecurityGroupSet', 'SecurityGroupId', 'SecurityGroupIds', 'TagSet'],
  DescribeSubnets: ['subnet', 'SubnetSet', 'SubnetId', 'SubnetIds', 'TagSet'],
  DescribeVpcs: ['vpc', 'VpcSet', 'VpcId', 'VpcIds', 'TagSet'],
};

function describe({ world, region, parameters }: Call, action: string): Props {
  const [kind, set, idName, idsName, tagsName] = describes[action]!;
  const ids = parameters[idsName] === undefined ? null : strings(parameters[idsName]);
  const keys = bags(parameters['Filters']).flatMap((one) =>
    one['Name'] === 'tag-key' ? strings(one['Values']) : refuse('InvalidFilter', 'Unknown filter.'),
  );
  const found = world.ledger
    .listed(kind)
    .filter((one) => one.region === region && (ids === null || ids.includes(one.id)))
    .filter((one) => keys.every((key) => key in one.tags))
    .map((one) => ({
      ...{ [idName]: one.id, CreatedTime: new Date(one.createdAt).toISOString() },
      [tagsName]: Object.entries(one.tags).map(([Key, Value]) => ({ Key, Value })),
      ...(kind === 'instance'
        ? { InstanceState: one.state === 'off' ? 'STOPPED' : 'RUNNING', PublicIpAddresses: [one.properties['address']] }
        : {}),
    }));
  return { TotalCount: found.length, [set]: found };
}

const usedBy: Readonly<Record<string, readonly [string, string]>> = {
  vpc: ['subnet', 'ResourceInUse'],
  subnet: ['instance', 'ResourceInUse'],
  'security group': ['instance', 'InvalidParameterValue.SecurityGroupInUse'],
};

async function remove(call: Call, kind: string, id: unknown, code: string): Promise<Props> {
  const { world } = call;
  const entry = need(call, kind, id, code);
  const [user, inUse] = usedBy[kind] ?? ['', ''];
  if (world.ledger.alive(user).some((one) => JSON.stringify(one.properties).includes(`"${entry.id}"`)))
    refuse(inUse, `The ${kind} is in use.`);
  world.ledger.delete(entry, 'api');
  await world.halt(entry);
  return {};
}

function setPolicies(call: Call): Props {
  const { parameters } = call;
  const group = need(call, 'security group', parameters['SecurityGroupId'], 'ResourceNotFound');
  const ingress = bags(bag(parameters['SecurityGroupPolicySet'])['Ingress']);
  for (const one of ingress)
    if (!isCidr(textOf(one['CidrBlock'])))
      refuse('InvalidParameterValue.Malformed', `Invalid CidrBlock ${textOf(one['CidrBlock'])}.`);
  group.properties = { ingress };
  return {};
}

const actions: Readonly<Record<string, (call: Call) => Props | Promise<Props>>> = {
  RunInstances: runInstances,
  TerminateInstances: async (call) => {
    for (const id of strings(call.parameters['InstanceIds']))
      await remove(call, 'instance', id, 'InvalidInstanceId.NotFound');
    return {};
  },
  CreateVpc: (call) => {
    shaped(call.parameters, shapes.vpc);
    const { VpcName, Tags } = call.parameters;
    return { Vpc: { VpcId: add(call, 'vpc', 'vpc-', VpcName, Tags, {}).id } };
  },
  CreateSubnet: (call) => {
    shaped(call.parameters, shapes.subnet);
    const { VpcId, SubnetName, Tags, Zone } = call.parameters;
    need(call, 'vpc', VpcId, 'ResourceNotFound');
    if (!regions[call.region]!.includes(textOf(Zone))) refuse('InvalidParameterValue.ZoneConflict', 'Zone not found.');
    return { Subnet: { SubnetId: add(call, 'subnet', 'subnet-', SubnetName, Tags, { VpcId }).id } };
  },
  CreateSecurityGroup: (call) => {
    shaped(call.parameters, shapes.securityGroup);
    const { GroupName, Tags } = call.parameters;
    return { SecurityGroup: { SecurityGroupId: add(call, 'security group', 'sg-', GroupName, Tags, {}).id } };
  },
  ModifySecurityGroupPolicies: setPolicies,
  DeleteVpc: (call) => remove(call, 'vpc', call.parameters['VpcId'], 'ResourceNotFound'),
  DeleteSubnet: (call) => remove(call, 'subnet', call.parameters['SubnetId'], 'ResourceNotFound'),
  DeleteSecurityGroup: (call) => remove(call, 'security group', call.parameters['SecurityGroupId'], 'ResourceNotFound'),
  DescribeRegions: ({ world }) => {
    const open = openRegions(world, Object.keys(regions));
    const state = (Region: string) => (open.includes(Region) ? 'AVAILABLE' : 'UNAVAILABLE');
    return { RegionSet: Object.keys(regions).map((Region) => ({ Region, RegionState: state(Region) })) };
  },
  DescribeImages: ({ world, parameters }) => {
    const others = [armImage, ...Array.from({ length: 100 }, (_, index) => olderImage(index))];
    const all = world.options['image'] === 'none' ? others : [...others, ubuntu];
    const at = Number(parameters['Offset'] ?? 0);
    return { TotalCount: all.length, ImageSet: all.slice(at, at + Number(parameters['Limit'] ?? 20)) };
  },
  DescribeZoneInstanceConfigInfos: ({ region, parameters }) => {
    const name =
      bags(parameters['Filters']).flatMap((one) =>
        one['Name'] === 'instance-type' ? strings(one['Values']) : [],
      )[0] ?? '';
    const type = types[name];
    return {
      InstanceTypeQuotaSet: type
        ? regions[region]!.map((Zone) => ({ Zone, InstanceType: name, Status: 'SELL', Cpu: type[0] }))
        : [],
    };
  },
  GetCallerIdentity: ({ world }) => {
    const AccountId = world.options['account'] ?? account;
    return { Type: 'CAMUser', AccountId, UserId: '1', PrincipalId: '1', Arn: `qcs::cam:${AccountId}:uin/1` };
  },
  DescribeAccountQuota: ({ region, world }) => {
    const left = Number(world.options['instanceQuota'] ?? '20');
    const PostPaidQuotaSet = regions[region]!.map((Zone) => ({ Zone, RemainingQuota: left, TotalQuota: 20 }));
    return { AccountQuotaOverview: { AccountQuota: { PostPaidQuotaSet } } };
  },
};

async function api(world: World, request: HttpRequest): Promise<HttpAnswer> {
  const RequestId = hexId('', 32);
  try {
    checkSignature(request, world.secret);
    const action = request.headers['x-tc-action'] ?? '';
    const region = request.headers['x-tc-region'] ?? '';
    if (!openRegions(world, Object.keys(regions)).includes(region))
      refuse('InvalidParameterValue', `The region \`${region}\` is invalid.`);
    const version = action === 'GetCallerIdentity' ? '2018-08-13' : '2017-03-12';
    if (request.headers['x-tc-version'] !== version) refuse('NoSuchVersion', 'The API version does not exist.');
    if (world.options['permissions'] === 'read' && !/^(Describe|Get)/.test(action))
      refuse('UnauthorizedOperation', 'You are not authorized to perform this operation.');
    const call = { world, region, parameters: JSON.parse(request.body === '' ? '{}' : request.body) as Props };
    if (action in describes) return { status: 200, body: { Response: { RequestId, ...describe(call, action) } } };
    const act = actions[action] ?? refuse('InvalidAction', 'The API action is incorrect.');
    return { status: 200, body: { Response: { RequestId, ...(await act(call)) } } };
  } catch (thrown) {
    if (!(thrown instanceof Refusal) || thrown.status === 0) throw thrown;
    return refusalAnswer(thrown);
  }
}

/** Errors come with status 200 there. */
function refusalAnswer({ code, message }: Refusal): HttpAnswer {
  return { status: 200, body: { Response: { RequestId: hexId('', 32), Error: { Code: code, Message: message } } } };
}

/** Tencent Cloud: CVM and VPC. No plugin: cvicast's own provider speaks to this through the official SDK. */
export const tencent: CloudTable = {
  name: 'tencent',
  plugin: null,
  billing: { minimumSeconds: 1, stepSeconds: 1 },
  resources: {},
  refusalAnswer,
  poweredOff: async (world, entry) => {
    entry.state = 'off';
    await world.halt(entry);
  },
  admits: (world, entry, address) =>
    strings(entry.properties['SecurityGroupIds'])
      .flatMap((id) => bags(world.ledger.get('security group', id)?.properties['ingress']))
      .some(
        (one) =>
          one['Protocol'] === 'TCP' &&
          one['Port'] === '22' &&
          one['Action'] === 'ACCEPT' &&
          within(address, [textOf(one['CidrBlock'])]),
      ),
  api,
  environment: (url, _folder, secret) => ({
    ...{
      TENCENTCLOUD_SECRET_ID: 'stand-in-id',
      TENCENTCLOUD_SECRET_KEY: secret,
      TENCENTCLOUD_ENDPOINT: url,
    },
  }),
};
