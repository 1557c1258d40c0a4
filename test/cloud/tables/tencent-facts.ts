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
  'eu-frankfurt': ['eu-frankfurt-1', 'eu-frankfurt-2'],
};
export const image = 'img-487zeit5';
