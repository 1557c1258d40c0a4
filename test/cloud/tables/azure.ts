import { isCidr, within } from '../core/cidr';
import type { Entry, Props } from '../core/ledger';
import { Refusal } from '../core/refusal';
import { isProps, textOf, type Shape } from '../core/shape';
import { azure as requests } from '../judges/azure';
import type { CloudTable, Made, Resource, World } from '../core/table';
import { azureApi } from './azure-api';
import * as facts from './azure-facts';
import * as shapes from './azure-shapes';

const refuse = (code: string, message: string, status = 400): never => {
  throw new Refusal(code, message, status);
};
const strings = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const bag = (value: unknown): Props => (isProps(value) ? value : {});
const bags = (value: unknown): Props[] => (Array.isArray(value) ? value.map(bag) : []);
const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

export const groupKind = 'resource group';
export const groupId = (name: string): string => `/subscriptions/${facts.subscription}/resourceGroups/${name}`;

function location(inputs: Props): string {
  const region = textOf(inputs['location']);
  if (!facts.locations.includes(region)) {
    refuse('LocationNotAvailableForResourceType', `The provided location '${region}' is not available.`);
  }
  return region;
}

function add(world: World, kind: string, nameField: string, inputs: Props, more: Partial<Entry> = {}): Entry {
  const group = textOf(inputs['resourceGroupName']);
  if (!world.ledger.get(groupKind, groupId(group))) {
    refuse('ResourceGroupNotFound', `Resource group '${group}' could not be found.`, 404);
  }
  const name = textOf(inputs[nameField]);
  const id = `${groupId(group)}/providers/${kind}/${name}`;
  const tags = bag(inputs['tags']) as Record<string, string>;
  return world.ledger.add({ kind, id, name, region: location(inputs), tags, properties: inputs, ...more });
}

function referred(world: World, kind: string, reference: unknown): Entry {
  const id = textOf(bag(reference)['id']);
  const found = world.ledger.alive(kind).find((one) => same(one.id, id));
  return found ?? refuse('InvalidResourceReference', `Resource ${id} referenced by the request was not found.`);
}

const vm = 'Microsoft.Compute/virtualMachines';
const disk = 'Microsoft.Compute/disks';
const nic = 'Microsoft.Network/networkInterfaces';
const publicIp = 'Microsoft.Network/publicIPAddresses';
const vnet = 'Microsoft.Network/virtualNetworks';
const nsg = 'Microsoft.Network/networkSecurityGroups';
const schedule = 'Microsoft.DevTestLab/schedules';

function createGroup(world: World, inputs: Props): Made {
  const name = textOf(inputs['resourceGroupName']);
  const tags = bag(inputs['tags']) as Record<string, string>;
  const id = groupId(name);
  const entry =
    world.ledger.get(groupKind, id) ?? world.ledger.add({ kind: groupKind, id, name, region: location(inputs), tags });
  return { entry, outputs: { ...inputs, name, id } };
}

function checkRules(inputs: Props): void {
  for (const one of bags(inputs['securityRules'])) {
    for (const range of strings(one['sourceAddressPrefixes'])) {
      if (!isCidr(range))
        refuse(
          'SecurityRuleInvalidAddressPrefix',
          `Security rule has invalid Address prefix. Value provided: ${range}`,
        );
    }
    const priority = Number(one['priority']);
    if (priority < 100 || priority > 4096)
      refuse('SecurityRuleInvalidPriority', `Security rule has invalid Priority ${priority}`);
  }
}

function createFirewall(world: World, inputs: Props): Made {
  checkRules(inputs);
  const entry = add(world, nsg, 'networkSecurityGroupName', inputs);
  return { entry, outputs: { ...inputs, name: entry.name } };
}

function createNetwork(world: World, inputs: Props): Made {
  for (const one of bags(inputs['subnets']))
    if (one['networkSecurityGroup']) referred(world, nsg, one['networkSecurityGroup']);
  const entry = add(world, vnet, 'virtualNetworkName', inputs);
  const subnets = bags(inputs['subnets']).map((one) => ({ ...one, id: `${entry.id}/subnets/${textOf(one['name'])}` }));
  entry.properties = { ...inputs, subnets };
  return { entry, outputs: { ...entry.properties, name: entry.name } };
}

function createAddress(world: World, inputs: Props): Made {
  const sku = textOf(bag(inputs['sku'])['name'] ?? 'Basic');
  if (sku === 'Basic')
    refuse('BasicSkuPublicIpNotAllowed', 'Basic SKU public IP addresses were retired on 30 September 2025.');
  if (inputs['publicIPAllocationMethod'] !== 'Static') {
    refuse(
      'StandardSkuPublicIPAddressRequiresStaticAllocation',
      'Standard sku publicIp must have AllocationMethod set to Static.',
    );
  }
  const ipAddress = world.newAddress();
  const entry = add(world, publicIp, 'publicIpAddressName', inputs, { pricePerHour: facts.addressPrice });
  entry.properties = { ...inputs, ipAddress };
  return { entry, outputs: { ...inputs, ipAddress, name: entry.name } };
}

function createCard(world: World, inputs: Props): Made {
  const [config = {}] = bags(inputs['ipConfigurations']);
  const subnet = textOf(bag(config['subnet'])['id']);
  const known = world.ledger.alive(vnet).flatMap((one) => bags(one.properties['subnets']));
  if (!known.some((one) => same(textOf(one['id']), subnet)))
    refuse('InvalidResourceReference', `Resource ${subnet} referenced by the request was not found.`);
  const address = referred(world, publicIp, config['publicIPAddress']);
  if (inputs['networkSecurityGroup']) referred(world, nsg, inputs['networkSecurityGroup']);
  const entry = add(world, nic, 'networkInterfaceName', inputs);
  entry.properties = { ...inputs, address: address.id };
  return { entry, outputs: { ...inputs, name: entry.name } };
}

async function createMachine(world: World, inputs: Props): Promise<Made> {
  const sizeName = textOf(bag(inputs['hardwareProfile'])['vmSize']);
  const size =
    facts.sizes[sizeName] ?? refuse('InvalidParameter', `The value ${sizeName} provided for the VM size is not valid.`);
  const storage = bag(inputs['storageProfile']);
  const reference = bag(storage['imageReference']);
  for (const [field, value] of Object.entries(facts.image)) {
    if (reference[field] !== value)
      refuse(
        'PlatformImageNotFound',
        `The platform image '${Object.values(reference).join(':')}' is not available.`,
        404,
      );
  }
  if (size[4] !== 'x64')
    refuse('BadRequest', `Cannot create a VM of size '${sizeName}' because it is Arm64 and the image is x64.`);
  const [card = {}] = bags(bag(inputs['networkProfile'])['networkInterfaces']);
  const network = referred(world, nic, card);
  const os = bag(inputs['osProfile']);
  if (['root', 'admin', 'administrator', 'user'].includes(textOf(os['adminUsername'])))
    refuse('InvalidParameter', 'The Admin Username specified is not allowed.');
  const linux = bag(os['linuxConfiguration']);
  const keys = bags(bag(linux['ssh'])['publicKeys']).map((one) => textOf(one['keyData']));
  if (keys.length === 0 || keys.some((key) => !/^ssh-(rsa|ed25519) [A-Za-z0-9+/=]+/.test(key)))
    refuse('InvalidParameter', 'The value of parameter linuxConfiguration.ssh.publicKeys.keyData is invalid.');
  const customData = textOf(os['customData']);
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(customData))
    refuse('InvalidParameter', 'Custom data in OSProfile must be in Base64 encoding.');
  const cores = Number(world.options['coreLimit'] ?? '10');
  if (world.ledger.alive(vm).length * 2 + size[0] > cores)
    refuse(
      'OperationNotAllowed',
      `Operation could not be completed as it results in exceeding approved Total Regional Cores quota. Limit: ${cores}`,
      409,
    );
  const entry = add(world, vm, 'vmName', inputs, { pricePerHour: size[2] });
  const osDisk = bag(storage['osDisk']);
  const ofDisk = { ...inputs, diskName: osDisk['name'], deleteOption: osDisk['deleteOption'] };
  const attached = add(world, disk, 'diskName', ofDisk, { pricePerHour: facts.diskPrice, properties: {} });
  const address = world.ledger.get(publicIp, textOf(network.properties['address']));
  entry.properties = {
    nic: network.id,
    disk: attached.id,
    deletesCard: card['deleteOption'] === 'Delete',
    deletesDisk: osDisk['deleteOption'] === 'Delete',
  };
  const spec = {
    userData: Buffer.from(customData, 'base64').toString('utf8'),
    image: { user: textOf(os['adminUsername']), disableRoot: true },
    metadataKeys: keys,
  };
  await world.boot(entry, spec, textOf(address?.properties['ipAddress']));
  return {
    entry,
    outputs: { ...inputs, name: entry.name, vmId: `vm-${world.serial()}`, provisioningState: 'Succeeded' },
  };
}

/** The next moment of a time of day (`HHmm`, UTC), as the schedule counts it: today, or else tomorrow. */
function nextTime(now: number, time: string): number {
  const [, hours, minutes] =
    /^([01]\d|2[0-3])([0-5]\d)$/.exec(time) ?? refuse('InvalidTime', `Invalid time '${time}'.`);
  const today = new Date(now).setUTCHours(Number(hours), Number(minutes), 0, 0);
  return today > now ? today : today + 24 * 3_600_000;
}

/** A schedule of one machine; anything else than a daily shutdown by its one name is a bad request. */
function createSchedule(world: World, inputs: Props): Made {
  const machine = referred(world, vm, { id: inputs['targetResourceId'] });
  if (inputs['name'] !== `shutdown-computevm-${machine.name}` || inputs['taskType'] !== 'ComputeVmShutdownTask')
    refuse('InvalidScheduleName', `Schedule '${textOf(inputs['name'])}' is no shutdown of ${machine.name}.`);
  if (inputs['timeZoneId'] !== 'UTC')
    refuse('InvalidTimeZone', `Time zone '${textOf(inputs['timeZoneId'])}' is invalid.`);
  const at = nextTime(world.clock.now(), textOf(bag(inputs['dailyRecurrence'])['time']));
  const entry = add(world, schedule, 'name', inputs);
  if (inputs['status'] === 'Enabled') world.clock.at(at, () => void deallocate(world, entry, machine));
  return { entry, outputs: { ...inputs, provisioningState: 'Succeeded' } };
}

/** The machine's own part of the bill ends; it stays, and so do its disk and address. */
async function deallocate(world: World, by: Entry, machine: Entry): Promise<void> {
  if (by.state === 'deleted') return;
  world.ledger.deallocate(machine);
  await world.halt(machine);
}

/** Takes along what goes with an entry: a group's whole content; a machine's disk and card, and the card's address. */
export async function takeAlong(world: World, entry: Entry, by: string): Promise<void> {
  const gone = new Set<Entry>();
  if (entry.kind === groupKind)
    for (const one of world.ledger.alive()) if (one.id.startsWith(`${entry.id}/`)) gone.add(one);
  if (entry.kind === vm) {
    const { nic: card, disk: drive, deletesCard, deletesDisk } = entry.properties;
    const ids = [...(deletesCard === true ? [card] : []), ...(deletesDisk === true ? [drive] : [])];
    for (const one of world.ledger.alive()) if (ids.includes(one.id)) gone.add(one);
  }
  for (const one of gone) {
    world.ledger.delete(one, by);
    await world.halt(one);
  }
}

const usedBy: Readonly<Record<string, readonly [string, string]>> = {
  [nic]: [vm, 'NicInUse'],
  [publicIp]: [nic, 'PublicIPAddressCannotBeDeleted'],
  [nsg]: [nic, 'InUseNetworkSecurityGroupCannotBeDeleted'],
  [vnet]: [nic, 'InUseSubnetCannotBeDeleted'],
  [disk]: [vm, 'OperationNotAllowed'],
};

export function checkUnused(world: World, entry: Entry): void {
  const [kind, code] = usedBy[entry.kind] ?? [];
  if (kind === undefined || code === undefined) return;
  const user = world.ledger.alive(kind).find((one) => JSON.stringify(one.properties).includes(entry.id));
  if (user) refuse(code, `${entry.kind} ${entry.id} is in use by ${user.id} (attached) and cannot be deleted.`);
}

const resource = (kind: string, inputs: Shape, create: Resource['create'], more: Partial<Resource> = {}): Resource => ({
  ...{ kind, inputs, create, whenGone: 'succeeds' },
  remove: async (world: World, entry: Entry) => {
    checkUnused(world, entry);
    await takeAlong(world, entry, 'engine');
  },
  ...more,
});

/** Azure: resource manager, compute, network. */
export const azure: CloudTable = {
  name: 'azure',
  plugin: 'azure-native',
  requests,
  billing: { minimumSeconds: 60, stepSeconds: 60 },
  resources: {
    'azure-native:resources:ResourceGroup': resource(groupKind, shapes.group, createGroup),
    'azure-native:network:NetworkSecurityGroup': resource(nsg, shapes.firewall, createFirewall, {
      update: (_world, entry, inputs) => {
        checkRules(inputs);
        entry.properties = inputs;
        return { ...inputs, name: entry.name };
      },
    }),
    'azure-native:network:VirtualNetwork': resource(vnet, shapes.network, createNetwork),
    'azure-native:network:PublicIPAddress': resource(publicIp, shapes.address, createAddress),
    'azure-native:network:NetworkInterface': resource(nic, shapes.card, createCard),
    'azure-native:compute:VirtualMachine': resource(vm, shapes.machine, createMachine),
    'azure-native:devtestlab:GlobalSchedule': resource(schedule, shapes.schedule, createSchedule),
  },
  say: ({ code, message, status }) => `Status=${status} Code="${code}" Message="${message}"`,
  // Stopped by its guest, a machine is not deallocated: it bills on.
  poweredOff: async (world, entry) => {
    entry.state = 'off';
    await world.halt(entry);
  },
  admits: (world, entry, address) => {
    const card = world.ledger.get(nic, textOf(entry.properties['nic']));
    const group = world.ledger.get(nsg, textOf(bag(card?.properties['networkSecurityGroup'])['id']));
    // A Standard address is closed until a rule opens it.
    return bags(group?.properties['securityRules']).some(
      (one) =>
        one['access'] === 'Allow' &&
        one['direction'] === 'Inbound' &&
        one['destinationPortRange'] === '22' &&
        within(address, strings(one['sourceAddressPrefixes'])),
    );
  },
  vanish: (world, entry) => void takeAlong(world, entry, 'outside'),
  api: azureApi,
  environment: (url, _folder, secret) => ({
    ...{ ARM_CLIENT_ID: 'stand-in-client', ARM_CLIENT_SECRET: secret, ARM_TENANT_ID: facts.tenant },
    ...{ ARM_SUBSCRIPTION_ID: facts.subscription, ARM_ENDPOINT: url, AZURE_AUTHORITY_HOST: url },
    AZURE_RETAIL_PRICES_ENDPOINT: url,
  }),
};
