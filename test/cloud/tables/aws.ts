import { isCidr, within } from '../core/cidr';
import type { Entry, Props } from '../core/ledger';
import { hexId } from '../core/names';
import { Refusal } from '../core/refusal';
import { isProps, textOf } from '../core/shape';
import { aws as requests } from '../judges/aws';
import type { CloudTable, Made, Resource, World } from '../core/table';
import { awsApi } from './aws-api';
import * as facts from './aws-facts';
import * as shapes from './aws-shapes';

const refuse = (code: string, message: string): never => {
  throw new Refusal(code, message);
};
const tagsOf = (inputs: Props): Record<string, string> => (inputs['tags'] ?? {}) as Record<string, string>;
const strings = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

function regionOf(world: World): string {
  const region = textOf(world.config['region']);
  if (!(region in facts.regions)) refuse('InvalidRegion', `Missing or unknown region "${region}"`);
  return region;
}

function need(world: World, kind: string, id: unknown, code: string, word: string): Entry {
  return (
    world.ledger.get(kind, String(id)) ?? refuse(`${code}.NotFound`, `The ${word} ID '${String(id)}' does not exist`)
  );
}

/** What still hangs on a network or subnet, as EC2 finds it: by the id anywhere in what it knows of others. */
export function dependants(world: World, id: string, kinds: readonly string[]): Entry[] {
  return world.ledger
    .alive()
    .filter((one) => kinds.includes(one.kind) && one.id !== id && JSON.stringify(one.properties).includes(`"${id}"`));
}

const uses: Readonly<Record<string, readonly string[]>> = {
  vpc: ['subnet', 'internet-gateway', 'route-table', 'security-group', 'instance'],
  subnet: ['instance'],
  'security-group': ['instance'],
  'route-table': ['association'],
  'internet-gateway': ['instance'],
};

/** EC2 deletes nothing that something else needs. */
export function checkUnused(world: World, entry: Entry): void {
  // A gateway can't be detached while its network holds public addresses.
  const id = entry.kind === 'internet-gateway' ? String(entry.properties['vpcId']) : entry.id;
  const left = dependants(world, id, uses[entry.kind] ?? []);
  if (left.length === 0) return;
  const word = entry.kind === 'internet-gateway' ? 'Network' : `The ${entry.kind}`;
  refuse('DependencyViolation', `${word} '${id}' has dependencies and cannot be deleted.`);
}

function simple(
  kind: string,
  prefix: string,
  inputs: Resource['inputs'],
  make: (world: World, inputs: Props) => Props = () => ({}),
): Resource {
  return {
    kind,
    inputs,
    create: (world, given): Made => {
      const region = regionOf(world);
      const properties = { ...given, ...make(world, given) };
      const tags = tagsOf(given);
      const entry = world.ledger.add({ kind, id: hexId(prefix), name: tags['Name'] ?? '', region, tags, properties });
      const arn = `arn:aws:ec2:${region}:111122223333:${kind}/${entry.id}`;
      entry.properties = { ...properties, arn };
      return { entry, outputs: { ...entry.properties, region, tagsAll: tags } };
    },
    remove: checkUnused,
    whenGone: 'succeeds',
  };
}

function checkRules(_world: World, inputs: Props): Props {
  const rules = [...((inputs['ingress'] ?? []) as Props[]), ...((inputs['egress'] ?? []) as Props[])];
  for (const range of rules.flatMap((one) => strings(one['cidrBlocks']))) {
    if (!isCidr(range)) refuse('InvalidParameterValue', `CIDR block ${range} is malformed`);
  }
  return {};
}

function createKey(world: World, inputs: Props): Made {
  const keyName = String(inputs['keyName']);
  const publicKey = textOf(inputs['publicKey']);
  if (!/^(ssh-ed25519|ssh-rsa) [A-Za-z0-9+/=]+( .*)?$/.test(publicKey.trim())) {
    refuse('InvalidKey.Format', 'Key is not in valid OpenSSH public key format');
  }
  if (world.ledger.get('key-pair', keyName)) refuse('InvalidKeyPair.Duplicate', `The keypair already exists`);
  const properties = { ...inputs, keyPairId: hexId('key-') };
  const entry = world.ledger.add({
    kind: 'key-pair',
    id: keyName,
    name: keyName,
    region: regionOf(world),
    tags: tagsOf(inputs),
    properties,
  });
  return { entry, outputs: properties };
}

async function createInstance(world: World, inputs: Props): Promise<Made> {
  const region = regionOf(world);
  const typeName = String(inputs['instanceType']);
  const type = facts.types[typeName] ?? refuse('InvalidInstanceType', `Invalid instance type: ${typeName}`);
  if (inputs['ami'] !== facts.imageOf(region))
    refuse('InvalidAMIID.NotFound', `The image id '[${String(inputs['ami'])}]' does not exist`);
  if (type.arch !== 'x86_64')
    refuse(
      'InvalidParameterValue',
      `The architecture '${type.arch}' of the specified instance type does not match the architecture 'x86_64' of the specified AMI.`,
    );
  const subnet = need(world, 'subnet', inputs['subnetId'], 'InvalidSubnetID', 'subnet');
  const groups = strings(inputs['vpcSecurityGroupIds']).map((id) =>
    need(world, 'security-group', id, 'InvalidGroup', 'security group'),
  );
  for (const group of groups) {
    if (group.properties['vpcId'] !== subnet.properties['vpcId'])
      refuse('InvalidParameter', `Security group ${group.id} and subnet ${subnet.id} belong to different networks.`);
  }
  const key =
    world.ledger.get('key-pair', String(inputs['keyName'])) ??
    refuse('InvalidKeyPair.NotFound', `The key pair '${String(inputs['keyName'])}' does not exist`);
  const userData = textOf(inputs['userData']);
  if (Buffer.byteLength(userData) > 16_384) refuse('InvalidParameterValue', 'User data is limited to 16384 bytes');
  const limit = Number(world.options['vcpuLimit'] ?? '32');
  const vcpus = world.ledger.alive('instance').reduce((sum, one) => sum + Number(one.properties['vcpus']), type.vcpus);
  if (vcpus > limit)
    refuse(
      'VcpuLimitExceeded',
      `You have requested more vCPU capacity than your current vCPU limit of ${limit} allows for the instance bucket that the specified instance type belongs to.`,
    );

  const disk = (inputs['rootBlockDevice'] ?? {}) as Props;
  const size = Number(disk['volumeSize'] ?? 8);
  const zone = String(subnet.properties['availabilityZone']);
  const tags = tagsOf(inputs);
  const entry = world.ledger.add({
    kind: 'instance',
    id: hexId('i-'),
    name: tags['Name'] ?? '',
    region,
    zone,
    tags,
    pricePerHour: type.price + facts.addressPrice,
  });
  const volume = world.ledger.add({
    ...{
      kind: 'volume',
      id: hexId('vol-'),
      name: '',
      region,
      zone,
      tags: (inputs['volumeTags'] ?? {}) as Record<string, string>,
    },
    ...{ pricePerHour: size * facts.diskPrice, properties: { size, encrypted: disk['encrypted'] === true } },
  });
  const publicIp = await world.boot(entry, {
    userData,
    image: { user: 'ubuntu', disableRoot: true },
    metadataKeys: [textOf(key.properties['publicKey'])],
  });
  entry.properties = {
    ...inputs,
    ...{ vcpus: type.vcpus, vpcId: subnet.properties['vpcId'], volumeId: volume.id, userData: undefined },
    ...{ publicIp: inputs['associatePublicIpAddress'] === true ? publicIp : '', privateIp: '10.77.0.10' },
    ...{ availabilityZone: zone, instanceState: 'running', primaryNetworkInterfaceId: hexId('eni-') },
    arn: `arn:aws:ec2:${region}:111122223333:instance/${entry.id}`,
  };
  return { entry, outputs: { ...inputs, ...entry.properties, userData } };
}

/** An instance takes its root disk along if it was told so. */
export function takeDisk(world: World, entry: Entry, by: string): void {
  const disk = entry.properties['rootBlockDevice'];
  const keep = isProps(disk) && disk['deleteOnTermination'] === false;
  const volume = world.ledger.get('volume', String(entry.properties['volumeId']));
  if (volume && !keep) world.ledger.delete(volume, by);
}

function image(world: World): Props {
  const imageId = facts.imageOf(regionOf(world));
  return { id: imageId, imageId, name: facts.imageName, architecture: 'x86_64', ownerId: facts.canonical };
}

/** AWS: EC2 with what its network needs. */
export const aws: CloudTable = {
  name: 'aws',
  plugin: 'aws',
  requests,
  billing: { minimumSeconds: 60, stepSeconds: 1 },
  resources: {
    'aws:ec2/vpc:Vpc': simple('vpc', 'vpc-', shapes.vpc, (_world, inputs) => {
      const bits = Number(String(inputs['cidrBlock']).split('/')[1]);
      if (!isCidr(String(inputs['cidrBlock'])) || bits < 16 || bits > 28)
        refuse('InvalidVpc.Range', `The CIDR '${String(inputs['cidrBlock'])}' is invalid.`);
      return {};
    }),
    'aws:ec2/internetGateway:InternetGateway': simple('internet-gateway', 'igw-', shapes.gateway, (world, inputs) => {
      need(world, 'vpc', inputs['vpcId'], 'InvalidVpcID', 'vpc');
      return {};
    }),
    'aws:ec2/subnet:Subnet': simple('subnet', 'subnet-', shapes.subnet, (world, inputs) => {
      need(world, 'vpc', inputs['vpcId'], 'InvalidVpcID', 'vpc');
      const zones = facts.zonesOf(regionOf(world));
      const zone = textOf(inputs['availabilityZone'] ?? zones[0]);
      if (!zones.includes(zone))
        refuse(
          'InvalidParameterValue',
          `Value (${zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${zones.join(', ')}.`,
        );
      return { availabilityZone: zone };
    }),
    'aws:ec2/routeTable:RouteTable': simple('route-table', 'rtb-', shapes.routeTable, (world, inputs) => {
      need(world, 'vpc', inputs['vpcId'], 'InvalidVpcID', 'vpc');
      for (const route of (inputs['routes'] ?? []) as Props[])
        need(world, 'internet-gateway', route['gatewayId'], 'InvalidGatewayID', 'gateway');
      return {};
    }),
    'aws:ec2/routeTableAssociation:RouteTableAssociation': simple(
      'association',
      'rtbassoc-',
      shapes.association,
      (world, inputs) => {
        need(world, 'route-table', inputs['routeTableId'], 'InvalidRouteTableID', 'routeTable');
        need(world, 'subnet', inputs['subnetId'], 'InvalidSubnetID', 'subnet');
        return {};
      },
    ),
    'aws:ec2/securityGroup:SecurityGroup': {
      ...simple('security-group', 'sg-', shapes.securityGroup, (world, inputs) => {
        need(world, 'vpc', inputs['vpcId'], 'InvalidVpcID', 'vpc');
        return checkRules(world, inputs);
      }),
      update: (world, entry, inputs) => {
        checkRules(world, inputs);
        entry.properties = { ...entry.properties, ...inputs };
        return entry.properties;
      },
    },
    'aws:ec2/keyPair:KeyPair': {
      kind: 'key-pair',
      inputs: shapes.keyPair,
      create: createKey,
      whenGone: 'succeeds',
    },
    'aws:ec2/instance:Instance': {
      kind: 'instance',
      idempotent: true,
      inputs: shapes.instance,
      create: createInstance,
      remove: (world, entry) => takeDisk(world, entry, 'engine'),
      whenGone: 'succeeds',
    },
  },
  invokes: {
    'aws:ssm/getParameter:getParameter': (world, args) => {
      if (args['name'] !== facts.parameter) refuse('ParameterNotFound', `couldn't find resource`);
      return {
        id: args['name'],
        name: args['name'],
        value: facts.imageOf(regionOf(world)),
        type: 'String',
        version: 1,
      };
    },
    'aws:ec2/getAmi:getAmi': (world, args) => {
      // The second way, for an account that may not read the parameter; here it may.
      world.ledger.remarks.push("the image was searched for, though Canonical's parameter names it");
      return strings(args['owners']).includes(facts.canonical)
        ? image(world)
        : refuse('NoResults', 'Your query returned no results. Please change your search criteria and try again.');
    },
  },
  poweredOff: async (world, entry) => {
    if (entry.properties['instanceInitiatedShutdownBehavior'] === 'terminate') {
      takeDisk(world, entry, 'guest');
      world.ledger.delete(entry, 'guest');
    } else {
      entry.state = 'off';
    }
    await world.halt(entry);
  },
  admits: (world, entry, address) =>
    strings(entry.properties['vpcSecurityGroupIds'])
      .flatMap((group) => (world.ledger.get('security-group', group)?.properties['ingress'] ?? []) as Props[])
      .some(
        (one) =>
          one['protocol'] === 'tcp' &&
          Number(one['fromPort']) <= 22 &&
          22 <= Number(one['toPort']) &&
          within(address, strings(one['cidrBlocks'])),
      ),
  vanish: (world, entry) => takeDisk(world, entry, 'outside'),
  api: awsApi,
  environment: (url, _folder, secret) => ({
    AWS_ACCESS_KEY_ID: 'AKIASTANDIN000000000',
    AWS_SECRET_ACCESS_KEY: secret,
    AWS_ENDPOINT_URL: url,
  }),
};
