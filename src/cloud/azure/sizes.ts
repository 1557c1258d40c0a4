import type { CloudRegion, MachineSize, PriceSource } from '../types';

const zones = ['1', '2', '3'];

export const regions: readonly CloudRegion[] = [
  { name: 'eastus', title: 'East US (Virginia)', zones },
  { name: 'eastus2', title: 'East US 2 (Virginia)', zones },
  { name: 'westus2', title: 'West US 2 (Washington)', zones },
  { name: 'westus3', title: 'West US 3 (Arizona)', zones },
  { name: 'northeurope', title: 'North Europe (Ireland)', zones },
  { name: 'westeurope', title: 'West Europe (Netherlands)', zones },
  { name: 'germanywestcentral', title: 'Germany West Central (Frankfurt)', zones },
  { name: 'swedencentral', title: 'Sweden Central (Gävle)', zones },
  { name: 'uksouth', title: 'UK South (London)', zones },
  { name: 'southeastasia', title: 'Southeast Asia (Singapore)', zones },
  { name: 'japaneast', title: 'Japan East (Tokyo)', zones },
  { name: 'australiaeast', title: 'Australia East (Sydney)', zones },
];

/** A Standard address (0.005) and a Standard SSD of 32 GiB (2.40 a month, 730 hours), USD an hour. */
export const diskAndAddress = 0.0083;

interface Row extends Pick<MachineSize, 'name' | 'vcpus' | 'memoryGiB' | 'burstNote' | 'throttle'> {
  /** The machine alone, USD an hour, East US, Linux. */
  readonly alone: number;
}

const rows: readonly Row[] = [
  {
    name: 'Standard_B2s',
    vcpus: 2,
    memoryGiB: 4,
    alone: 0.0416,
    burstNote:
      'Running flat out spends its CPU credits (a new machine has 60: about 37 minutes of both cores); then it is throttled to 40 % of one core in all.',
    throttle: { afterSeconds: 37 * 60, share: 0.2 },
  },
  { name: 'Standard_F2s_v2', vcpus: 2, memoryGiB: 4, alone: 0.0846 },
  { name: 'Standard_D2s_v5', vcpus: 2, memoryGiB: 8, alone: 0.096 },
  { name: 'Standard_F4s_v2', vcpus: 4, memoryGiB: 8, alone: 0.169 },
  { name: 'Standard_D4s_v5', vcpus: 4, memoryGiB: 16, alone: 0.192 },
  { name: 'Standard_F8s_v2', vcpus: 8, memoryGiB: 16, alone: 0.338 },
  { name: 'Standard_D8s_v5', vcpus: 8, memoryGiB: 32, alone: 0.384 },
];

export const sizes: readonly MachineSize[] = rows.map(({ alone, ...row }) => ({
  ...row,
  purpose: row.burstNote === undefined ? 'general' : 'burstable',
  pricePerHour: Math.round((alone + diskAndAddress) * 10_000) / 10_000,
  currency: 'USD',
}));

export const price: PriceSource = {
  date: '2026-09-06',
  source:
    "Azure's retail list for East US, Linux, pay as you go, as published by others on 2026-09-06; with a 32 GiB Standard SSD and a Standard address. The live price replaces it",
};
