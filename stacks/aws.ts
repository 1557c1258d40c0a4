import * as ec2 from '@pulumi/aws/ec2';
import * as ssm from '@pulumi/aws/ssm';
import * as pulumi from '@pulumi/pulumi';
import { tagsOf, type MachineRequest, type MachineStack } from './machine';

/** Where Canonical publishes its newest image of Ubuntu 22.04, per region. */
const canonicalParameter = '/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id';
const canonicalAccount = '099720109477';

/** Canonical's image of the region: through its SSM parameter, else (no ssm:GetParameter, or no parameter) by its account. */
async function ubuntuImage(): Promise<string> {
  try {
    return (await ssm.getParameter({ name: canonicalParameter })).value;
  } catch {
    const image = await ec2.getAmi({
      owners: [canonicalAccount],
      mostRecent: true,
      filters: [
        { name: 'name', values: ['ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*'] },
        { name: 'architecture', values: ['x86_64'] },
        { name: 'virtualization-type', values: ['hvm'] },
      ],
    });
    return image.id;
  }
}

/** A network of its own, because an account need not have a default one: VPC, gateway, subnet, route, group. */
function network(request: MachineRequest, tags: Record<string, string>) {
  const vpc = new ec2.Vpc('network', {
    cidrBlock: '10.77.0.0/24',
    enableDnsSupport: true,
    enableDnsHostnames: true,
    tags,
  });
  const gateway = new ec2.InternetGateway('gateway', { vpcId: vpc.id, tags });
  const subnet = new ec2.Subnet('subnet', {
    vpcId: vpc.id,
    cidrBlock: '10.77.0.0/24',
    ...(request.zone === undefined ? {} : { availabilityZone: request.zone }),
    tags,
  });
  const routes = new ec2.RouteTable('routes', {
    vpcId: vpc.id,
    routes: [{ cidrBlock: '0.0.0.0/0', gatewayId: gateway.id }],
    tags,
  });
  const route = new ec2.RouteTableAssociation('route', { subnetId: subnet.id, routeTableId: routes.id });
  const group = new ec2.SecurityGroup('firewall', {
    name: request.job,
    description: 'cvicast: SSH from one address',
    vpcId: vpc.id,
    ingress: [{ protocol: 'tcp', fromPort: 22, toPort: 22, cidrBlocks: [...request.allowCidrs] }],
    egress: [{ protocol: '-1', fromPort: 0, toPort: 0, cidrBlocks: ['0.0.0.0/0'] }],
    tags,
  });
  return { subnet, route, group };
}

/**
 * An EC2 instance. What ends it: the guest's own shutdown (armed by its user data) terminates it and frees its disk;
 * the platform has no timer that needs no role.
 */
const stack: MachineStack = (request) => {
  const tags = { Name: request.job, ...tagsOf(request) };
  const { subnet, route, group } = network(request, tags);
  const key = new ec2.KeyPair('key', { keyName: request.job, publicKey: request.publicKey, tags });
  const instance = new ec2.Instance(
    'machine',
    {
      ami: pulumi.output(ubuntuImage()),
      instanceType: request.size,
      subnetId: subnet.id,
      vpcSecurityGroupIds: [group.id],
      associatePublicIpAddress: true,
      keyName: key.keyName,
      userData: pulumi.secret(request.userData),
      instanceInitiatedShutdownBehavior: 'terminate',
      // Version 2 with one hop: what runs in a container there cannot ask for the machine's metadata.
      metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1 },
      rootBlockDevice: { volumeSize: request.diskGiB, volumeType: 'gp3', encrypted: true, deleteOnTermination: true },
      volumeTags: tags,
      ...(request.spot
        ? {
            instanceMarketOptions: {
              marketType: 'spot',
              spotOptions: { spotInstanceType: 'one-time', instanceInterruptionBehavior: 'terminate' },
            },
          }
        : {}),
      tags,
    },
    { dependsOn: [route] },
  );
  return { address: instance.publicIp, port: 22, user: 'ubuntu', machineId: instance.id };
};

export default stack;
