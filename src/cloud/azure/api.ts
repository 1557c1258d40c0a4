import { policyFrom, requestJson, type HttpPolicy } from '../http';
import { insist, patienceFrom, untilGone, type Patience } from '../insist';
import { ownershipOf } from '../ownership';
import { noCredentials } from '../refusal';
import type { CloudApi, CloudCredentialsContext, CloudResource } from '../types';
import { notOurs } from '../unfit';
import { azureClient, type AzureClient } from './client';
import { findLogin } from './credentials';
import { refuser } from './login';
import { preflight } from './preflight';
import { diskAndAddress } from './sizes';

interface Listed {
  readonly id: string;
  readonly location: string;
  readonly type?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly createdTime?: string;
}

const machines = ['microsoft.compute/virtualmachines', '2024-07-01'] as const;

/** What the stack makes, in the order in which it can go when its group no longer holds it. */
const versions: readonly (readonly [type: string, version: string])[] = [
  machines,
  ['microsoft.compute/disks', '2024-03-02'],
  ['microsoft.network/networkinterfaces', '2024-05-01'],
  ['microsoft.network/publicipaddresses', '2024-05-01'],
  ['microsoft.network/virtualnetworks', '2024-05-01'],
  ['microsoft.network/networksecuritygroups', '2024-05-01'],
  ['microsoft.devtestlab/schedules', '2018-09-15'],
];

/** A group with a machine in it takes two to five minutes to go. */
const azurePatience: Patience = { attempts: 120, pause: 5000 };

const groupKind = 'resource group';
const groupVersion = '2021-04-01';
const unowned = { job: null, owner: null, expiresAt: null };
const marked = { $filter: "tagName eq 'cvicast-job'" };

function resourceOf(kind: string, found: Listed): CloudResource {
  return {
    kind,
    id: found.id,
    region: found.location,
    ...(ownershipOf(found.tags ?? {}) ?? unowned),
    createdAt: found.createdTime ?? null,
    console: `https://portal.azure.com/#@/resource${found.id}`,
  };
}

/** Resource groups with our tag, and what bears it outside of them. A group's delete takes everything in it. */
async function list(client: AzureClient, regions: readonly string[]): Promise<CloudResource[]> {
  const groups = await client.pages<Listed>({
    path: '~/resourcegroups',
    version: groupVersion,
    query: marked,
    action: 'list resource groups',
  });
  const query = { ...marked, $expand: 'createdTime' };
  const loose = await client.pages<Listed>({
    path: '~/resources',
    version: groupVersion,
    query,
    action: 'list resources',
  });
  const inside = groups.map((group) => `${group.id}/`.toLowerCase());
  const rank = (one: Listed): number => versions.findIndex(([type]) => type === one.type?.toLowerCase());
  const outside = loose
    .filter((one) => !inside.some((prefix) => one.id.toLowerCase().startsWith(prefix)))
    .sort((a, b) => rank(a) - rank(b));
  return [
    ...groups.map((group) => resourceOf(groupKind, group)),
    ...outside.map((one) => resourceOf(one.type?.toLowerCase() ?? 'resource', one)),
  ].filter((one) => regions.length === 0 || regions.includes(one.region));
}

const idForm =
  /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[\w.()-]{1,90}(?:\/providers\/[\w.]+(?:\/[\w.-]+\/[\w.-]+)+)?$/i;

async function machineById(client: AzureClient, id: string): Promise<CloudResource | null> {
  const [kind, version] = machines;
  if (!idForm.test(id)) throw notOurs('Azure', kind, id, 'delete it in portal.azure.com');
  const action = `look for machine ${id.split('/').at(-1) ?? ''}`;
  const { status, body } = await client.call<Listed>({ method: 'GET', path: id, version, action, accept: [404] });
  return status === 404 ? null : resourceOf(kind, { ...body, id });
}

async function remove(client: AzureClient, resource: CloudResource, patience: Patience): Promise<void> {
  const isGroup = resource.kind === groupKind;
  const version = isGroup ? groupVersion : versions.find(([type]) => type === resource.kind)?.[1];
  if (version === undefined || !idForm.test(resource.id)) {
    throw notOurs('Azure', resource.kind, resource.id, 'delete it in portal.azure.com');
  }
  const path = resource.id;
  const action = `delete ${resource.kind} ${resource.id.split('/').at(-1) ?? ''}`;
  // Without a clean shutdown of the guest a machine goes in seconds instead of minutes.
  const query: Record<string, string> = isGroup ? { forceDeletionTypes: 'Microsoft.Compute/virtualMachines' } : {};
  await insist(refuser, () => client.call({ method: 'DELETE', path, version, query, action, accept: [404] }), patience);
  const isGone = async (): Promise<boolean> => {
    const { status } = await client.call({
      method: 'GET',
      path,
      version,
      action: `look for ${resource.kind}`,
      accept: [404],
    });
    return status === 404;
  };
  await untilGone(`${resource.kind} ${resource.id}`, isGone, patience);
}

interface PriceItem {
  readonly productName: string;
  readonly skuName: string;
  readonly unitOfMeasure: string;
  readonly retailPrice: number;
  readonly type: string;
}

/** Azure's retail price list is open to everybody; `AZURE_RETAIL_PRICES_ENDPOINT` names another place for it. */
async function livePrice(
  env: NodeJS.ProcessEnv,
  choice: { region: string; size: string },
  policy?: HttpPolicy,
): Promise<number | null> {
  const base = (env['AZURE_RETAIL_PRICES_ENDPOINT'] ?? 'https://prices.azure.com').replace(/\/+$/, '');
  const filter = `serviceName eq 'Virtual Machines' and armRegionName eq '${choice.region}' and armSkuName eq '${choice.size}' and priceType eq 'Consumption'`;
  const url = `${base}/api/retail/prices?${new URLSearchParams({ currencyCode: 'USD', $filter: filter }).toString()}`;
  const { body } = await requestJson<{ Items: readonly PriceItem[] }>(
    refuser,
    { method: 'GET', url, action: 'tell its prices' },
    policy,
  );
  const found = body.Items.find(
    (item) =>
      item.unitOfMeasure === '1 Hour' &&
      item.type === 'Consumption' &&
      !/windows|cloud services/i.test(item.productName) &&
      !/spot|low priority/i.test(item.skuName),
  );
  return found ? found.retailPrice + diskAndAddress : null;
}

/** Azure Resource Manager, for the subscription that the login names. */
export async function azureApi(
  context: CloudCredentialsContext,
  patience: Patience = patienceFrom(context.env, azurePatience),
  policy: HttpPolicy = policyFrom(context.env),
): Promise<CloudApi> {
  const { login, report } = await findLogin(context);
  if (login === null) throw noCredentials({ name: 'azure', ...refuser }, report);
  const client = azureClient(login, context.env, policy);
  return {
    preflight: (choice) => preflight(client, choice),
    account: () => Promise.resolve(login.subscription.toLowerCase()),
    list: (regions) => list(client, regions),
    machineById: (id) => machineById(client, id),
    remove: (resource) => remove(client, resource, patience),
    livePrice: (choice) => livePrice(context.env, choice, policy),
  };
}
