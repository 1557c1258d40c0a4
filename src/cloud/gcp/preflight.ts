import { UserError } from '../../errors';
import { suggestion } from '../../near-matches';
import type { CloudErrorEntry } from '../types';
import { Unfit } from '../unfit';
import type { GoogleClient } from './client';

interface Quota {
  readonly metric: string;
  readonly limit: number;
  readonly usage: number;
}

/** What the stack and a sweep need, and no more (docs/providers/gcp.md has the role). */
export const neededPermissions = [
  'compute.instances.create',
  'compute.instances.delete',
  'compute.instances.setMetadata',
  'compute.instances.setLabels',
  'compute.disks.create',
  'compute.disks.setLabels',
  'compute.networks.create',
  'compute.networks.delete',
  'compute.networks.updatePolicy',
  'compute.subnetworks.create',
  'compute.subnetworks.use',
  'compute.subnetworks.useExternalIp',
  'compute.firewalls.create',
  'compute.firewalls.delete',
] as const;

function refused(code: string, what: string, why: string, fix: string, next?: CloudErrorEntry['next']): UserError {
  const names = new Set(['unknown-region', 'unknown-zone', 'size-not-here', 'arm-size']);
  const trouble = { code, what, why, fix, exit: names.has(code) ? 'input' : 'provider' } as const;
  return next === undefined ? new UserError(trouble) : new Unfit(trouble, next);
}

async function checkQuotas(
  client: GoogleClient,
  region: string,
  size: string,
  vcpus: number,
  regional: readonly Quota[],
): Promise<void> {
  const project = await client.compute<{ quotas?: Quota[] }>('GET', `projects/${client.project}`, 'tell the project');
  const family = `${(size.split('-')[0] ?? '').toUpperCase()}_CPUS`;
  const metric = regional.some((quota) => quota.metric === family) ? family : 'CPUS';
  const all = project.body.quotas ?? [];
  // A smaller size needs fewer vCPUs, but as many networks and addresses.
  const wanted = [
    { quotas: regional, metric, amount: vcpus, where: region, next: 'size' },
    { quotas: regional, metric: 'IN_USE_ADDRESSES', amount: 1, where: region, next: 'stop' },
    { quotas: all, metric: 'CPUS_ALL_REGIONS', amount: vcpus, where: 'all regions together', next: 'size' },
    { quotas: all, metric: 'NETWORKS', amount: 1, where: 'the project', next: 'stop' },
  ] as const;
  for (const { quotas, metric: name, amount, where, next } of wanted) {
    const quota = quotas.find((one) => one.metric === name);
    if (quota === undefined || quota.limit - quota.usage >= amount) continue;
    throw refused(
      'quota',
      `The quota ${name} of ${where} is too small for ${size}`,
      `${quota.usage} of ${quota.limit} are in use, and ${amount} more are needed`,
      'choose a smaller --size or another --region, or raise it at https://console.cloud.google.com/iam-admin/quotas',
      next,
    );
  }
}

async function checkRegion(client: GoogleClient, name: string): Promise<{ quotas: readonly Quota[]; zones: string[] }> {
  const path = `projects/${client.project}/regions/${encodeURIComponent(name)}`;
  const { status, body } = await client.compute<{ quotas?: Quota[]; zones?: string[]; status?: string } | null>(
    'GET',
    path,
    `tell region ${name}`,
    [404],
  );
  if (status === 404 || body === null) {
    throw refused(
      'unknown-region',
      `Google Cloud has no region ${JSON.stringify(name)}`,
      'it does not know it',
      'see `gcloud compute regions list`',
    );
  }
  if (body.status === 'DOWN')
    throw refused('region-down', `Region ${name} is down`, 'Google says so', 'choose another --region');
  return { quotas: body.quotas ?? [], zones: (body.zones ?? []).map((url) => url.split('/').at(-1) ?? url) };
}

async function checkSize(client: GoogleClient, zone: string, size: string): Promise<number> {
  const path = `projects/${client.project}/zones/${zone}/machineTypes/${encodeURIComponent(size)}`;
  const { status, body } = await client.compute<{ guestCpus?: number; architecture?: string } | null>(
    'GET',
    path,
    `tell size ${size}`,
    [404],
  );
  if (status === 404 || body === null) {
    throw refused(
      'size-not-here',
      `Size ${size} is not sold in zone ${zone}`,
      'Google does not know it there',
      'choose another --size or --zone',
    );
  }
  if (body.architecture === 'ARM64') {
    throw refused(
      'arm-size',
      `Size ${size} cannot convert`,
      'it has an arm64 processor, and TPU-MLIR exists for x86-64 only',
      'choose an x86-64 size',
    );
  }
  return body.guestCpus ?? 0;
}

/** Checks credentials, region, zone, size, quotas, image and permissions with Google itself. Creates nothing. */
export async function preflight(
  client: GoogleClient,
  choice: { region: string; zone?: string; size: string },
): Promise<void> {
  const { quotas, zones } = await checkRegion(client, choice.region);
  const zone = choice.zone ?? zones[0];
  if (zone === undefined || !zones.includes(zone)) {
    const why = `its zones are ${zones.join(', ')}`;
    throw refused(
      'unknown-zone',
      `Region ${choice.region} has no zone ${JSON.stringify(zone ?? '')}`,
      why,
      suggestion(zone ?? '', zones),
      'zone',
    );
  }
  const vcpus = await checkSize(client, zone, choice.size);
  await checkQuotas(client, choice.region, choice.size, vcpus, quotas);
  await client.compute(
    'GET',
    'projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts',
    'tell the image ubuntu-2204-lts',
  );
  const granted = await client.permissions(neededPermissions);
  const missing = granted === null ? [] : neededPermissions.filter((one) => !granted.includes(one));
  if (missing.length > 0) {
    throw refused(
      'permission-missing',
      `The account lacks permissions in project ${client.project}`,
      `missing: ${missing.join(', ')}`,
      'grant it the role of docs/providers/gcp.md',
    );
  }
}
