import { flag, list, map, number, object, text } from '../core/shape';

const id = text(/./);
const tags = map(/^(?!aliyun|acs:).{1,128}$/s, /^.{0,128}$/s);
const name = text(/^.{2,128}$/);
const on = text(['enabled', 'disabled']);

export const instance = object(
  { instanceType: text(/^ecs\./), imageId: id, securityGroups: list(id, 1) },
  {
    ...{
      instanceName: name,
      hostName: text(),
      availabilityZone: text(),
      vswitchId: id,
      keyName: id,
      userData: text(),
      tags,
      volumeTags: tags,
    },
    ...{
      instanceChargeType: text(['PostPaid', 'PrePaid']),
      autoReleaseTime: text(),
      spotStrategy: text(['NoSpot', 'SpotAsPriceGo', 'SpotWithPriceLimit']),
    },
    ...{
      systemDiskCategory: text(['cloud_efficiency', 'cloud_ssd', 'cloud_essd', 'cloud_auto', 'cloud']),
      systemDiskSize: number(20, 2048),
      systemDiskEncrypted: flag,
    },
    ...{
      internetChargeType: text(['PayByTraffic', 'PayByBandwidth']),
      internetMaxBandwidthOut: number(0, 100),
      forceDelete: flag,
    },
    ...{
      httpEndpoint: on,
      httpTokens: text(['optional', 'required']),
      httpPutResponseHopLimit: number(1, 64),
      securityEnhancementStrategy: text(['Active', 'Deactive']),
    },
    ...{ dryRun: flag, deletionProtection: flag },
  },
);

export const network = object({ cidrBlock: text() }, { vpcName: name, tags, enableIpv6: flag });

export const vswitch = object({ vpcId: id, zoneId: text(), cidrBlock: text() }, { vswitchName: name, tags });

export const group = object(
  { vpcId: id },
  { securityGroupName: name, innerAccessPolicy: text(['Accept', 'Drop']), tags, description: text() },
);

export const rule = object(
  {
    securityGroupId: id,
    type: text(['ingress', 'egress']),
    ipProtocol: text(['tcp', 'udp', 'icmp', 'gre', 'all']),
  },
  {
    portRange: text(),
    nicType: text(['internet', 'intranet']),
    policy: text(['accept', 'drop']),
    cidrIp: text(),
    priority: number(1, 100),
  },
);

export const keyPair = object({ keyPairName: name, publicKey: text(/./) }, { tags });
