import * as pulumi from '@pulumi/pulumi';
import { tagsOf, type MachineStack } from './machine';
import { leastMinutes } from '../src/cloud/tencent/timer';

const named = (type: string): string => `cvicast-tencent:index:${type}`;

/** Things of cvicast's own provider (`stacks/tencent-provider/`): Tencent has no maintained one on npm. */
class Thing extends pulumi.CustomResource {
  declare readonly address: pulumi.Output<string>;

  constructor(type: string, name: string, inputs: pulumi.Inputs) {
    super(named(type), name, { address: undefined, ...inputs });
  }
}

interface Place {
  readonly zone: string;
  readonly imageId: string;
}

/**
 * A CVM instance with a network of its own. The platform terminates it at its action timer, which is part of the call
 * that makes it; never sooner than the platform takes, the guest's own timer covers the rest.
 */
const stack: MachineStack = (request) => {
  const { region, size, spot } = request;
  const common = { region, name: request.job, tags: tagsOf(request) };
  const wanted = { region, size, spot, ...(request.zone === undefined ? {} : { zone: request.zone }) };
  const place = pulumi.output(pulumi.runtime.invoke(named('getPlace'), wanted) as Promise<Place>);
  const network = new Thing('Network', 'network', { ...common, cidrBlock: '10.77.0.0/16' });
  const subnet = new Thing('Subnet', 'subnet', {
    ...common,
    vpcId: network.id,
    cidrBlock: '10.77.0.0/24',
    zone: place.zone,
  });
  const firewall = new Thing('Firewall', 'firewall', { ...common, allowCidrs: [...request.allowCidrs] });
  const releaseAt = Math.max(Date.parse(request.expiresAt), Date.now() + leastMinutes * 60_000);
  const machine = new Thing('Machine', 'machine', {
    ...common,
    ...{ size, spot, zone: place.zone, imageId: place.imageId, diskGiB: request.diskGiB },
    ...{ vpcId: network.id, subnetId: subnet.id, securityGroupId: firewall.id },
    releaseAt: new Date(releaseAt).toISOString().replace(/\.\d+Z$/, 'Z'),
    userData: pulumi.secret(request.userData),
  });
  return { address: machine.address, port: 22, user: 'ubuntu', machineId: machine.id };
};

export default stack;
