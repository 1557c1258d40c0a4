import { createHash, createHmac } from 'node:crypto';
import type { Entry } from '../core/ledger';
import { upperId } from '../core/names';
import { Refusal } from '../core/refusal';
import { openRegions } from '../core/regions';
import type { HttpAnswer, HttpRequest, World } from '../core/table';
import * as facts from './alibaba-facts';

type Remove = (entry: Entry) => void;

interface Call {
  readonly world: World;
  readonly region: string;
  readonly query: URLSearchParams;
  readonly remove: Remove;
}

const refuse = (code: string, message: string, status = 400): never => {
  throw new Refusal(code, message, status);
};
const ok = (body: object): HttpAnswer => ({ status: 200, body: { RequestId: upperId(), ...body } });
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

const seen = new Set<string>();

/** Signature version 3, and a nonce that nobody sent before. */
function checkSignature({ method, path, query, headers, body }: HttpRequest, secret: string): void {
  const match = /^ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{64})$/.exec(
    headers['authorization'] ?? '',
  );
  if (match?.[1] !== 'stand-in-key') refuse('InvalidAccessKeyId.NotFound', 'Specified access key is not found.', 404);
  const signed = match?.[2] ?? '';
  const lines = signed
    .split(';')
    .map((name) => `${name}:${(headers[name] ?? '').trim()}\n`)
    .join('');
  const sorted = [...query]
    .map(([key, value]) => `${encode(key)}=${encode(value)}`)
    .sort()
    .join('&');
  const canonical = [method, path, sorted, lines, signed, sha256(body)].join('\n');
  const wanted = createHmac('sha256', secret)
    .update(`ACS3-HMAC-SHA256\n${sha256(canonical)}`)
    .digest('hex');
  if (match?.[3] !== wanted)
    refuse('SignatureDoesNotMatch', 'Specified signature is not matched with our calculation.');
  const nonce = headers['x-acs-signature-nonce'] ?? '';
  if (seen.has(nonce)) refuse('SignatureNonceUsed', 'Specified signature nonce was used already.');
  seen.add(nonce);
}

/** Listing: kind, shelf, field, id, parameter that asks for some, names of a tag's halves. */
const describes: Readonly<Record<string, readonly [string, string, string, string, string, 'Tag' | '']>> = {
  DescribeInstances: ['instance', 'Instances', 'Instance', 'InstanceId', 'InstanceIds', 'Tag'],
  DescribeDisks: ['disk', 'Disks', 'Disk', 'DiskId', 'DiskIds', 'Tag'],
  DescribeKeyPairs: ['key pair', 'KeyPairs', 'KeyPair', 'KeyPairName', 'KeyPairName', 'Tag'],
  DescribeSecurityGroups: [
    'security group',
    'SecurityGroups',
    'SecurityGroup',
    'SecurityGroupId',
    'SecurityGroupId',
    'Tag',
  ],
  DescribeVSwitches: ['vswitch', 'VSwitches', 'VSwitch', 'VSwitchId', 'VSwitchId', ''],
  DescribeVpcs: ['vpc', 'Vpcs', 'Vpc', 'VpcId', 'VpcId', ''],
};

function describe({ world, region, query }: Call, action: string): HttpAnswer {
  const [kind, shelf, field, id, parameter, half] = describes[action]!;
  const asked = query.get(parameter);
  const ids = asked === null ? null : asked.startsWith('[') ? (JSON.parse(asked) as string[]) : [asked];
  const key = query.get('Tag.1.Key');
  const found = world.ledger
    .listed(kind)
    .filter((one) => one.region === region)
    .filter((one) => (ids === null || ids.includes(one.id)) && (key === null || key in one.tags))
    .map((one) => ({
      [id]: one.id,
      ...(kind === 'disk' ? { Status: 'In_use' } : {}),
      CreationTime: new Date(one.createdAt).toISOString(),
      Tags: {
        Tag: Object.entries(one.tags).map(([name, value]) => ({ [`${half}Key`]: name, [`${half}Value`]: value })),
      },
    }));
  return ok({ TotalCount: found.length, PageNumber: 1, PageSize: 50, [shelf]: { [field]: found } });
}

/** Delete: parameter, kind, code of its absence. */
const deletes: Readonly<Record<string, readonly [string, string, string]>> = {
  DeleteInstance: ['InstanceId', 'instance', 'InvalidInstanceId.NotFound'],
  DeleteDisk: ['DiskId', 'disk', 'InvalidDiskId.NotFound'],
  DeleteSecurityGroup: ['SecurityGroupId', 'security group', 'InvalidSecurityGroupId.NotFound'],
  DeleteVSwitch: ['VSwitchId', 'vswitch', 'InvalidVSwitchID.NotFound'],
  DeleteVpc: ['VpcId', 'vpc', 'InvalidVpcID.NotFound'],
};

async function deleteOne({ world, region, query, remove }: Call, action: string): Promise<HttpAnswer> {
  const [parameter, kind, code] = deletes[action]!;
  const id = query.get(parameter) ?? '';
  const entry = world.ledger.alive(kind).find((one) => one.id === id && one.region === region);
  if (!entry) return refuse(code, `The specified ${kind} does not exist.`, 404);
  remove(entry);
  world.ledger.delete(entry, 'api');
  await world.halt(entry);
  return ok({});
}

const stock = (value: string) => ({ Value: value, Status: 'Available', StatusCategory: 'WithStock' });

const actions: Readonly<Record<string, (call: Call) => HttpAnswer>> = {
  DescribeRegions: ({ world }) =>
    ok({ Regions: { Region: openRegions(world, Object.keys(facts.regions)).map((RegionId) => ({ RegionId })) } }),
  CreateVpc: ({ query }) =>
    query.get('DryRun') === 'true'
      ? refuse('DryRunOperation', 'Request validation has been passed with DryRun flag set.')
      : refuse('OperationNotPermitted', 'cvicast makes nothing through this API'),
  DescribeInstanceTypes: ({ query }) => {
    const name = query.get('InstanceTypes.1') ?? '';
    const type = facts.types[name];
    const found = type
      ? [{ InstanceTypeId: name, CpuCoreCount: type[0], MemorySize: type[1], CpuArchitecture: type[3] }]
      : [];
    return ok({ InstanceTypes: { InstanceType: found } });
  },
  DescribeAvailableResource: ({ query, region }) => {
    const supported = { SupportedResources: { SupportedResource: [stock(query.get('InstanceType') ?? '')] } };
    const zone = (ZoneId: string) => ({
      ...{ ZoneId, Status: 'Available', StatusCategory: 'WithStock' },
      AvailableResources: { AvailableResource: [supported] },
    });
    return ok({ AvailableZones: { AvailableZone: facts.zonesOf(region).map(zone) } });
  },
  DescribeImages: ({ world }) => {
    const found = world.options['image'] === 'none' ? [] : [{ ImageId: facts.image }];
    return ok({ TotalCount: found.length, Images: { Image: found } });
  },
  DescribeAccountAttributes: ({ world }) => {
    const item = (AttributeName: string, Value: string) => ({
      AttributeName,
      AttributeValues: { ValueItem: [{ Value }] },
    });
    const most = item('max-postpaid-instance-vcpu-count', world.options['vcpuLimit'] ?? '50');
    return ok({
      AccountAttributeItems: { AccountAttributeItem: [most, item('used-postpaid-instance-vcpu-count', '0')] },
    });
  },
  GetCallerIdentity: ({ world }) => {
    const AccountId = world.options['account'] ?? facts.account;
    return ok({ IdentityType: 'RAMUser', AccountId, UserId: '1', Arn: `acs:ram::${AccountId}:user/stand-in` });
  },
  DescribePrice: ({ query }) => {
    const type = facts.types[query.get('InstanceType') ?? ''];
    return type
      ? ok({ PriceInfo: { Price: { Currency: 'USD', OriginalPrice: type[2] } } })
      : refuse('InvalidInstanceType.NotFound', 'unknown', 404);
  },
  DeleteKeyPairs: ({ world, query }) => {
    const names = JSON.parse(query.get('KeyPairNames') ?? '[]') as string[];
    for (const entry of world.ledger.alive('key pair')) if (names.includes(entry.id)) world.ledger.delete(entry, 'api');
    return ok({});
  },
};

/** ECS and VPC by RPC: `POST /?Parameter=…`, the action in a header. */
export async function alibabaApi(world: World, request: HttpRequest, remove: Remove): Promise<HttpAnswer> {
  try {
    checkSignature(request, world.secret);
    const action = request.headers['x-acs-action'] ?? '';
    const region = request.query.get('RegionId') ?? '';
    if (!openRegions(world, Object.keys(facts.regions)).includes(region))
      return refuse('InvalidRegionId.NotFound', 'The specified RegionId does not exist.', 404);
    const call = { world, region, query: request.query, remove };
    if (world.options['permissions'] === 'read' && /^(Create|Delete)/.test(action)) {
      return refuse(
        'Forbidden.RAM',
        'User not authorized to operate on the specified resource, or this API does not support RAM.',
        403,
      );
    }
    if (action in describes) return describe(call, action);
    if (action in deletes) return await deleteOne(call, action);
    const act =
      actions[action] ??
      refuse('InvalidAction.NotFound', 'Specified api is not found, please check your url and method.', 404);
    return act(call);
  } catch (thrown) {
    if (!(thrown instanceof Refusal) || thrown.status === 0) throw thrown;
    return { status: thrown.status, body: { RequestId: upperId(), Code: thrown.code, Message: thrown.message } };
  }
}
