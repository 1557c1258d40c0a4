import type { CloudRegion, MachineSize, PriceSource } from '../types';

export const regions: readonly CloudRegion[] = [
  { name: 'fsn1', title: 'Falkenstein, Germany' },
  { name: 'nbg1', title: 'Nuremberg, Germany' },
  { name: 'hel1', title: 'Helsinki, Finland' },
  { name: 'ash', title: 'Ashburn, Virginia, United States' },
  { name: 'hil', title: 'Hillsboro, Oregon, United States' },
  { name: 'sin', title: 'Singapore' },
];

/** ECB reference rate of 27 May 2026. Hetzner's price list is in euro; the catalogue is in dollars. */
export const dollarsPerEuro = 1.1637;

/** Hetzner's hourly price is the monthly one over this many hours. */
const hoursPerMonth = 624;

const perHour = (euroPerMonth: number): number =>
  Math.round((euroPerMonth / hoursPerMonth) * dollarsPerEuro * 10_000) / 10_000;

/** Net list prices in Germany and Finland, one IPv4 address included; the disk is part of the server. */
export const sizes: readonly MachineSize[] = [
  { name: 'cpx22', vcpus: 2, memoryGiB: 4, purpose: 'general', pricePerHour: perHour(19.99), currency: 'USD' },
  { name: 'cpx32', vcpus: 4, memoryGiB: 8, purpose: 'general', pricePerHour: perHour(35.99), currency: 'USD' },
  { name: 'cpx42', vcpus: 8, memoryGiB: 16, purpose: 'general', pricePerHour: perHour(69.99), currency: 'USD' },
  { name: 'cx23', vcpus: 2, memoryGiB: 4, purpose: 'general', pricePerHour: perHour(5.99), currency: 'USD' },
  { name: 'cx33', vcpus: 4, memoryGiB: 8, purpose: 'general', pricePerHour: perHour(8.99), currency: 'USD' },
  { name: 'cx43', vcpus: 8, memoryGiB: 16, purpose: 'general', pricePerHour: perHour(16.49), currency: 'USD' },
];

export const price: PriceSource = {
  date: '2026-09-03',
  source:
    "Hetzner's price list since its change of 15 June 2026, as quoted in public on 2026-09-03, at 1.1637 USD per EUR; cpx32 and cpx42 are estimates (the same rise as cpx22's). The live price, read with your token, replaces these",
};
