import type { CloudRegion, MachineSize } from '../types';

/** Billed beside the machine, USD an hour: an external address, and 30 GiB of pd-balanced at 0.10 a GiB and month. */
const addressAndDisk = 0.005 + (30 * 0.1) / 730;

function size(
  name: string,
  vcpus: number,
  memoryGiB: number,
  compute: number,
  burst?: Pick<MachineSize, 'burstNote' | 'throttle'>,
): MachineSize {
  const pricePerHour = Math.round((compute + addressAndDisk) * 1e5) / 1e5;
  return { name, vcpus, memoryGiB, purpose: burst ? 'burstable' : 'general', ...burst, pricePerHour, currency: 'USD' };
}

/** On-demand prices of us-central1. */
export const sizes: readonly MachineSize[] = [
  size('e2-medium', 2, 4, 0.0335, {
    burstNote:
      'it has one vCPU worth of time in the long run: no extra charge, but half the speed once its burst is spent',
    // How long a burst lasts is not published: counted as none.
    throttle: { afterSeconds: 0, share: 0.5 },
  }),
  size('e2-standard-2', 2, 8, 0.06701),
  size('e2-standard-4', 4, 16, 0.13402),
  size('e2-standard-8', 8, 32, 0.26805),
  size('n2d-standard-2', 2, 8, 0.08449),
  size('n2d-standard-4', 4, 16, 0.16899),
  size('n2d-standard-8', 8, 32, 0.33798),
];

function region(name: string, title: string, zones: string): CloudRegion {
  return { name, title, zones: zones.split('').map((letter) => `${name}-${letter}`) };
}

export const regions: readonly CloudRegion[] = [
  region('us-central1', 'Iowa', 'abcf'),
  region('us-east1', 'South Carolina', 'bcd'),
  region('us-east4', 'N. Virginia', 'abc'),
  region('us-west1', 'Oregon', 'abc'),
  region('northamerica-northeast1', 'Montréal', 'abc'),
  region('southamerica-east1', 'São Paulo', 'abc'),
  region('europe-west1', 'Belgium', 'bcd'),
  region('europe-west2', 'London', 'abc'),
  region('europe-west3', 'Frankfurt', 'abc'),
  region('europe-west4', 'Netherlands', 'abc'),
  region('europe-north1', 'Finland', 'abc'),
  region('asia-northeast1', 'Tokyo', 'abc'),
  region('asia-northeast3', 'Seoul', 'abc'),
  region('asia-southeast1', 'Singapore', 'abc'),
  region('asia-south1', 'Mumbai', 'abc'),
  region('australia-southeast1', 'Sydney', 'abc'),
];
