import type { Props } from '../core/ledger';
import type { CloudRequest } from './judge';
import { bag, bags, omit, texts, without, type Translation } from './translation';

/** A call that creates something, and the calls that follow once its id is known. */
export interface AwsCalls {
  readonly create: CloudRequest;
  /** Name of the id in the answer, as a path. */
  readonly idAt: readonly (string | number)[];
  readonly then: (id: string) => readonly CloudRequest[];
}

const none = (): CloudRequest[] => [];

function tagged(ResourceType: string, tags: unknown): Props {
  const Tags = Object.entries(bag(tags)).map(([Key, Value]) => ({ Key, Value }));
  return { ResourceType, Tags };
}

const capital = (inputs: Props): Props =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [name.charAt(0).toUpperCase() + name.slice(1), value]),
  );

function vpc({ enableDnsSupport, enableDnsHostnames, tags, ...rest }: Props): AwsCalls {
  const attribute = (VpcId: string, name: string, Value: unknown): CloudRequest[] =>
    Value === undefined ? [] : [{ schema: 'ModifyVpcAttribute', body: { VpcId, [name]: { Value } } }];
  return {
    create: { schema: 'CreateVpc', body: { ...capital(rest), TagSpecifications: [tagged('vpc', tags)] } },
    idAt: ['Vpc', 'VpcId'],
    then: (id) => [
      ...attribute(id, 'EnableDnsSupport', enableDnsSupport),
      ...attribute(id, 'EnableDnsHostnames', enableDnsHostnames),
    ],
  };
}

function gateway({ vpcId, tags, ...rest }: Props): AwsCalls {
  const body = { ...capital(rest), TagSpecifications: [tagged('internet-gateway', tags)] };
  return {
    create: { schema: 'CreateInternetGateway', body },
    idAt: ['InternetGateway', 'InternetGatewayId'],
    then: (id) => [{ schema: 'AttachInternetGateway', body: { InternetGatewayId: id, VpcId: vpcId } }],
  };
}

function subnet({ tags, ...rest }: Props): AwsCalls {
  const body = { ...capital(rest), TagSpecifications: [tagged('subnet', tags)] };
  return { create: { schema: 'CreateSubnet', body }, idAt: ['Subnet', 'SubnetId'], then: none };
}

function routeTable({ routes, tags, ...rest }: Props): AwsCalls {
  const body = { ...capital(rest), TagSpecifications: [tagged('route-table', tags)] };
  const route = ({ cidrBlock, ...more }: Props): Props => ({ ...capital(more), DestinationCidrBlock: cidrBlock });
  return {
    create: { schema: 'CreateRouteTable', body },
    idAt: ['RouteTable', 'RouteTableId'],
    then: (RouteTableId) =>
      bags(routes).map((one) => ({ schema: 'CreateRoute', body: { RouteTableId, ...route(one) } })),
  };
}

function association(inputs: Props): AwsCalls {
  return { create: { schema: 'AssociateRouteTable', body: capital(inputs) }, idAt: ['AssociationId'], then: none };
}

/** Ports are of protocols that have them: with "all", EC2 takes none. */
function permission({ protocol, fromPort, toPort, cidrBlocks, ...rest }: Props): Props {
  const ports = protocol === '-1' ? {} : { FromPort: fromPort, ToPort: toPort };
  return { ...rest, IpProtocol: protocol, ...ports, IpRanges: texts(cidrBlocks).map((CidrIp) => ({ CidrIp })) };
}

const everything = { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] };

function securityGroup({ name, description, ingress, egress, tags, ...rest }: Props): AwsCalls {
  const named = { GroupName: name, Description: description };
  const body = { ...capital(rest), ...named, TagSpecifications: [tagged('security-group', tags)] };
  const rules = (GroupId: string, given: unknown) => ({ GroupId, IpPermissions: bags(given).map(permission) });
  return {
    create: { schema: 'CreateSecurityGroup', body },
    idAt: ['GroupId'],
    // What a new group lets out is taken back first, so that the stack's own rules are all there are.
    then: (GroupId) => [
      { schema: 'RevokeSecurityGroupEgress', body: { GroupId, IpPermissions: [everything] } },
      { schema: 'AuthorizeSecurityGroupIngress', body: rules(GroupId, ingress) },
      { schema: 'AuthorizeSecurityGroupEgress', body: rules(GroupId, egress) },
    ],
  };
}

function keyPair({ keyName, publicKey, tags, ...rest }: Props): AwsCalls {
  const body = {
    ...capital(rest),
    KeyName: keyName,
    PublicKeyMaterial: publicKey,
    TagSpecifications: [tagged('key-pair', tags)],
  };
  return { create: { schema: 'ImportKeyPair', body }, idAt: ['KeyName'], then: none };
}

/** What the plugin waits for, and how it updates and deletes; and what is set by calls of their own. */
const pluginsOwn = ['getPasswordData', 'userDataReplaceOnChange', 'forceDestroy', 'sourceDestCheck'];

function instance(inputs: Props): AwsCalls {
  const { ami, subnetId, vpcSecurityGroupIds, associatePublicIpAddress, userData, tags, volumeTags, ...rest } = inputs;
  const { metadataOptions, rootBlockDevice, instanceMarketOptions, ...more } = rest;
  const body = omit(more, pluginsOwn);
  const market = bag(instanceMarketOptions);
  const card = {
    ...{ DeviceIndex: 0, SubnetId: subnetId, AssociatePublicIpAddress: associatePublicIpAddress },
    Groups: texts(vpcSecurityGroupIds),
  };
  const create = {
    ...capital(body),
    ...{ ImageId: ami, MinCount: 1, MaxCount: 1, NetworkInterfaces: [card] },
    UserData: Buffer.from(String(userData)).toString('base64'),
    MetadataOptions: capital(bag(metadataOptions)),
    BlockDeviceMappings: [{ DeviceName: '/dev/sda1', Ebs: capital(bag(rootBlockDevice)) }],
    ...(instanceMarketOptions === undefined
      ? {}
      : { InstanceMarketOptions: { ...capital(market), SpotOptions: capital(bag(market['spotOptions'])) } }),
    TagSpecifications: [tagged('instance', tags), ...(volumeTags === undefined ? [] : [tagged('volume', volumeTags)])],
  };
  return { create: { schema: 'RunInstances', body: create }, idAt: ['Instances', 0, 'InstanceId'], then: none };
}

/** As the plugin of AWS turns its inputs into calls of EC2. */
export const awsCalls: Readonly<Record<string, (inputs: Props) => AwsCalls>> = {
  'aws:ec2/vpc:Vpc': (inputs) => vpc(without(inputs)),
  'aws:ec2/internetGateway:InternetGateway': (inputs) => gateway(without(inputs)),
  'aws:ec2/subnet:Subnet': (inputs) => subnet(without(inputs)),
  'aws:ec2/routeTable:RouteTable': (inputs) => routeTable(without(inputs)),
  'aws:ec2/routeTableAssociation:RouteTableAssociation': (inputs) => association(without(inputs)),
  'aws:ec2/securityGroup:SecurityGroup': (inputs) => securityGroup(without(inputs)),
  'aws:ec2/keyPair:KeyPair': (inputs) => keyPair(without(inputs)),
  'aws:ec2/instance:Instance': (inputs) => instance(without(inputs)),
};

export const aws: Translation = Object.fromEntries(
  Object.entries(awsCalls).map(([type, callsOf]) => [
    type,
    (inputs) => {
      const { create, then } = callsOf(inputs);
      return [create, ...then('id')];
    },
  ]),
);
