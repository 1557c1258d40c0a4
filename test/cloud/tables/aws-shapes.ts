import { flag, list, map, number, object, text } from '../core/shape';

const tags = map(/^(?!aws:).{1,128}$/s, /^.{0,256}$/s);
const id = text(/./);

const rule = object(
  { protocol: text(['tcp', 'udp', 'icmp', '-1']), fromPort: number(-1, 65535), toPort: number(-1, 65535) },
  {
    ...{ cidrBlocks: list(text()), description: text(), self: flag, ipv6CidrBlocks: list(text()) },
    ...{ prefixListIds: list(text()), securityGroups: list(text()) },
  },
);

export const vpc = object({ cidrBlock: text() }, { enableDnsSupport: flag, enableDnsHostnames: flag, tags });

export const gateway = object({ vpcId: id }, { tags });

export const subnet = object(
  { vpcId: id, cidrBlock: text() },
  { availabilityZone: text(), mapPublicIpOnLaunch: flag, tags },
);

export const routeTable = object(
  { vpcId: id },
  { routes: list(object({}, { cidrBlock: text(), gatewayId: id })), tags },
);

export const association = object({ routeTableId: id, subnetId: id });

export const securityGroup = object(
  { name: text(/^(?!sg-)[\w .:/()#,@[\]+=&;{}!$*-]{1,255}$/), vpcId: id },
  { description: text(/^[\w .:/()#,@[\]+=&;{}!$*-]{0,255}$/), ingress: list(rule), egress: list(rule), tags },
);

export const keyPair = object({ keyName: id, publicKey: text(/./) }, { tags });

export const instance = object(
  { ami: text(/^ami-[0-9a-f]{8,17}$/), instanceType: text(/./) },
  {
    ...{
      subnetId: id,
      vpcSecurityGroupIds: list(id),
      associatePublicIpAddress: flag,
      keyName: id,
      userData: text(),
    },
    ...{
      instanceInitiatedShutdownBehavior: text(['stop', 'terminate']),
      tags,
      volumeTags: tags,
      userDataReplaceOnChange: flag,
    },
    ...{ getPasswordData: flag, sourceDestCheck: flag, monitoring: flag, forceDestroy: flag },
    metadataOptions: object(
      {},
      {
        httpEndpoint: text(['enabled', 'disabled']),
        httpTokens: text(['optional', 'required']),
        httpPutResponseHopLimit: number(1, 64),
      },
    ),
    rootBlockDevice: object(
      {},
      {
        volumeSize: number(8, 16384),
        volumeType: text(['gp2', 'gp3', 'io1', 'io2']),
        encrypted: flag,
        deleteOnTermination: flag,
      },
    ),
    instanceMarketOptions: object(
      {},
      {
        marketType: text(['spot']),
        spotOptions: object(
          {},
          {
            spotInstanceType: text(['one-time', 'persistent']),
            instanceInterruptionBehavior: text(['terminate', 'stop', 'hibernate']),
          },
        ),
      },
    ),
  },
);
