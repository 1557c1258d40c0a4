import { isCidr, within } from '../core/cidr';
import type { Entry, Props } from '../core/ledger';
import { Refusal } from '../core/refusal';
import { flag, isProps, list, map, number, object, text, textOf, type Shape } from '../core/shape';
import { gcp as requests } from '../judges/gcp';
import type { CloudTable, Made, Resource, World } from '../core/table';
import { gcpApi } from './gcp-api';
import * as facts from './gcp-facts';

const { project } = facts;

const refuse = (message: string, reason = 'invalid', status = 400): never => {
  throw new Refusal(reason, message, status);
};
const strings = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const bag = (value: unknown): Props => (isProps(value) ? value : {});
const bags = (value: unknown): Props[] => (Array.isArray(value) ? value.map(bag) : []);

const invalid = (field: string, value: unknown, why: string): never =>
  refuse(`Invalid value for field 'resource.${field}': '${JSON.stringify(value)}'. ${why}`);

function add(world: World, kind: string, place: string, inputs: Props, more: Partial<Entry> = {}): Entry {
  const name = String(inputs['name']);
  const id = `projects/${project}/${place}/${name}`;
  if (world.ledger.get(kind, id)) refuse(`The resource '${id}' already exists`, 'alreadyExists', 409);
  return world.ledger.add({
    ...{ kind, id, name, region: facts.regionOfPlace(place), tags: bag(inputs['labels']) as Record<string, string> },
    ...{ properties: inputs, ...more },
  });
}

const outputs = (entry: Entry, inputs: Props): Props => ({ ...inputs, project, selfLink: facts.selfLink(entry.id) });

/** A reference may be a self link, an id or a bare name. */
function referred(world: World, kind: string, reference: unknown): Entry {
  const wanted = textOf(reference).replace(/^.*?(projects\/)/, '$1');
  const found = world.ledger.alive(kind).find((one) => one.id === wanted || one.name === wanted);
  return found ?? refuse(`The referenced ${kind} resource '${wanted}' cannot be found.`, 'notFound', 404);
}

function createNetwork(world: World, inputs: Props): Made {
  const limit = Number(world.options['networkQuota'] ?? '5');
  if (world.ledger.alive('network').length >= limit) {
    refuse(`Quota 'NETWORKS' exceeded.  Limit: ${limit}.0 globally.`, 'quotaExceeded', 403);
  }
  const entry = add(world, 'network', 'global/networks', inputs);
  return { entry, outputs: outputs(entry, inputs) };
}

function createSubnet(world: World, inputs: Props): Made {
  const region = textOf(inputs['region']);
  if (!(region in facts.regions)) invalid('region', region, 'Unknown region.');
  if (!isCidr(textOf(inputs['ipCidrRange'])))
    invalid('ipCidrRange', inputs['ipCidrRange'], 'Must be a CIDR address range.');
  const network = referred(world, 'network', inputs['network']);
  const entry = add(world, 'subnetwork', `regions/${region}/subnetworks`, { ...inputs, network: network.id });
  return { entry, outputs: outputs(entry, inputs) };
}

function checkFirewall(inputs: Props): void {
  for (const range of strings(inputs['sourceRanges'])) {
    if (!isCidr(range)) invalid('sourceRanges[0]', range, 'Must be a valid CIDR address range.');
  }
  const allowed = bags(inputs['allows']);
  if (allowed.length === 0) refuse('Must specify at least one rule.');
  for (const { protocol } of allowed) {
    if (!['tcp', 'udp', 'icmp', 'all'].includes(textOf(protocol))) {
      invalid('allowed[0].IPProtocol', protocol, 'Unknown protocol.');
    }
  }
}

function createFirewall(world: World, inputs: Props): Made {
  checkFirewall(inputs);
  const network = referred(world, 'network', inputs['network']);
  const entry = add(world, 'firewall', 'global/firewalls', { ...inputs, network: network.id });
  return { entry, outputs: outputs(entry, inputs) };
}

/** Seconds after which the platform acts, and how; null without such a timer. */
function timerOf(scheduling: Props): { seconds: number; deletes: boolean } | null {
  const action = scheduling['instanceTerminationAction'];
  if (action !== undefined && action !== 'DELETE' && action !== 'STOP') {
    invalid('scheduling.instanceTerminationAction', action, 'Unknown action.');
  }
  const spot = scheduling['provisioningModel'] === 'SPOT';
  if (spot && scheduling['automaticRestart'] !== false) {
    refuse('Automatic restart cannot be enabled for a Spot instance.');
  }
  if (spot && scheduling['onHostMaintenance'] !== 'TERMINATE') {
    refuse('A Spot instance must have onHostMaintenance set to TERMINATE.');
  }
  if (!isProps(scheduling['maxRunDuration'])) return null;
  const seconds = Number(scheduling['maxRunDuration']['seconds']);
  if (action === undefined) refuse('Scheduling must specify instanceTerminationAction when maxRunDuration is set.');
  if (seconds < 30 || seconds > 120 * 86_400) {
    invalid('scheduling.maxRunDuration', seconds, 'Must be between 30 seconds and 120 days.');
  }
  return { seconds, deletes: action === 'DELETE' };
}

async function createInstance(world: World, inputs: Props): Promise<Made> {
  const zone = textOf(inputs['zone'] ?? world.config['zone']);
  const region = facts.regionOfZone(zone);
  if (!facts.zonesOf(region).includes(zone)) invalid('zone', zone, 'Unknown zone.');
  const machineType = String(inputs['machineType']);
  const type =
    facts.types[machineType] ??
    invalid('machineType', machineType, `Machine type '${machineType}' does not exist in zone '${zone}'.`);
  const boot = bag(inputs['bootDisk']);
  const initial = bag(boot['initializeParams']);
  if (initial['image'] !== facts.image) {
    refuse(`The resource '${textOf(initial['image'])}' was not found`, 'notFound', 404);
  }
  const [card = {}] = bags(inputs['networkInterfaces']);
  const subnet = referred(world, 'subnetwork', card['subnetwork']);
  if (subnet.region !== region) refuse(`Subnetwork '${subnet.name}' is not in region '${region}'.`);
  const [access] = bags(card['accessConfigs']);
  if (access && !['PREMIUM', 'STANDARD'].includes(textOf(access['networkTier'] ?? 'PREMIUM'))) {
    invalid('networkInterfaces[0].accessConfigs[0].networkTier', access['networkTier'], 'Unknown tier.');
  }
  const timer = timerOf(bag(inputs['scheduling']));

  const pricePerHour = (Number(initial['size'] ?? 10) * 0.1) / 730;
  const ofDisk = { name: inputs['name'], labels: bag(initial['labels']) };
  const disk = add(world, 'disk', `zones/${zone}/disks`, ofDisk, { pricePerHour, zone });
  const labels = { ...bag(inputs['labels']), 'goog-pulumi-provisioned': 'true' };
  const priced = { zone, pricePerHour: type.price + facts.addressPrice };
  const entry = add(world, 'instance', `zones/${zone}/instances`, { ...inputs, labels }, priced);
  const metadata = bag(inputs['metadata']);
  const keyLines = textOf(metadata['ssh-keys']).split('\n');
  const address = await world.boot(entry, {
    userData: textOf(metadata['user-data']),
    image: { user: 'ubuntu', disableRoot: true },
    metadataKeys: keyLines.filter((line) => line.startsWith('ubuntu:')).map((line) => line.slice('ubuntu:'.length)),
  });
  const network = String(subnet.properties['network']);
  const accessConfigs = access ? [{ ...access, natIp: address }] : [];
  const networkInterfaces = [{ ...card, network, networkIp: '10.77.0.2', accessConfigs }];
  entry.properties = {
    ...{ tags: inputs['tags'], network, subnetwork: subnet.id, disk: disk.id, networkInterfaces },
    autoDelete: boot['autoDelete'] !== false,
  };
  if (timer !== null)
    world.clock.at(world.clock.now() + timer.seconds * 1000, () => timesUp(world, entry, timer.deletes));
  const told = { zone, networkInterfaces, currentStatus: 'RUNNING', instanceId: String(world.serial()) };
  return { entry, outputs: { ...outputs(entry, inputs), ...told } };
}

function timesUp(world: World, entry: Entry, deletes: boolean): void {
  if (entry.state === 'deleted') return;
  if (deletes) {
    takeDisk(world, entry, 'timer');
    world.ledger.delete(entry, 'timer');
  } else {
    entry.state = 'off';
  }
  void world.halt(entry);
}

/** An instance takes its boot disk along if it was told so. */
function takeDisk(world: World, entry: Entry, by: string): void {
  const disk = world.ledger.get('disk', String(entry.properties['disk']));
  if (disk && entry.properties['autoDelete'] === true) world.ledger.delete(disk, by);
}

/** Compute Engine deletes nothing that something else names; an instance takes its disk along. */
function remove(world: World, entry: Entry, by = 'engine'): void {
  const users = world.ledger.alive().filter((one) => one !== entry && one.kind !== 'disk');
  const user = users.find((one) => JSON.stringify(one.properties).includes(`"${entry.id}"`));
  if (user) {
    const message = `The ${entry.kind} resource '${entry.id}' is already being used by '${user.id}'`;
    refuse(message, 'resourceInUseByAnotherResource');
  }
  if (entry.kind === 'instance') takeDisk(world, entry, by);
}

function admits(world: World, entry: Entry, address: string): boolean {
  const opens = (rule: Props): boolean => rule['protocol'] === 'tcp' && strings(rule['ports']).includes('22');
  return world.ledger
    .alive('firewall')
    .map((one) => one.properties)
    .filter((one) => one['network'] === entry.properties['network'])
    .filter((one) => strings(one['targetTags']).some((tag) => strings(entry.properties['tags']).includes(tag)))
    .some((one) => within(address, strings(one['sourceRanges'])) && bags(one['allows']).some(opens));
}

const name = text(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
const labels = map(/^[a-z][a-z0-9_-]{0,62}$/, /^[a-z0-9_-]{0,63}$/);
const reference = text(/./);

const resource = (kind: string, inputs: Shape, create: Resource['create'], more: Partial<Resource> = {}): Resource => ({
  ...{
    kind,
    inputs,
    create,
    remove: (world: World, entry: Entry) => remove(world, entry),
    whenGone: 'succeeds',
    ...more,
  },
});

const bootDisk = object(
  {},
  {
    ...{ autoDelete: flag, deviceName: text() },
    initializeParams: object({}, { image: text(), size: number(10), type: text(), labels }),
  },
);
const networkInterface = object(
  {},
  {
    ...{ subnetwork: reference, network: reference, stackType: text(['IPV4_ONLY', 'IPV4_IPV6']) },
    accessConfigs: list(object({}, { networkTier: text(), natIp: text() })),
  },
);
const scheduling = object(
  {},
  {
    ...{ instanceTerminationAction: text(), automaticRestart: flag, provisioningModel: text(), preemptible: flag },
    ...{ onHostMaintenance: text(), maxRunDuration: object({ seconds: number(0) }, { nanos: number(0) }) },
  },
);
const firewall = object(
  { name, network: reference },
  {
    ...{ description: text(), direction: text(['INGRESS', 'EGRESS']), sourceRanges: list(text()) },
    ...{ targetTags: list(name), priority: number(0, 65535) },
    allows: list(object({ protocol: text() }, { ports: list(text(/^\d+(-\d+)?$/)) })),
  },
);

/** Google Cloud: Compute Engine. */
export const gcp: CloudTable = {
  name: 'gcp',
  plugin: 'gcp',
  requests,
  billing: { minimumSeconds: 60, stepSeconds: 1 },
  resources: {
    'gcp:compute/network:Network': resource(
      'network',
      object({ name }, { description: text(), autoCreateSubnetworks: flag, routingMode: text(['REGIONAL', 'GLOBAL']) }),
      createNetwork,
    ),
    'gcp:compute/subnetwork:Subnetwork': resource(
      'subnetwork',
      object(
        { name, network: reference, ipCidrRange: text() },
        { region: text(), description: text(), stackType: text() },
      ),
      createSubnet,
    ),
    'gcp:compute/firewall:Firewall': resource('firewall', firewall, createFirewall, {
      update: (_world, entry, inputs) => {
        checkFirewall(inputs);
        entry.properties = { ...inputs, network: entry.properties['network'] };
        return inputs;
      },
    }),
    'gcp:compute/instance:Instance': resource(
      'instance',
      object(
        { name, machineType: text(/./), bootDisk, networkInterfaces: list(networkInterface, 1) },
        {
          ...{ zone: text(), labels, tags: list(name), metadata: map(), description: text(), scheduling },
          ...{ deletionProtection: flag, canIpForward: flag, deletionPolicy: text() },
          shieldedInstanceConfig: object(
            {},
            { enableSecureBoot: flag, enableVtpm: flag, enableIntegrityMonitoring: flag },
          ),
        },
      ),
      createInstance,
      {
        check: (inputs) => {
          const empty = Object.keys(bag(inputs['bootDisk'])).length === 0;
          return empty ? [{ property: 'bootDisk', reason: 'one of its fields must be specified' }] : [];
        },
      },
    ),
  },
  invokes: {
    'gcp:compute/getZones:getZones': (_world, args) => ({
      ...{ id: 'zones', names: facts.zonesOf(textOf(args['region'])), project },
    }),
  },
  say: ({ code, message, status }) => `googleapi: Error ${status}: ${message}, ${code}`,
  // A guest that shuts down is stopped: its machine bills no more, its disk does.
  poweredOff: async (world, entry) => {
    entry.state = 'off';
    await world.halt(entry);
  },
  admits,
  vanish: (world, entry) => takeDisk(world, entry, 'outside'),
  api: (world, request) => gcpApi(world, request, (entry) => remove(world, entry, 'api')),
  environment: (url, _folder, secret) => ({
    GOOGLE_OAUTH_ACCESS_TOKEN: secret,
    GOOGLE_CLOUD_PROJECT: project,
    GOOGLE_COMPUTE_CUSTOM_ENDPOINT: `${url}/compute/v1`,
    GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT: `${url}/v1`,
  }),
};
