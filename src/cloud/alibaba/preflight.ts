import { armSize, unknownChoice, wouldRefuse } from '../unfit';
import type { AlibabaClient } from './client';
import { sizes } from './sizes';

export interface AlibabaChoice {
  readonly region: string;
  readonly zone?: string;
  readonly size: string;
  readonly spot?: boolean;
}

/** A region whose endpoint always answers: a wrong region's own endpoint would not even resolve. */
/** For what is asked of no region. */
export const anyRegion = 'ap-southeast-1';

/** The regions that the account may use. */
export async function regionNames(client: AlibabaClient): Promise<string[]> {
  const { Regions } = await client.call<{ Regions: { Region: readonly { RegionId: string }[] } }>({
    service: 'ecs',
    region: anyRegion,
    name: 'DescribeRegions',
    action: 'list the regions',
  });
  return Regions.Region.map((one) => one.RegionId);
}

async function checkRegion(client: AlibabaClient, region: string): Promise<void> {
  const names = await regionNames(client);
  if (!names.includes(region)) throw unknownChoice('Alibaba Cloud', 'region', region, names);
}

/** The dry run of a creation: the cloud answers that it would have done it, or that the key may not. */
async function checkMayCreate(client: AlibabaClient, region: string): Promise<void> {
  await client.call({
    service: 'vpc',
    region,
    name: 'CreateVpc',
    parameters: { DryRun: 'true', CidrBlock: '10.77.0.0/16' },
    action: 'allow this key to create a network (dry run)',
    accept: /^DryRunOperation$/,
  });
}

interface InstanceTypes {
  readonly InstanceTypes: {
    readonly InstanceType: readonly {
      readonly InstanceTypeId: string;
      readonly CpuCoreCount: number;
      readonly CpuArchitecture?: string;
    }[];
  };
}

async function coresOf(client: AlibabaClient, { region, size }: AlibabaChoice): Promise<number> {
  const { InstanceTypes } = await client
    .call<InstanceTypes>({
      service: 'ecs',
      region,
      name: 'DescribeInstanceTypes',
      parameters: { 'InstanceTypes.1': size },
      action: `look up the size ${size}`,
      accept: /^Invalid/,
    })
    .then((body) => (body.Code === undefined ? body : { InstanceTypes: { InstanceType: [] } }));
  const type = InstanceTypes.InstanceType.find((one) => one.InstanceTypeId === size);
  if (!type)
    throw unknownChoice(
      'Alibaba Cloud',
      'size',
      size,
      sizes.map((one) => one.name),
    );
  const architecture = type.CpuArchitecture ?? 'X86';
  if (architecture !== 'X86')
    throw armSize(size, architecture, 'choose a size without an r after its number, e.g. ecs.c7.xlarge');
  return type.CpuCoreCount;
}

interface Available {
  readonly AvailableZones?: {
    readonly AvailableZone: readonly {
      readonly ZoneId: string;
      readonly Status: string;
      readonly StatusCategory?: string;
      readonly AvailableResources?: {
        readonly AvailableResource: readonly {
          readonly SupportedResources: {
            readonly SupportedResource: readonly {
              readonly Value: string;
              readonly Status: string;
              readonly StatusCategory?: string;
            }[];
          };
        }[];
      };
    }[];
  };
}

const inStock = (one: { readonly Status: string; readonly StatusCategory?: string }): boolean =>
  one.Status === 'Available' && one.StatusCategory !== 'WithoutStock';

async function checkStock(client: AlibabaClient, { region, zone, size, spot }: AlibabaChoice): Promise<void> {
  const { AvailableZones } = await client.call<Available>({
    service: 'ecs',
    region,
    name: 'DescribeAvailableResource',
    parameters: {
      DestinationResource: 'InstanceType',
      InstanceType: size,
      InstanceChargeType: 'PostPaid',
      ...(spot === true ? { SpotStrategy: 'SpotAsPriceGo' } : {}),
      SystemDiskCategory: 'cloud_essd',
    },
    action: `tell where ${size} is sold`,
  });
  const open = (AvailableZones?.AvailableZone ?? [])
    .filter(inStock)
    .filter((one) =>
      (one.AvailableResources?.AvailableResource ?? []).some((shelf) =>
        shelf.SupportedResources.SupportedResource.some((item) => item.Value === size && inStock(item)),
      ),
    )
    .map((one) => one.ZoneId);
  if (zone === undefined ? open.length > 0 : open.includes(zone)) return;
  const fix = open.length > 0 ? `choose --zone ${open.join(' or ')}, or none` : 'choose another --region or --size';
  throw wouldRefuse(
    'alibaba-sold-out',
    `Size ${size} cannot be had in ${zone ?? region}`,
    'it is sold out, or not sold, there',
    fix,
    open.length > 0 ? 'zone' : 'size',
  );
}

async function checkImage(client: AlibabaClient, region: string): Promise<void> {
  const { TotalCount } = await client.call<{ TotalCount: number }>({
    service: 'ecs',
    region,
    name: 'DescribeImages',
    parameters: { ImageOwnerAlias: 'system', ImageName: 'ubuntu_22_04_x64*', Status: 'Available' },
    action: 'look up the image',
  });
  if (TotalCount > 0) return;
  throw wouldRefuse(
    'alibaba-image-missing',
    `Alibaba Cloud offers no Ubuntu 22.04 in ${region}`,
    'its list of system images holds no ubuntu_22_04_x64',
    'choose another --region',
    'stop',
  );
}

interface Attributes {
  readonly AccountAttributeItems?: {
    readonly AccountAttributeItem: readonly {
      readonly AttributeName: string;
      readonly AttributeValues: { readonly ValueItem: readonly { readonly Value: string }[] };
    }[];
  };
}

async function checkQuota(client: AlibabaClient, region: string, cores: number): Promise<void> {
  const names = ['max-postpaid-instance-vcpu-count', 'used-postpaid-instance-vcpu-count'];
  const { AccountAttributeItems } = await client.call<Attributes>({
    service: 'ecs',
    region,
    name: 'DescribeAccountAttributes',
    parameters: Object.fromEntries(names.map((name, index) => [`AttributeName.${index + 1}`, name])),
    action: 'tell its limit of vCPUs',
  });
  const [most, used] = names.map((name) => {
    const item = AccountAttributeItems?.AccountAttributeItem.find((one) => one.AttributeName === name);
    return Number(item?.AttributeValues.ValueItem[0]?.Value ?? Number.NaN);
  }) as [number, number];
  // NaN when the account does not tell: then the creation itself will.
  if (most - used < cores) {
    throw wouldRefuse(
      'alibaba-core-quota',
      `The account's limit of vCPUs in ${region} has no room`,
      `${used} of ${most} in use, ${cores} more wanted`,
      'choose a smaller --size or another --region, or ask for more: quotas.console.aliyun.com',
    );
  }
}

/** Everything that can be asked before a machine is made. Creates nothing. */
export async function preflight(client: AlibabaClient, choice: AlibabaChoice): Promise<void> {
  await checkRegion(client, choice.region);
  await checkMayCreate(client, choice.region);
  const cores = await coresOf(client, choice);
  await checkStock(client, choice);
  // Preemptible instances have limits of their own: the creation finds them.
  if (choice.spot !== true) await checkQuota(client, choice.region, cores);
  await checkImage(client, choice.region);
}
