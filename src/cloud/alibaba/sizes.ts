import type { CloudRegion, MachineSize, PriceSource } from '../types';

const outside = (name: string, title: string, zones: readonly string[]): CloudRegion => ({
  name,
  title,
  zones: zones.map((zone) => name + zone),
});
const mainland = (name: string, title: string): CloudRegion => ({
  name,
  title: `${title} (Docker Hub is out of reach there: --image-mirror or --toolchain venv)`,
});

export const regions: readonly CloudRegion[] = [
  outside('ap-southeast-1', 'Singapore', ['a', 'b', 'c']),
  outside('ap-southeast-5', 'Jakarta', ['a', 'b', 'c']),
  outside('ap-northeast-1', 'Tokyo', ['a', 'b', 'c']),
  outside('cn-hongkong', 'Hong Kong', ['-b', '-c', '-d']),
  outside('eu-central-1', 'Frankfurt', ['a', 'b', 'c']),
  outside('eu-west-1', 'London', ['a', 'b']),
  outside('us-east-1', 'Virginia', ['a', 'b']),
  outside('us-west-1', 'Silicon Valley', ['a', 'b']),
  mainland('cn-hangzhou', 'Hangzhou'),
  mainland('cn-shanghai', 'Shanghai'),
  mainland('cn-beijing', 'Beijing'),
  mainland('cn-shenzhen', 'Shenzhen'),
];

/** What the estimates below add for 30 GiB of ESSD, USD an hour; the address is billed by outgoing traffic alone. */
const disk = 0.006;

interface Row extends Pick<MachineSize, 'name' | 'vcpus' | 'memoryGiB' | 'burstNote' | 'throttle'> {
  readonly alone: number;
}

const rows: readonly Row[] = [
  {
    name: 'ecs.t6-c1m2.large',
    vcpus: 2,
    memoryGiB: 4,
    alone: 0.055,
    burstNote:
      'Running flat out spends its CPU credits in about half an hour; then it is throttled to 20 % of each core.',
    throttle: { afterSeconds: 30 * 60, share: 0.2 },
  },
  { name: 'ecs.c7.large', vcpus: 2, memoryGiB: 4, alone: 0.105 },
  { name: 'ecs.g7.large', vcpus: 2, memoryGiB: 8, alone: 0.13 },
  { name: 'ecs.c7.xlarge', vcpus: 4, memoryGiB: 8, alone: 0.21 },
  { name: 'ecs.c7.2xlarge', vcpus: 8, memoryGiB: 16, alone: 0.42 },
];

export const sizes: readonly MachineSize[] = rows.map(({ alone, ...row }) => ({
  ...row,
  purpose: row.burstNote === undefined ? 'general' : 'burstable',
  pricePerHour: Math.round((alone + disk) * 10_000) / 10_000,
  currency: 'USD',
}));

export const price: PriceSource = {
  date: '2026-11-28',
  source:
    'an estimate for Singapore, rounded up, disk of 30 GiB included: Alibaba publishes its list only behind a login. The live price, read with your key (DescribePrice), replaces it',
};
