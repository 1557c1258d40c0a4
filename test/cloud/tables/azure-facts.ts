export const subscription = '11112222-3333-4444-5555-666677778888';
export const tenant = '99998888-7777-6666-5555-444433332222';

/** Size: vCPUs, GiB, USD an hour in East US, family, architecture. */
export const sizes: Readonly<Record<string, readonly [number, number, number, string, 'x64' | 'Arm64']>> = {
  Standard_B2s: [2, 4, 0.0416, 'standardBSFamily', 'x64'],
  Standard_F2s_v2: [2, 4, 0.0846, 'standardFSv2Family', 'x64'],
  Standard_D2s_v5: [2, 8, 0.096, 'standardDSv5Family', 'x64'],
  Standard_F4s_v2: [4, 8, 0.169, 'standardFSv2Family', 'x64'],
  Standard_D4s_v5: [4, 16, 0.192, 'standardDSv5Family', 'x64'],
  Standard_F8s_v2: [8, 16, 0.338, 'standardFSv2Family', 'x64'],
  Standard_D8s_v5: [8, 32, 0.384, 'standardDSv5Family', 'x64'],
  Standard_D2ps_v5: [2, 8, 0.077, 'standardDPSv5Family', 'Arm64'],
};
export const locations = ['eastus', 'eastus2', 'westeurope', 'northeurope', 'germanywestcentral', 'swedencentral'];
export const image = { publisher: 'Canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts-gen2' };

/** USD an hour. */
export const addressPrice = 0.005;
export const diskPrice = 2.4 / 730;
