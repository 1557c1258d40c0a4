/** Type: vCPUs, GiB, USD an hour in Singapore, architecture. */
export const types: Readonly<Record<string, readonly [number, number, number, 'X86' | 'ARM']>> = {
  'ecs.t6-c1m2.large': [2, 4, 0.0305, 'X86'],
  'ecs.c6.large': [2, 4, 0.083, 'X86'],
  'ecs.c7.large': [2, 4, 0.089, 'X86'],
  'ecs.c6.xlarge': [4, 8, 0.166, 'X86'],
  'ecs.c7.xlarge': [4, 8, 0.178, 'X86'],
  'ecs.c7.2xlarge': [8, 16, 0.356, 'X86'],
  'ecs.g7.large': [2, 8, 0.113, 'X86'],
  'ecs.c8y.large': [2, 4, 0.07, 'ARM'],
};
export const regions: Readonly<Record<string, string>> = {
  'ap-southeast-1': 'abc',
  'ap-southeast-5': 'abc',
  'ap-northeast-1': 'abc',
  'cn-hongkong': 'bcd',
  'eu-central-1': 'ab',
  'eu-west-1': 'ab',
  'us-east-1': 'ab',
  'us-west-1': 'ab',
  'cn-hangzhou': 'hij',
  'cn-shanghai': 'bel',
  'cn-beijing': 'hkl',
  'cn-shenzhen': 'def',
};
export const zonesOf = (region: string): string[] =>
  (regions[region] ?? '').split('').map((letter) => `${region}${region.startsWith('cn-') ? '-' : ''}${letter}`);
/** The newest, and one that the cloud lists before it. */
export const olderImage = 'ubuntu_22_04_x64_20G_alibase_20260305.vhd';
export const image = 'ubuntu_22_04_x64_20G_alibase_20261015.vhd';

export const account = '1968132000123456';
