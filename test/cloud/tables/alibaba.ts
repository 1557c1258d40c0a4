import { isCidr, within } from '../core/cidr';
import type { Entry, Props } from '../core/ledger';
import { hexId } from '../core/names';
import { Refusal } from '../core/refusal';
import { textOf, type Shape } from '../core/shape';
import { alibaba as requests } from '../judges/alibaba';
import type { CloudTable, Made, Resource, World } from '../core/table';
import { alibabaApi } from './alibaba-api';
import * as facts from './alibaba-facts';
import * as shapes from './alibaba-shapes';

const refuse = (code: string, message: string, status = 400): never => {
  throw new Refusal(code, message, status);
};
const strings = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const tagsOf = (inputs: Props): Record<string, string> => (inputs['tags'] ?? {}) as Record<string, string>;

function regionOf(world: World): string {
  const region = textOf(world.config['region']);
  return region in facts.regions
    ? region
    : refuse('InvalidRegionId.NotFound', `The specified region "${region}" is not found.`, 404);
}

function add(
  world: World,
  kind: string,
  id: string,
  nameField: string,
  inputs: Props,
  more: Partial<Entry> = {},
): Entry {
  const [name, region] = [textOf(inputs[nameField]), regionOf(world)];
  return world.ledger.add({ kind, id, name, region, tags: tagsOf(inputs), properties: inputs, ...more });
}

function need(world: World, kind: string, id: unknown, code: string): Entry {
  return (
    world.ledger.get(kind, textOf(id)) ?? refuse(code, `The specified ${kind} "${textOf(id)}" does not exist.`, 404)
  );
}

function createNetwork(world: World, inputs: Props): Made {
  if (!isCidr(textOf(inputs['cidrBlock'])))
    refuse('InvalidCidrBlock.Malformed', 'The specified CIDR block is not valid.');
  const entry = add(world, 'vpc', hexId('vpc-', 21), 'vpcName', inputs);
  return { entry, outputs: inputs };
}

function createSwitch(world: World, inputs: Props): Made {
  need(world, 'vpc', inputs['vpcId'], 'InvalidVpcId.NotFound');
  const zone = textOf(inputs['zoneId']);
  if (!facts.zonesOf(regionOf(world)).includes(zone))
    refuse('InvalidZoneId.NotFound', `Specified zone "${zone}" is not exist.`, 404);
  const entry = add(world, 'vswitch', hexId('vsw-', 21), 'vswitchName', inputs, { zone });
  return { entry, outputs: inputs };
}

function createGroup(world: World, inputs: Props): Made {
  need(world, 'vpc', inputs['vpcId'], 'InvalidVpcId.NotFound');
  const entry = add(world, 'security group', hexId('sg-', 20), 'securityGroupName', inputs);
  return { entry, outputs: inputs };
}

function createRule(world: World, inputs: Props): Made {
  const group = need(world, 'security group', inputs['securityGroupId'], 'InvalidSecurityGroupId.NotFound');
  const range = textOf(inputs['portRange']);
  if (!/^(-1\/-1|\d+\/\d+)$/.test(range))
    refuse('InvalidPortRange.Malformed', `The specified parameter PortRange "${range}" is not valid.`);
  if (!isCidr(textOf(inputs['cidrIp'])))
    refuse('InvalidSourceCidrIp.Malformed', 'The specified parameter SourceCidrIp is not valid.');
  const id = `${group.id}:ingress:tcp:${range}:intranet:${textOf(inputs['cidrIp'])}:accept:1`;
  const entry = add(world, 'rule', id, 'description', inputs);
  return { entry, outputs: inputs };
}

function createKey(world: World, inputs: Props): Made {
  const name = textOf(inputs['keyPairName']);
  if (world.ledger.get('key pair', name)) refuse('KeyPair.AlreadyExist', `The key pair already exist.`);
  if (!/^(ssh-rsa|ssh-dss|ecdsa-\S+) [A-Za-z0-9+/=]+/.test(textOf(inputs['publicKey'])))
    refuse('InvalidPublicKeyBody.Malformed', 'The specified PublicKeyBody is not valid.');
  const entry = add(world, 'key pair', name, 'keyPairName', inputs);
  return { entry, outputs: inputs };
}

/** Milliseconds since 1970 of `yyyy-MM-ddTHH:mm:ssZ`, at least half an hour away. */
function releaseTime(world: World, given: string): number {
  const at = Date.parse(given);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(given) || Number.isNaN(at))
    refuse('InvalidAutoReleaseTime.Malformed', 'The specified parameter AutoReleaseTime is not valid.');
  if (at < world.clock.now() + 30 * 60_000)
    refuse('InvalidParameter.AutoReleaseTime', 'AutoReleaseTime must be at least half an hour away.');
  return at;
}

async function createInstance(world: World, inputs: Props): Promise<Made> {
  const region = regionOf(world);
  const typeName = textOf(inputs['instanceType']);
  const type =
    facts.types[typeName] ??
    refuse('InvalidInstanceType.ValueNotSupported', `The specified instanceType ${typeName} is not supported.`, 404);
  if (![facts.image, facts.olderImage].includes(textOf(inputs['imageId'])))
    refuse('InvalidImageId.NotFound', 'The specified ImageId does not exist.', 404);
  if (type[3] !== 'X86')
    refuse('ImageNotSupportInstanceType', 'The specified image does not support the specified instance type.');
  const subnet = need(world, 'vswitch', inputs['vswitchId'], 'InvalidVSwitchId.NotFound');
  for (const id of strings(inputs['securityGroups'])) {
    const group = need(world, 'security group', id, 'InvalidSecurityGroupId.NotFound');
    if (group.properties['vpcId'] !== subnet.properties['vpcId'])
      refuse('InvalidSecurityGroupId.VPCMismatch', 'Security group and VSwitch belong to different VPCs.');
  }
  const key =
    inputs['keyName'] === undefined ? null : need(world, 'key pair', inputs['keyName'], 'InvalidKeyPairName.NotFound');
  const release =
    inputs['autoReleaseTime'] === undefined ? null : releaseTime(world, textOf(inputs['autoReleaseTime']));
  if (release !== null && inputs['instanceChargeType'] !== 'PostPaid')
    refuse('InvalidParameter.Conflict', 'AutoReleaseTime is for PostPaid instances only.');
  const userData = textOf(inputs['userData']);
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(userData))
    refuse('InvalidUserData.Base64FormatInvalid', 'The specified parameter UserData must be base64 encoded.');
  const limit = Number(world.options['vcpuLimit'] ?? '50');
  if (type[0] > limit)
    refuse(
      'QuotaExceed.ElasticQuota',
      'The number of vCPUs assigned to the ECS instances has exceeded the quota in the zone.',
      403,
    );
  const size = Number(inputs['systemDiskSize'] ?? 40);
  const zone = textOf(subnet.zone);
  const entry = add(world, 'instance', hexId('i-', 20), 'instanceName', inputs, { zone, pricePerHour: type[2] });
  const disk = world.ledger.add({
    ...{
      kind: 'disk',
      id: hexId('d-', 20),
      name: '',
      region,
      zone,
      tags: (inputs['volumeTags'] ?? {}) as Record<string, string>,
    },
    pricePerHour: (size * 0.12) / 730,
  });
  const hasAddress = Number(inputs['internetMaxBandwidthOut'] ?? 0) > 0;
  const address = await world.boot(entry, {
    userData: Buffer.from(userData, 'base64').toString('utf8'),
    image: { user: 'root', disableRoot: false },
    metadataKeys: key === null ? [] : [textOf(key.properties['publicKey'])],
  });
  entry.properties = {
    vswitchId: subnet.id,
    securityGroups: inputs['securityGroups'],
    keyName: key?.id,
    disk: disk.id,
    publicIp: hasAddress ? address : '',
  };
  if (release !== null) {
    world.clock.at(release, () => {
      if (entry.state === 'deleted') return;
      takeDisk(world, entry, 'timer');
      world.ledger.delete(entry, 'timer');
      void world.halt(entry);
    });
  }
  return { entry, outputs: { ...inputs, ...entry.properties, status: 'Running' } };
}

/** A system disk goes with its instance. */
export function takeDisk(world: World, entry: Entry, by: string): void {
  const disk = world.ledger.get('disk', textOf(entry.properties['disk']));
  if (disk) world.ledger.delete(disk, by);
}

const usedBy: Readonly<Record<string, readonly [readonly string[], string]>> = {
  vpc: [['vswitch', 'security group'], 'DependencyViolation'],
  vswitch: [['instance'], 'DependencyViolation'],
  'security group': [['instance'], 'DependencyViolation'],
};

export function remove(world: World, entry: Entry, by: string): void {
  const [kinds, code] = usedBy[entry.kind] ?? [[], ''];
  const user = kinds
    .flatMap((kind) => world.ledger.alive(kind))
    .find((one) => JSON.stringify(one.properties).includes(`"${entry.id}"`));
  if (user) refuse(code, `The specified ${entry.kind} is still in use by ${user.id}.`, 403);
  if (entry.kind === 'instance') takeDisk(world, entry, by);
  if (entry.kind === 'security group') {
    for (const rule of world.ledger.alive('rule'))
      if (rule.properties['securityGroupId'] === entry.id) world.ledger.delete(rule, by);
  }
}

const resource = (kind: string, inputs: Shape, create: Resource['create']): Resource => ({
  ...{ kind, inputs, create, whenGone: 'succeeds' },
  remove: (world: World, entry: Entry) => remove(world, entry, 'engine'),
});

/** Alibaba Cloud: ECS and VPC. */
export const alibaba: CloudTable = {
  name: 'alibaba',
  plugin: 'alicloud',
  requests,
  billing: { minimumSeconds: 1, stepSeconds: 1, minimumCharge: 0.01 },
  resources: {
    'alicloud:vpc/network:Network': resource('vpc', shapes.network, createNetwork),
    'alicloud:vpc/switch:Switch': resource('vswitch', shapes.vswitch, createSwitch),
    'alicloud:ecs/securityGroup:SecurityGroup': resource('security group', shapes.group, createGroup),
    'alicloud:ecs/securityGroupRule:SecurityGroupRule': resource('rule', shapes.rule, createRule),
    'alicloud:ecs/ecsKeyPair:EcsKeyPair': resource('key pair', shapes.keyPair, createKey),
    'alicloud:ecs/instance:Instance': resource('instance', shapes.instance, createInstance),
  },
  invokes: {
    'alicloud:ecs/getImages:getImages': (_world, args) => {
      const asked = new RegExp(textOf(args['nameRegex']));
      const all = args['owners'] === 'system' ? [facts.olderImage, facts.image].filter((one) => asked.test(one)) : [];
      const ids = args['mostRecent'] === true ? all.slice(-1) : all;
      return { id: 'images', ids, images: ids.map((id) => ({ id, imageId: id, name: id })) };
    },
    'alicloud:index/getZones:getZones': (world, args) => {
      const zones = textOf(args['availableInstanceType']) in facts.types ? facts.zonesOf(regionOf(world)) : [];
      return { id: 'zones', ids: zones, zones: zones.map((zone) => ({ id: zone, localName: zone })) };
    },
  },
  say: ({ code, message }) => `[SDK alibaba-cloud-sdk-go ERROR]: ErrorCode: ${code}, Message: ${message}`,
  // Stopped by its guest, a machine bills on.
  poweredOff: async (world, entry) => {
    entry.state = 'off';
    await world.halt(entry);
  },
  admits: (world, entry, address) =>
    world.ledger
      .alive('rule')
      .map((one) => one.properties)
      .filter((one) => strings(entry.properties['securityGroups']).includes(textOf(one['securityGroupId'])))
      .some(
        (one) =>
          one['type'] === 'ingress' &&
          one['policy'] !== 'drop' &&
          one['portRange'] === '22/22' &&
          within(address, [textOf(one['cidrIp'])]),
      ),
  vanish: (world, entry) => takeDisk(world, entry, 'outside'),
  api: (world, request) => alibabaApi(world, request, (entry) => remove(world, entry, 'api')),
  environment: (url, _folder, secret) => ({
    ...{ ALIBABA_CLOUD_ACCESS_KEY_ID: 'stand-in-key', ALIBABA_CLOUD_ACCESS_KEY_SECRET: secret },
    ...{ ECS_ENDPOINT: url, VPC_ENDPOINT: url, STS_ENDPOINT: url },
  }),
};
