import type { CloudRegion, MachineSize, PriceSource } from '../types';

const region = (name: string, title: string, zones: readonly number[]): CloudRegion => ({
  name,
  title,
  zones: zones.map((zone) => `${name}-${zone}`),
});
const mainland = (name: string, title: string): CloudRegion => ({
  name,
  title: `${title} (Docker Hub is out of reach there: --image-mirror or --toolchain venv)`,
});

export const regions: readonly CloudRegion[] = [
  region('ap-singapore', 'Singapore', [2, 3, 4]),
  region('ap-hongkong', 'Hong Kong', [2, 3]),
  region('ap-tokyo', 'Tokyo', [1, 2]),
  region('ap-seoul', 'Seoul', [1, 2]),
  region('ap-bangkok', 'Bangkok', [1, 2]),
  region('ap-jakarta', 'Jakarta', [1, 2]),
  region('eu-frankfurt', 'Frankfurt', [1, 2]),
  region('na-siliconvalley', 'Silicon Valley', [1, 2]),
  region('na-ashburn', 'Virginia', [1, 2]),
  mainland('ap-guangzhou', 'Guangzhou'),
  mainland('ap-shanghai', 'Shanghai'),
  mainland('ap-beijing', 'Beijing'),
];

/** What the estimates below add for 30 GiB of cloud disk, USD an hour; the address is billed by outgoing traffic alone. */
const disk = 0.006;

const sizeOf = (name: string, vcpus: number, memoryGiB: number, alone: number): MachineSize => ({
  name,
  vcpus,
  memoryGiB,
  purpose: 'general',
  pricePerHour: Math.round((alone + disk) * 10_000) / 10_000,
  currency: 'USD',
});

export const sizes: readonly MachineSize[] = [
  sizeOf('S5.MEDIUM4', 2, 4, 0.095),
  sizeOf('S5.MEDIUM8', 2, 8, 0.12),
  sizeOf('S5.LARGE8', 4, 8, 0.19),
  sizeOf('S5.LARGE16', 4, 16, 0.24),
  sizeOf('S5.2XLARGE16', 8, 16, 0.38),
];

export const price: PriceSource = {
  date: '2026-11-28',
  source:
    'an estimate for Singapore, rounded up, disk of 30 GiB included: Tencent shows its list only in its buying page. There is no live price, for its API does not say in which currency it answers',
};
