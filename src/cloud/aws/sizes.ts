import type { CloudRegion, MachineSize } from '../types';

/** What EC2 bills beside the instance, USD an hour: a public IPv4 address, and 30 GiB of gp3 at 0.08 a GiB and month. */
const addressAndDisk = 0.005 + (30 * 0.08) / 730;

const priced = (compute: number): number => Math.round((compute + addressAndDisk) * 1e5) / 1e5;

/** T sizes launch without credits in "unlimited" mode: flat out, each vCPU bills 0.05 an hour above its baseline share. */
function burstable(name: string, vcpus: number, memoryGiB: number, compute: number, baseline: number): MachineSize {
  const surplus = 0.05 * vcpus * (1 - baseline);
  return {
    name,
    vcpus,
    memoryGiB,
    purpose: 'burstable',
    burstNote: `flat out it bills surplus credits: $${surplus.toFixed(3)} an hour above its list price of $${compute}, both are in the price shown`,
    pricePerHour: priced(compute + surplus),
    currency: 'USD',
  };
}

function general(name: string, vcpus: number, memoryGiB: number, compute: number): MachineSize {
  return { name, vcpus, memoryGiB, purpose: 'general', pricePerHour: priced(compute), currency: 'USD' };
}

/** On-demand Linux prices of us-east-1. */
export const sizes: readonly MachineSize[] = [
  burstable('t3.medium', 2, 4, 0.0416, 0.2),
  burstable('t3.large', 2, 8, 0.0832, 0.3),
  general('c6i.large', 2, 4, 0.085),
  general('c6i.xlarge', 4, 8, 0.17),
  general('c6i.2xlarge', 8, 16, 0.34),
  general('m6i.large', 2, 8, 0.096),
];

function region(name: string, title: string, zones: string): CloudRegion {
  return { name, title, zones: zones.split('').map((letter) => name + letter) };
}

/** Regions that are on in every account. */
export const regions: readonly CloudRegion[] = [
  region('us-east-1', 'N. Virginia', 'abcdf'),
  region('us-east-2', 'Ohio', 'abc'),
  region('us-west-2', 'Oregon', 'abcd'),
  region('us-west-1', 'N. California', 'abc'),
  region('ca-central-1', 'Canada', 'abd'),
  region('eu-central-1', 'Frankfurt', 'abc'),
  region('eu-west-1', 'Ireland', 'abc'),
  region('eu-west-2', 'London', 'abc'),
  region('eu-west-3', 'Paris', 'abc'),
  region('eu-north-1', 'Stockholm', 'abc'),
  region('ap-northeast-1', 'Tokyo', 'acd'),
  region('ap-northeast-2', 'Seoul', 'abcd'),
  region('ap-northeast-3', 'Osaka', 'abc'),
  region('ap-southeast-1', 'Singapore', 'abc'),
  region('ap-southeast-2', 'Sydney', 'abc'),
  region('ap-south-1', 'Mumbai', 'abc'),
  region('sa-east-1', 'São Paulo', 'abc'),
];
