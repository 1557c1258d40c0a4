import * as ecs from '@pulumi/alicloud/ecs';
import { getZones } from '@pulumi/alicloud/getZones';
import { Network, Switch } from '@pulumi/alicloud/vpc';
import * as pulumi from '@pulumi/pulumi';
import { UserError } from '../src/errors';
import { tagsOf, type MachineRequest, type MachineStack } from './machine';
import { leastMinutes } from '../src/cloud/alibaba/timer';

/** The newest system image of Ubuntu 22.04 in the region. */
async function ubuntuImage(): Promise<string> {
  const found = await ecs.getImages({ nameRegex: '^ubuntu_22_04_x64', owners: 'system', mostRecent: true });
  const image = found.images[0];
  if (image !== undefined) return image.id;
  throw new UserError({
    code: 'no-image',
    what: 'Alibaba Cloud offers no Ubuntu 22.04 in this region',
    why: 'its list of system images holds no ubuntu_22_04_x64',
    fix: 'choose another --region',
    exit: 'provider',
  });
}

/** The zone asked for, else the first that sells this size, pay as you go, with a disk of the kind we take. */
async function zoneFor(request: MachineRequest): Promise<string> {
  if (request.zone !== undefined) return request.zone;
  const found = await getZones({
    availableInstanceType: request.size,
    availableDiskCategory: 'cloud_essd',
    availableResourceCreation: 'VSwitch',
    instanceChargeType: 'PostPaid',
  });
  const zone = found.zones[0];
  if (zone !== undefined) return zone.id;
  throw new UserError({
    code: 'size-not-here',
    what: `No zone of ${request.region} sells ${request.size}`,
    why: 'the cloud lists no zone that has this size and its kind of disk pay as you go',
    fix: 'choose another --region or --size',
    exit: 'provider',
  });
}

/** `autoReleaseTime`: UTC to the second, and not sooner than the platform takes; the guest's own timer covers the rest. */
function releaseTime(request: MachineRequest, now = Date.now()): string {
  const wanted = Math.max(Date.parse(request.expiresAt), now + leastMinutes * 60_000);
  return new Date(wanted).toISOString().replace(/\.\d+Z$/, 'Z');
}

/**
 * An ECS instance with a network of its own. The platform releases it at `autoReleaseTime` (pay-as-you-go only). No key
 * pair of the cloud's: it imports no Ed25519 key (ImportKeyPair, read 2026-11-28), so ours comes with the user data alone.
 */
const stack: MachineStack = (request) => {
  const tags = tagsOf(request);
  const zone = pulumi.output(zoneFor(request));
  const vpc = new Network('network', { vpcName: request.job, cidrBlock: '10.77.0.0/16', tags });
  const subnet = new Switch('subnet', {
    vswitchName: request.job,
    vpcId: vpc.id,
    zoneId: zone,
    cidrBlock: '10.77.0.0/24',
    tags,
  });
  const group = new ecs.SecurityGroup('firewall', {
    securityGroupName: request.job,
    vpcId: vpc.id,
    innerAccessPolicy: 'Drop',
    tags,
  });
  const rules = request.allowCidrs.map(
    (cidr, index) =>
      new ecs.SecurityGroupRule(`firewall-ssh-${index}`, {
        securityGroupId: group.id,
        type: 'ingress',
        ipProtocol: 'tcp',
        // The cloud wants a range even for one port.
        portRange: '22/22',
        nicType: 'intranet',
        policy: 'accept',
        cidrIp: cidr,
      }),
  );
  const instance = new ecs.Instance(
    'machine',
    {
      instanceName: request.job,
      hostName: 'cvicast',
      availabilityZone: zone,
      vswitchId: subnet.id,
      securityGroups: [group.id],
      imageId: pulumi.output(ubuntuImage()),
      instanceType: request.size,
      instanceChargeType: 'PostPaid',
      autoReleaseTime: releaseTime(request),
      spotStrategy: request.spot ? 'SpotAsPriceGo' : 'NoSpot',
      systemDiskCategory: 'cloud_essd',
      systemDiskSize: request.diskGiB,
      systemDiskEncrypted: true,
      // A bandwidth above zero is what gives the machine a public address.
      internetChargeType: 'PayByTraffic',
      internetMaxBandwidthOut: 100,
      httpEndpoint: 'enabled',
      httpTokens: 'required',
      httpPutResponseHopLimit: 1,
      // No agent of the cloud's.
      securityEnhancementStrategy: 'Deactive',
      userData: pulumi.secret(request.userData).apply((text) => Buffer.from(text).toString('base64')),
      forceDelete: true,
      tags,
      volumeTags: tags,
    },
    { dependsOn: rules },
  );
  return { address: instance.publicIp, port: 22, user: 'root', machineId: instance.id };
};

export default stack;
