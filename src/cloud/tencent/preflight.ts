import { UserError } from '../../errors';
import { armSize, unknownChoice, wouldRefuse } from '../unfit';
import type { TencentClient } from './client';
import { findImage, type ImagePage } from './image';
import { sizes } from './sizes';

export interface TencentChoice {
  readonly region: string;
  readonly zone?: string;
  readonly size: string;
  readonly spot?: boolean;
}

const chargeType = ({ spot }: TencentChoice): string => (spot === true ? 'SPOTPAID' : 'POSTPAID_BY_HOUR');

interface Offer {
  readonly Zone: string;
  readonly InstanceType: string;
  readonly Status: string;
  readonly Cpu: number;
}

/** The regions that the account may use. */
export async function regionNames(client: TencentClient): Promise<string[]> {
  const { RegionSet } = await client.call<{ RegionSet: readonly { Region: string; RegionState?: string }[] }>({
    service: 'cvm',
    region: 'ap-singapore',
    name: 'DescribeRegions',
    action: 'list the regions',
  });
  return RegionSet.filter((one) => one.RegionState !== 'UNAVAILABLE').map((one) => one.Region);
}

async function checkRegion(client: TencentClient, region: string): Promise<void> {
  const names = await regionNames(client);
  if (!names.includes(region)) throw unknownChoice('Tencent Cloud', 'region', region, names);
}

/** Zones of the region where the size can be had now. */
async function openZones(client: TencentClient, choice: TencentChoice): Promise<string[]> {
  const { region, zone, size } = choice;
  if (/^SR\d/i.test(size)) throw armSize(size, 'Arm', 'choose a size that begins with S or SA, e.g. S5.LARGE8');
  const { InstanceTypeQuotaSet } = await client.call<{ InstanceTypeQuotaSet: readonly Offer[] }>({
    service: 'cvm',
    region,
    name: 'DescribeZoneInstanceConfigInfos',
    parameters: {
      Filters: [
        { Name: 'instance-type', Values: [size] },
        { Name: 'instance-charge-type', Values: [chargeType(choice)] },
      ],
    },
    action: `tell where ${size} is sold`,
  });
  const offers = InstanceTypeQuotaSet.filter((one) => one.InstanceType === size);
  if (offers.length === 0) {
    const names = sizes.map((one) => one.name);
    if (!names.includes(size)) throw unknownChoice('Tencent Cloud', 'size', size, names);
  }
  const open = offers.filter((one) => one.Status === 'SELL').map((one) => one.Zone);
  if (zone === undefined ? open.length > 0 : open.includes(zone)) return open;
  const fix = open.length > 0 ? `choose --zone ${open.join(' or ')}, or none` : 'choose another --region or --size';
  throw wouldRefuse(
    'tencent-sold-out',
    `Size ${size} cannot be had in ${zone ?? region}`,
    'it is sold out, or not sold, there',
    fix,
    open.length > 0 ? 'zone' : 'size',
  );
}

async function imageOf(client: TencentClient, region: string): Promise<string> {
  const image = await findImage((parameters) =>
    client.call<ImagePage>({
      service: 'cvm',
      region,
      name: 'DescribeImages',
      parameters: { ...parameters },
      action: 'look up the image',
    }),
  );
  if (image !== null) return image;
  throw wouldRefuse(
    'tencent-image-missing',
    `Tencent Cloud offers no Ubuntu Server 22.04 LTS in ${region}`,
    'its list of public images does not hold it',
    'choose another --region',
  );
}

interface Quotas {
  readonly AccountQuotaOverview?: {
    readonly AccountQuota?: {
      readonly PostPaidQuotaSet?: readonly {
        readonly Zone?: string;
        readonly RemainingQuota?: number;
        readonly TotalQuota?: number;
      }[];
    };
  };
}

async function checkQuota(client: TencentClient, region: string, zones: readonly string[]): Promise<void> {
  const { AccountQuotaOverview } = await client.call<Quotas>({
    service: 'cvm',
    region,
    name: 'DescribeAccountQuota',
    parameters: { Filters: [{ Name: 'quota-type', Values: ['PostPaidQuotaSet'] }] },
    action: 'tell its limit of instances',
  });
  const quotas = (AccountQuotaOverview?.AccountQuota?.PostPaidQuotaSet ?? []).filter((one) =>
    zones.includes(one.Zone ?? ''),
  );
  if (quotas.length === 0 || quotas.some((one) => (one.RemainingQuota ?? 1) > 0)) return;
  throw wouldRefuse(
    'tencent-instance-quota',
    `The account may have no further instance in ${zones.join(', ')}`,
    `0 of ${quotas[0]?.TotalQuota ?? 0} left`,
    'choose another --zone or --region, or ask for more in the console (CVM, Overview, Quota)',
  );
}

/** What a dry run may refuse for: everything else may come from what the stack makes first (network, security group). */
const decisive = new Set([
  'tencent-key-refused',
  'tencent-not-allowed',
  'tencent-no-money',
  'tencent-unpaid',
  'tencent-not-verified',
  'tencent-sold-out',
  'tencent-instance-quota',
]);

async function dryRun(client: TencentClient, choice: TencentChoice, zone: string, image: string): Promise<void> {
  try {
    await client.call({
      service: 'cvm',
      region: choice.region,
      name: 'RunInstances',
      parameters: {
        DryRun: true,
        InstanceChargeType: chargeType(choice),
        Placement: { Zone: zone },
        InstanceType: choice.size,
        ImageId: image,
        InstanceCount: 1,
      },
      action: 'allow this instance (dry run)',
    });
  } catch (thrown) {
    if (thrown instanceof UserError && !decisive.has(thrown.code) && thrown.code !== 'cloud-unreachable') return;
    throw thrown;
  }
}

/** Everything that can be asked before a machine is made. Creates nothing. */
export async function preflight(client: TencentClient, choice: TencentChoice): Promise<void> {
  await checkRegion(client, choice.region);
  const open = await openZones(client, choice);
  const zones = choice.zone === undefined ? open : [choice.zone];
  // Spot machines have limits of their own, by size: the dry run finds them.
  if (choice.spot !== true) await checkQuota(client, choice.region, zones);
  const image = await imageOf(client, choice.region);
  await dryRun(client, choice, zones[0] ?? '', image);
}
