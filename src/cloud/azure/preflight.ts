import { armSize, unknownChoice, wouldRefuse } from '../unfit';
import type { AzureClient } from './client';

export interface AzureChoice {
  readonly region: string;
  readonly zone?: string;
  readonly size: string;
  readonly spot?: boolean;
}

interface Sku {
  readonly name: string;
  readonly family: string;
  readonly resourceType: string;
  readonly locationInfo: readonly { readonly location: string; readonly zones?: readonly string[] }[];
  readonly capabilities?: readonly { readonly name: string; readonly value: string }[];
  readonly restrictions?: readonly {
    readonly type: string;
    readonly reasonCode?: string;
    readonly restrictionInfo?: { readonly zones?: readonly string[] };
  }[];
}

interface Usage {
  readonly currentValue: number;
  readonly limit: number;
  readonly name: { readonly value: string; readonly localizedValue?: string };
}

interface Permission {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
}

/** Whether one of Azure's patterns (`*`, `Microsoft.Compute/*`) covers an action. */
function covers(pattern: string, action: string): boolean {
  const source = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*');
  return new RegExp(`^${source}$`, 'i').test(action);
}

const needed = [
  'Microsoft.Resources/subscriptions/resourceGroups/write',
  'Microsoft.Resources/subscriptions/resourceGroups/delete',
  'Microsoft.Compute/virtualMachines/write',
  'Microsoft.Network/networkInterfaces/write',
  'Microsoft.Network/publicIPAddresses/write',
  'Microsoft.DevTestLab/schedules/write',
];

async function checkPermissions(client: AzureClient): Promise<void> {
  const permissions = await client.pages<Permission>({
    path: '~/providers/Microsoft.Authorization/permissions',
    version: '2022-04-01',
    action: 'tell what this login may do',
  });
  const may = (action: string): boolean =>
    permissions.some(
      (one) =>
        one.actions.some((pattern) => covers(pattern, action)) &&
        !one.notActions.some((pattern) => covers(pattern, action)),
    );
  const missing = needed.filter((action) => !may(action));
  if (missing.length === 0) return;
  throw wouldRefuse(
    'azure-not-allowed',
    'The Azure login may not create and delete a machine',
    `it lacks ${missing.join(', ')}`,
    'az role assignment create --assignee YOU --role Contributor --scope /subscriptions/ID (or the smaller role of docs/providers/azure.md)',
  );
}

async function checkRegistered(client: AzureClient): Promise<void> {
  for (const provider of ['Microsoft.Compute', 'Microsoft.Network', 'Microsoft.DevTestLab']) {
    const { body } = await client.call<{ registrationState: string }>({
      method: 'GET',
      path: `~/providers/${provider}`,
      version: '2021-04-01',
      action: `tell whether ${provider} is registered`,
    });
    if (body.registrationState !== 'Registered') {
      throw wouldRefuse(
        'azure-provider-unregistered',
        `The subscription is not registered for ${provider}`,
        `its state is ${body.registrationState}`,
        `az provider register -n ${provider} --wait`,
      );
    }
  }
}

async function checkRegion(client: AzureClient, region: string): Promise<void> {
  const locations = await client.pages<{ name: string }>({
    path: '~/locations',
    version: '2022-12-01',
    action: 'list the regions',
  });
  const names = locations.map((location) => location.name);
  if (names.includes(region)) return;
  throw unknownChoice('Azure', 'region', region, names);
}

async function skuOf(client: AzureClient, { region, zone, size }: AzureChoice): Promise<Sku> {
  const all = await client.pages<Sku>({
    path: '~/providers/Microsoft.Compute/skus',
    version: '2021-07-01',
    query: { $filter: `location eq '${region}'` },
    action: `list the sizes of ${region}`,
  });
  const machines = all.filter((sku) => sku.resourceType === 'virtualMachines');
  const sku = machines.find((one) => one.name === size);
  if (!sku) {
    const names = machines.map((one) => one.name);
    throw unknownChoice(`Azure's region ${region}`, 'size', size, names);
  }
  const architecture = sku.capabilities?.find((one) => one.name === 'CpuArchitectureType')?.value ?? 'x64';
  if (architecture !== 'x64') {
    throw armSize(size, architecture, 'choose a size without a p in its name, e.g. Standard_D4s_v5');
  }
  const closed = sku.restrictions?.find((one) => one.type === 'Location');
  if (closed) {
    throw wouldRefuse(
      'azure-size-not-here',
      `Size ${size} cannot be had in ${region}`,
      closed.reasonCode ?? 'it is restricted there',
      'choose another --region or --size',
      'size',
    );
  }
  const zones = new Set(sku.locationInfo.flatMap((one) => one.zones ?? []));
  for (const one of sku.restrictions ?? []) for (const shut of one.restrictionInfo?.zones ?? []) zones.delete(shut);
  if (zone !== undefined && !zones.has(zone)) {
    const open = [...zones].sort();
    const fix =
      open.length > 0 ? `choose --zone ${open.join(' or ')}, or none` : 'leave --zone out, or choose another --size';
    throw wouldRefuse(
      'azure-size-not-here',
      `Size ${size} cannot be had in zone ${zone} of ${region}`,
      'the zone is not in its list there',
      fix,
      open.length > 0 ? 'zone' : 'size',
    );
  }
  return sku;
}

async function checkQuota(client: AzureClient, { region, spot }: AzureChoice, sku: Sku): Promise<void> {
  const cores = Number(sku.capabilities?.find((one) => one.name === 'vCPUs')?.value ?? 0);
  const usages = await client.pages<Usage>({
    path: `~/providers/Microsoft.Compute/locations/${region}/usages`,
    version: '2024-07-01',
    action: 'tell its core limits',
  });
  for (const name of spot === true ? ['lowPriorityCores'] : ['cores', sku.family]) {
    const usage = usages.find((one) => one.name.value.toLowerCase() === name.toLowerCase());
    if (usage && usage.limit - usage.currentValue < cores) {
      throw wouldRefuse(
        'azure-core-quota',
        `The core limit of ${region} has no room for ${sku.name}`,
        `${usage.name.localizedValue ?? name}: ${usage.currentValue} of ${usage.limit} in use, ${cores} more wanted`,
        'choose another --size or --region, or ask for more: portal.azure.com, Quotas, Compute',
      );
    }
  }
}

async function checkImage(client: AzureClient, region: string): Promise<void> {
  const offer =
    'publishers/Canonical/artifacttypes/vmimage/offers/0001-com-ubuntu-server-jammy/skus/22_04-lts-gen2/versions';
  const { body, status } = await client.call<readonly unknown[] | null>({
    method: 'GET',
    path: `~/providers/Microsoft.Compute/locations/${region}/${offer}`,
    version: '2024-07-01',
    query: { $top: '1' },
    action: 'look up the image',
    accept: [404],
  });
  if (status === 200 && Array.isArray(body) && body.length > 0) return;
  throw wouldRefuse(
    'azure-image-missing',
    `Canonical's Ubuntu 22.04 image is not offered in ${region}`,
    'its list of versions there is empty',
    'choose another --region',
  );
}

/** Everything that can be asked before a machine is made. Creates nothing. */
export async function preflight(client: AzureClient, choice: AzureChoice): Promise<void> {
  await checkRegion(client, choice.region);
  await checkPermissions(client);
  await checkRegistered(client);
  const sku = await skuOf(client, choice);
  await checkQuota(client, choice, sku);
  await checkImage(client, choice.region);
}
