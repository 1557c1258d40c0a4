import type { Props } from '../core/ledger';
import type { CloudRequest } from './judge';
import { asText, bag, omit, without, type Translation } from './translation';

/** `vswitchName` → `VSwitchName`: parameters are the plugin's inputs with a capital, but for these. */
const spelt: Readonly<Record<string, string>> = {
  vswitchName: 'VSwitchName',
  vswitchId: 'VSwitchId',
  availabilityZone: 'ZoneId',
  securityGroups: 'SecurityGroupIds',
  keyName: 'KeyPairName',
  cidrIp: 'SourceCidrIp',
};

const parameterOf = (name: string): string => spelt[name] ?? name.charAt(0).toUpperCase() + name.slice(1);

/** The plugin knows the region from its configuration. */
function parameters({ tags, ...inputs }: Props): Props {
  const renamed = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [parameterOf(name), value]));
  const Tag = Object.entries(bag(tags)).map(([Key, Value]) => ({ Key, Value }));
  return { RegionId: 'ap-southeast-1', ...renamed, ...(tags === undefined ? {} : { Tag }) };
}

const simple =
  (schema: string) =>
  (inputs: Props): CloudRequest[] => [{ schema, body: parameters(without(inputs)) }];

function instance(inputs: Props): CloudRequest[] {
  const { systemDiskCategory, systemDiskSize, systemDiskEncrypted, ...rest } = without(inputs);
  const SystemDisk = {
    Category: systemDiskCategory,
    Size: asText(systemDiskSize),
    Encrypted: asText(systemDiskEncrypted),
  };
  // For the delete, and for a call of its own after the creation: no parameters of this one.
  const body = { ...parameters(omit(rest, ['forceDelete', 'volumeTags'])), SystemDisk };
  return [{ schema: 'RunInstancesRequest', body }];
}

function group(inputs: Props): CloudRequest[] {
  // How members of a group reach each other is set by a call of its own.
  return simple('CreateSecurityGroupRequest')(omit(inputs, ['innerAccessPolicy']));
}

function rule({ type, ...inputs }: Props): CloudRequest[] {
  // An outgoing rule is another call, and no stack of ours makes one.
  return simple(type === 'ingress' ? 'AuthorizeSecurityGroupRequest' : 'AuthorizeSecurityGroupEgressRequest')(inputs);
}

/** As the plugin of Alibaba Cloud turns its inputs into requests of ECS and VPC. */
export const alibaba: Translation = {
  'alicloud:vpc/network:Network': simple('CreateVpcRequest'),
  'alicloud:vpc/switch:Switch': simple('CreateVSwitchRequest'),
  'alicloud:ecs/securityGroup:SecurityGroup': group,
  'alicloud:ecs/securityGroupRule:SecurityGroupRule': rule,
  'alicloud:ecs/instance:Instance': instance,
};
