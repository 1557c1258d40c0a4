import { fixedId } from '../core/names';

/** Type: vCPUs, MiB, USD an hour of us-east-1 (flat out: the T sizes' surplus credits are in it), architecture. */
export const types: Readonly<Record<string, { vcpus: number; memory: number; price: number; arch: string }>> = {
  't3.medium': { vcpus: 2, memory: 4096, price: 0.0416 + 0.08, arch: 'x86_64' },
  't3.large': { vcpus: 2, memory: 8192, price: 0.0832 + 0.07, arch: 'x86_64' },
  'c6i.large': { vcpus: 2, memory: 4096, price: 0.085, arch: 'x86_64' },
  'c6i.xlarge': { vcpus: 4, memory: 8192, price: 0.17, arch: 'x86_64' },
  'c6i.2xlarge': { vcpus: 8, memory: 16384, price: 0.34, arch: 'x86_64' },
  'm6i.large': { vcpus: 2, memory: 8192, price: 0.096, arch: 'x86_64' },
  't4g.medium': { vcpus: 2, memory: 4096, price: 0.0336, arch: 'arm64' },
};

/** Public IPv4 address, and gp3 per GiB and hour. */
export const addressPrice = 0.005;
export const diskPrice = 0.08 / 730;

export const regions: Readonly<Record<string, string>> = {
  'us-east-1': 'abcdf',
  'us-east-2': 'abc',
  'us-west-2': 'abcd',
  'us-west-1': 'abc',
  'ca-central-1': 'abd',
  'eu-central-1': 'abc',
  'eu-west-1': 'abc',
  'eu-west-2': 'abc',
  'eu-west-3': 'abc',
  'eu-north-1': 'abc',
  'ap-northeast-1': 'acd',
  'ap-northeast-2': 'abcd',
  'ap-northeast-3': 'abc',
  'ap-southeast-1': 'abc',
  'ap-southeast-2': 'abc',
  'ap-south-1': 'abc',
  'sa-east-1': 'abc',
};

export const zonesOf = (region: string): string[] => (regions[region] ?? '').split('').map((letter) => region + letter);

export const canonical = '099720109477';
export const parameter = '/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id';
export const imageName = 'ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20261104';
export const imageOf = (region: string): string => fixedId('ami-', `jammy ${region}`);

export const account = '111122223333';
