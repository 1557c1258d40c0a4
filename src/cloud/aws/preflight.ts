import {
  CreateVpcCommand,
  DescribeImagesCommand,
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  RunInstancesCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import { UserError } from '../../errors';
import type { Refuser } from '../refusal';
import { Unfit } from '../unfit';
import { ask } from './client';

const canonical = '099720109477';

function refused(code: string, what: string, why: string, fix: string): UserError {
  return new UserError({ code, what, why, fix, exit: code === 'image-gone' ? 'provider' : 'input' });
}

/** Throws where the size is not sold; answers its vCPUs. */
async function checkSize(
  cloud: Refuser,
  client: EC2Client,
  choice: { region: string; zone?: string; size: string },
): Promise<number> {
  const { region, zone, size } = choice;
  const types = await ask(
    cloud,
    `tell the size ${size} in ${region}`,
    () => client.send(new DescribeInstanceTypesCommand({ InstanceTypes: [size as never] })),
    /^InvalidInstanceType$/,
  );
  if (types === null) {
    throw refused(
      'unknown-size',
      `AWS has no size ${JSON.stringify(size)} in ${region}`,
      'EC2 does not know it there',
      'choose another --size or --region',
    );
  }
  const architectures = types.InstanceTypes?.[0]?.ProcessorInfo?.SupportedArchitectures ?? [];
  if (architectures.length > 0 && !architectures.includes('x86_64')) {
    throw refused(
      'arm-size',
      `Size ${size} cannot convert`,
      `its processor is ${architectures.join(', ')}`,
      'choose an x86-64 size',
    );
  }
  const offered = await ask(cloud, `list where ${size} is sold`, () =>
    client.send(
      new DescribeInstanceTypeOfferingsCommand({
        LocationType: 'availability-zone',
        Filters: [{ Name: 'instance-type', Values: [size] }],
      }),
    ),
  );
  const zones = (offered?.InstanceTypeOfferings ?? []).map((offer) => offer.Location ?? '').sort();
  if (zones.length === 0) {
    throw new Unfit(
      {
        code: 'size-not-here',
        what: `Size ${size} is not sold in ${region}`,
        why: "EC2's own list says so",
        fix: 'choose another --size or --region',
        exit: 'input',
      },
      'size',
    );
  }
  if (zone !== undefined && !zones.includes(zone)) {
    throw refused(
      'size-not-here',
      `Size ${size} is not sold in zone ${zone}`,
      `it is sold in ${zones.join(', ')}`,
      'choose another --zone',
    );
  }
  return types.InstanceTypes?.[0]?.VCpuInfo?.DefaultVCpus ?? 0;
}

async function newestImage(cloud: Refuser, client: EC2Client, region: string): Promise<string> {
  const images = await ask(cloud, `list Canonical's images in ${region}`, () =>
    client.send(
      new DescribeImagesCommand({
        Owners: [canonical],
        Filters: [
          { Name: 'name', Values: ['ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*'] },
          { Name: 'architecture', Values: ['x86_64'] },
        ],
      }),
    ),
  );
  const newest = [...(images?.Images ?? [])]
    .sort((a, b) => (a.CreationDate ?? '').localeCompare(b.CreationDate ?? ''))
    .at(-1);
  if (newest?.ImageId) return newest.ImageId;
  throw refused(
    'image-gone',
    `There is no image of Ubuntu 22.04 in ${region}`,
    `account ${canonical} (Canonical) lists none`,
    'choose another --region',
  );
}

/** A dry run asks for the permission and creates nothing: EC2 answers `DryRunOperation` when it would have worked. */
async function checkPermissions(cloud: Refuser, client: EC2Client, size: string, image: string): Promise<void> {
  await ask(
    cloud,
    'allow to make a network',
    () => client.send(new CreateVpcCommand({ CidrBlock: '10.77.0.0/24', DryRun: true })),
    /^DryRunOperation$/,
  );
  const machine = { ImageId: image, InstanceType: size as never, MinCount: 1, MaxCount: 1, DryRun: true };
  await ask(
    cloud,
    'allow to run an instance',
    () => client.send(new RunInstancesCommand(machine)),
    // Without a default network the dry run gets no further: the job brings its own.
    /^(DryRunOperation|VPCIdNotSpecified|MissingInput)$/,
  );
}

/** Checks credentials, size, zone, image and permissions with EC2 itself; `checkQuota` is told the size's vCPUs. Creates nothing. */
export async function preflight(
  cloud: Refuser,
  client: EC2Client,
  choice: { region: string; zone?: string; size: string },
  checkQuota: (vcpus: number) => Promise<void>,
): Promise<void> {
  await checkQuota(await checkSize(cloud, client, choice));
  const image = await newestImage(cloud, client, choice.region);
  await checkPermissions(cloud, client, choice.size, image);
}
