import { clouds } from '../../src/cloud';
import type { MachineRequest } from '../../stacks/machine';
import type { Call } from '../../stacks/tencent-provider/client';
import { kinds, setRules } from '../../stacks/tencent-provider/resources';
import { askedBy, type Asked } from '../_helpers/stack-inputs';
import { judgeOf } from './judges/judge';
import type { World } from './core/table';
import { tables } from './tables';
import { image as newestImage } from './tables/alibaba-facts';

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

type Value = Readonly<Record<string, unknown>>;

const cidrs = ['203.0.113.7/32', '198.51.100.0/24'];

/** What a cloud is asked for, as far as strangers, agents and the kind of the price go. */
interface Closed {
  /** Type of the machine. */
  readonly machine: string;
  /** Everything that lets somebody in, complete. */
  readonly doors: Readonly<Record<string, readonly Value[]>>;
  /** What must be said aloud against IPv6, agents and rights, where the cloud's own default is another or may become it. */
  readonly said: readonly (readonly [type: string, inputs: Value])[];
  /** What a spot machine has, and no other. */
  readonly spot?: Value;
  /** Left out for good: asked for, each would let the machine, or the cloud in it, do more. */
  readonly never?: readonly string[];
}

const closed: Readonly<Record<string, Closed>> = {
  digitalocean: {
    machine: 'digitalocean:index/droplet:Droplet',
    doors: {
      'digitalocean:index/firewall:Firewall.inboundRules': [
        { protocol: 'tcp', portRange: '22', sourceAddresses: cidrs },
      ],
    },
    said: [['digitalocean:index/droplet:Droplet', { ipv6: false, monitoring: false, dropletAgent: false }]],
  },
  aws: {
    machine: 'aws:ec2/instance:Instance',
    doors: {
      'aws:ec2/securityGroup:SecurityGroup.ingress': [{ protocol: 'tcp', fromPort: 22, toPort: 22, cidrBlocks: cidrs }],
    },
    said: [
      [
        'aws:ec2/instance:Instance',
        { metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1 } },
      ],
    ],
    // Without a role the agent that Canonical's image brings can speak to nobody.
    never: ['iamInstanceProfile'],
    spot: { instanceMarketOptions: { marketType: 'spot' } },
  },
  gcp: {
    machine: 'gcp:compute/instance:Instance',
    doors: { 'gcp:compute/firewall:Firewall.allows': [{ protocol: 'tcp', ports: ['22'] }] },
    said: [
      ['gcp:compute/firewall:Firewall', { direction: 'INGRESS', sourceRanges: cidrs }],
      ['gcp:compute/network:Network', { autoCreateSubnetworks: false }],
      [
        'gcp:compute/instance:Instance',
        {
          networkInterfaces: [{ stackType: 'IPV4_ONLY' }],
          metadata: { 'block-project-ssh-keys': 'true', 'enable-oslogin': 'FALSE', 'serial-port-enable': 'FALSE' },
        },
      ],
    ],
    never: ['serviceAccount'],
    spot: { scheduling: { provisioningModel: 'SPOT' } },
  },
  azure: {
    machine: 'azure-native:compute:VirtualMachine',
    doors: {
      'azure-native:network:NetworkSecurityGroup.securityRules': [
        {
          ...{ name: 'ssh', priority: 100, direction: 'Inbound', access: 'Allow', protocol: 'Tcp' },
          ...{ sourceAddressPrefixes: cidrs, sourcePortRange: '*' },
          ...{ destinationAddressPrefix: '*', destinationPortRange: '22' },
        },
      ],
    },
    said: [
      ['azure-native:network:PublicIPAddress', { publicIPAddressVersion: 'IPv4' }],
      [
        'azure-native:compute:VirtualMachine',
        {
          osProfile: {
            allowExtensionOperations: false,
            linuxConfiguration: { disablePasswordAuthentication: true, provisionVMAgent: false },
          },
        },
      ],
    ],
    never: ['identity'],
    spot: { priority: 'Spot', evictionPolicy: 'Delete' },
  },
  alibaba: {
    machine: 'alicloud:ecs/instance:Instance',
    doors: {
      'alicloud:ecs/securityGroupRule:SecurityGroupRule': cidrs.map((cidrIp) => ({
        ...{ type: 'ingress', ipProtocol: 'tcp', portRange: '22/22', nicType: 'intranet', policy: 'accept', cidrIp },
        securityGroupId: expect.any(String) as unknown,
      })),
    },
    said: [
      ['alicloud:ecs/securityGroup:SecurityGroup', { innerAccessPolicy: 'Drop' }],
      ['alicloud:ecs/instance:Instance', { securityEnhancementStrategy: 'Deactive', httpTokens: 'required' }],
    ],
    never: ['roleName'],
    spot: { spotStrategy: 'SpotAsPriceGo' },
  },
  tencent: {
    machine: 'RunInstances',
    doors: {
      'ModifySecurityGroupPolicies.SecurityGroupPolicySet.Ingress': cidrs.map((CidrBlock) => ({
        ...{ Protocol: 'TCP', Port: '22', CidrBlock, Action: 'ACCEPT' },
      })),
    },
    said: [
      [
        'RunInstances',
        {
          EnhancedService: {
            SecurityService: { Enabled: false },
            MonitorService: { Enabled: false },
            AutomationService: { Enabled: false },
          },
        },
      ],
    ],
    never: ['CamRoleName'],
    spot: { InstanceChargeType: 'SPOTPAID' },
  },
  hetzner: {
    machine: 'hcloud:index/server:Server',
    doors: {
      'hcloud:index/firewall:Firewall.rules': [{ direction: 'in', protocol: 'tcp', port: '22', sourceIps: cidrs }],
    },
    said: [['hcloud:index/server:Server', { publicNets: [{ ipv4Enabled: true, ipv6Enabled: false }] }]],
  },
};

/** The requests that our own provider makes of what Tencent's stack asks it for. */
async function requestsOf(asked: readonly Asked[]): Promise<Asked[]> {
  const made: Asked[] = [];
  const call: Call = (_service, _region, action, inputs) => {
    made.push({ type: action, name: action, inputs: inputs as Value });
    const instance = { InstanceState: 'RUNNING', PublicIpAddresses: ['203.0.113.9'] };
    return Promise.resolve({ InstanceIdSet: ['ins-1'], InstanceSet: [instance] } as never);
  };
  for (const { type, inputs } of asked) {
    if (type.endsWith('Firewall')) await setRules(call, inputs, 'sg-1');
    if (type.endsWith('Machine')) await kinds['Machine']!.create(call, inputs, { tries: 1, pause: 0 });
  }
  return made;
}

const requestsFor = async (cloud: string, changes: Partial<MachineRequest> = {}): Promise<readonly Asked[]> => {
  const asked = await askedBy(cloud, requestFor(cloud, changes), answers);
  return cloud === 'tencent' ? requestsOf(asked) : asked;
};

/** Every field of the name, at any depth, with where it stands. */
function fieldsNamed(pattern: RegExp, value: unknown, path = ''): [path: string, value: unknown][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]): [string, unknown][] => [
    ...(pattern.test(name) ? [[`${path}/${name}`, item] satisfies [string, unknown]] : []),
    ...fieldsNamed(pattern, item, `${path}/${name}`),
  ]);
}

describe.each(Object.keys(closed))('what the stack of %s asks for', (name) => {
  const { machine, doors, said, spot, never = [] } = closed[name]!;

  it('lets in nobody but port 22 from the given ranges, over IPv4, and brings no agent and no rights', async () => {
    const asked = await requestsFor(name);
    for (const [where, rules] of Object.entries(doors)) {
      const [type, ...steps] = where.split('.');
      const found = asked
        .filter((one) => one.type === type)
        .flatMap(({ inputs }) => steps.reduce<unknown>((at, step) => (at as Value)[step], inputs));
      expect(found).toEqual(rules);
    }
    // No other resource may open a door that this test does not look at.
    const doorTypes = new Set(Object.keys(doors).map((where) => where.split('.')[0]));
    expect(asked.map((one) => one.type).filter((type) => /rule|ingress/i.test(type) && !doorTypes.has(type))).toEqual(
      [],
    );
    for (const [type, inputs] of said) expect(asked.find((one) => one.type === type)?.inputs).toMatchObject(inputs);
    for (const { inputs } of asked) {
      expect(fieldsNamed(/ipv6/i, inputs).filter(([, value]) => value !== false)).toEqual([]);
      expect(fieldsNamed(/./, inputs).filter(([, value]) => value === '::/0')).toEqual([]);
    }
    const { inputs } = asked.find((one) => one.type === machine)!;
    expect(Object.keys(inputs).filter((field) => never.includes(field))).toEqual([]);
  });

  it('is a spot machine when one was asked for, and only then', async () => {
    expect(clouds[name]!.spot).toBe(spot !== undefined);
    if (spot === undefined) return;
    const machineOf = async (changes: Partial<MachineRequest>): Promise<unknown> =>
      (await requestsFor(name, changes)).find((one) => one.type === machine)?.inputs;
    expect(await machineOf({ spot: true })).toMatchObject(spot);
    expect(await machineOf({ spot: false })).not.toMatchObject(spot);
  });
});

it('looks at every cloud that is rented from', () => {
  expect(Object.keys(closed).sort()).toEqual(Object.keys(tables).sort());
});

it("takes the newest of Alibaba's images", async () => {
  const listImages = 'alicloud:ecs/getImages:getImages';
  const invoke = (token: string, args: Record<string, unknown>) =>
    token === listImages
      ? Promise.resolve(tables['alibaba']!.invokes![listImages]!({} as World, args))
      : answers.invoke(token);
  const asked = await askedBy('alibaba', requestFor('alibaba'), { ...answers, invoke });
  expect(asked.find((one) => 'imageId' in one.inputs)?.inputs['imageId']).toBe(newestImage);
});

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
