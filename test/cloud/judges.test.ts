import { clouds } from '../../src/cloud';
import type { MachineRequest } from '../../stacks/machine';
import { askedBy, type Asked } from '../_helpers/stack-inputs';
import { judgeOf } from './judges/judge';
import { tables } from './tables';

const judged = Object.values(tables).filter((table) => table.requests !== undefined);

function requestFor(cloud: string, changes: Partial<MachineRequest> = {}): MachineRequest {
  const { defaultRegion: region, defaultSize: size } = clouds[cloud]!;
  return {
    ...{ job: 'cv-20261128-112830-7f3a9c', owner: '0123456789abcdef', region, size, spot: false, diskGiB: 30 },
    ...{ ttlMinutes: 60, expiresAt: new Date(Date.now() + 3_600_000).toISOString() },
    ...{ allowCidrs: ['203.0.113.7/32', '198.51.100.0/24'], publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 key' },
    ...{ userData: '#cloud-config\n', ...changes },
  };
}

let serial = 0;
/** What a plugin would know of each once it is there, as far as a stack reads it. */
const answers = {
  resource: ({ inputs }: Asked) => {
    const id = `${++serial}`;
    const subnets = Array.isArray(inputs['subnets']) ? { subnets: [{ id: `${id}/subnet` }] } : {};
    return Promise.resolve({ id, outputs: { name: inputs['name'] ?? 'name', ...subnets } });
  },
  invoke: (token: string) => {
    if (token.endsWith('getZones')) return Promise.resolve({ names: ['zone-a'], zones: [{ id: 'zone-a' }] });
    return Promise.resolve({ value: 'ami-12345678', images: [{ id: 'image' }] });
  },
};

describe.each(judged.map(({ name, requests }) => ({ name, requests })))(
  'what the stack of $name asks for',
  ({ name, requests }) => {
    const judge = judgeOf(name);
    const wishes = [{}, { zone: `${clouds[name]!.defaultRegion}-1` }, ...(clouds[name]!.spot ? [{ spot: true }] : [])];

    it.each(wishes)("is taken by the cloud's own description of its requests: %j", async (wish) => {
      const asked = await askedBy(name, requestFor(name, wish), answers);
      expect(asked.length).toBeGreaterThan(3);
      for (const { type, inputs } of asked) {
        const bodies = requests![type]?.(inputs) ?? [];
        expect({ type, bodies: bodies.length }).not.toEqual({ type, bodies: 0 });
        expect({ type, problems: bodies.flatMap((body) => judge.problems(body)) }).toEqual({ type, problems: [] });
      }
    });
  },
);

describe("the cloud's own description refuses", () => {
  const card = { subnetwork: 'subnet', accessConfigs: [{ networkTier: 'CHEAP' }] };
  const rule = { protocol: 'tcq', portRange: '22', sourceAddresses: ['203.0.113.7/32'] };

  it.each([
    [
      'gcp',
      'gcp:compute/instance:Instance',
      { scheduling: { instanceTerminationAction: 'KILL' } },
      'scheduling.instan',
    ],
    [
      'gcp',
      'gcp:compute/instance:Instance',
      { networkInterfaces: [card] },
      'networkInterfaces[0].accessConfigs[0].net',
    ],
    ['gcp', 'gcp:compute/instance:Instance', { name: 'Capital' }, 'name'],
    ['gcp', 'gcp:compute/firewall:Firewall', { direction: 'IN', allows: [] }, 'direction'],
    ['gcp', 'gcp:compute/firewall:Firewall', { sourceRange: ['203.0.113.7/32'] }, 'sourceRange'],
    ['aws', 'aws:ec2/instance:Instance', { instanceType: 'c6i.huge' }, 'InstanceType'],
    ['aws', 'aws:ec2/instance:Instance', { metadataOptions: { httpTokens: 'needed' } }, 'MetadataOptions.HttpTokens'],
    ['aws', 'aws:ec2/instance:Instance', { instanceInitiatedShutdownBehaviour: 'terminate' }, 'InstanceInitiatedShut'],
    ['aws', 'aws:ec2/subnet:Subnet', { cidrBlock: '10.0.0.0/24' }, 'VpcId'],
    [
      'azure',
      'azure-native:network:PublicIPAddress',
      { publicIPAllocationMethod: 'Fixed' },
      'properties.publicIPAlloc',
    ],
    ['azure', 'azure-native:compute:VirtualMachine', { location: 'x', priority: 'Cheap' }, 'properties.priority'],
    [
      'azure',
      'azure-native:compute:VirtualMachine',
      { location: 'x', osProfile: { user: 'x' } },
      'properties.osProfile',
    ],
    ['alibaba', 'alicloud:ecs/instance:Instance', { autoReleaseDate: 'tomorrow' }, 'AutoReleaseDate'],
    ['alibaba', 'alicloud:ecs/securityGroupRule:SecurityGroupRule', { type: 'ingress' }, 'SecurityGroupId'],
    ['digitalocean', 'digitalocean:index/firewall:Firewall', { inboundRules: [rule] }, 'inbound_rules[0].protocol'],
    ['digitalocean', 'digitalocean:index/tag:Tag', { name: 'a tag' }, 'name'],
    ['digitalocean', 'digitalocean:index/droplet:Droplet', { name: 'a', image: 'b' }, 'size'],
  ])('%s: %s %j', (cloud, type, inputs, property) => {
    const bodies = tables[cloud]!.requests![type]!(inputs);
    const problems = bodies.flatMap((body) => judgeOf(cloud).problems(body));
    expect(problems.map((one) => one.property)).toContainEqual(expect.stringContaining(property));
  });
});
