/** Type: vCPUs, GiB, USD an hour in Singapore. */
export const types: Readonly<Record<string, readonly [number, number, number]>> = {
  'S5.MEDIUM4': [2, 4, 0.095],
  'S5.MEDIUM8': [2, 8, 0.12],
  'S5.LARGE8': [4, 8, 0.19],
  'S5.LARGE16': [4, 16, 0.24],
  'S5.2XLARGE16': [8, 16, 0.38],
};
export const regions: Readonly<Record<string, readonly string[]>> = {
  'ap-singapore': ['ap-singapore-2', 'ap-singapore-3', 'ap-singapore-4'],
  'ap-hongkong': ['ap-hongkong-2', 'ap-hongkong-3'],
  'ap-tokyo': ['ap-tokyo-1', 'ap-tokyo-2'],
  'ap-seoul': ['ap-seoul-1', 'ap-seoul-2'],
  'ap-bangkok': ['ap-bangkok-1', 'ap-bangkok-2'],
  'ap-jakarta': ['ap-jakarta-1', 'ap-jakarta-2'],
  'eu-frankfurt': ['eu-frankfurt-1', 'eu-frankfurt-2'],
  'na-siliconvalley': ['na-siliconvalley-1', 'na-siliconvalley-2'],
  'na-ashburn': ['na-ashburn-1', 'na-ashburn-2'],
  'ap-guangzhou': ['ap-guangzhou-6', 'ap-guangzhou-7'],
  'ap-shanghai': ['ap-shanghai-2', 'ap-shanghai-5'],
  'ap-beijing': ['ap-beijing-6', 'ap-beijing-7'],
};
export const image = 'img-487zeit5';

export const account = '100026212345';
