import { policyFrom } from '../http';
import { noCredentials } from '../refusal';
import type { Cloud } from '../types';
import { findToken, report } from './credentials';
import { errors } from './errors';

const shared = 'the vCPUs are shared: no extra charge, but it runs slower when its neighbours are busy';

export const digitalocean: Cloud = {
  name: 'digitalocean',
  title: 'DigitalOcean',
  package: '@pulumi/digitalocean',
  plugin: 'digitalocean',
  user: 'root',
  image: 'ubuntu-22-04-x64',
  regions: [
    { name: 'nyc3', title: 'New York 3' },
    { name: 'nyc1', title: 'New York 1' },
    { name: 'sfo3', title: 'San Francisco 3' },
    { name: 'tor1', title: 'Toronto 1' },
    { name: 'fra1', title: 'Frankfurt 1' },
    { name: 'ams3', title: 'Amsterdam 3' },
    { name: 'lon1', title: 'London 1' },
    { name: 'sgp1', title: 'Singapore 1' },
    { name: 'blr1', title: 'Bangalore 1' },
    { name: 'syd1', title: 'Sydney 1' },
  ],
  defaultRegion: 'nyc3',
  sizes: [
    {
      name: 's-2vcpu-2gb',
      vcpus: 2,
      memoryGiB: 2,
      purpose: 'burstable',
      burstNote: shared,
      pricePerHour: 0.02679,
      currency: 'USD',
    },
    {
      name: 's-2vcpu-4gb',
      vcpus: 2,
      memoryGiB: 4,
      purpose: 'burstable',
      burstNote: shared,
      pricePerHour: 0.03571,
      currency: 'USD',
    },
    {
      name: 's-4vcpu-8gb',
      vcpus: 4,
      memoryGiB: 8,
      purpose: 'burstable',
      burstNote: shared,
      pricePerHour: 0.07143,
      currency: 'USD',
    },
    {
      name: 's-8vcpu-16gb',
      vcpus: 8,
      memoryGiB: 16,
      purpose: 'burstable',
      burstNote: shared,
      pricePerHour: 0.14286,
      currency: 'USD',
    },
    { name: 'c-2', vcpus: 2, memoryGiB: 4, purpose: 'general', pricePerHour: 0.0625, currency: 'USD' },
    { name: 'c-4', vcpus: 4, memoryGiB: 8, purpose: 'general', pricePerHour: 0.125, currency: 'USD' },
    { name: 'c-8', vcpus: 8, memoryGiB: 16, purpose: 'general', pricePerHour: 0.25, currency: 'USD' },
  ],
  // Shared vCPUs, but every new account may rent them; the dedicated ones (c-…) must be unlocked first.
  defaultSize: 's-4vcpu-8gb',
  guideSize: 's-2vcpu-4gb',
  price: {
    date: '2026-01-01',
    source: 'list price as known then (digitalocean.com/pricing/droplets), not looked up live',
  },
  // Since 1 January 2026: by the second, at least 60 seconds or $0.01.
  billing: { minimumSeconds: 60, stepSeconds: 1, minimumCharge: 0.01 },
  spot: false,
  endedBy: [
    { kind: 'guest', what: 'shutdown timer of the machine powers it off', smallestMinutes: 1, stopsBill: false },
    { kind: 'watchdog', what: 'watchdog process on this computer deletes it', smallestMinutes: 1, stopsBill: true },
    {
      kind: 'sweep',
      what: '`cvicast gc` finds it by its tag and deletes it; the next `cvicast convert` on this computer offers to end the job',
      stopsBill: true,
    },
  ],
  machineKind: 'droplet',
  creates: ['1 tag', '1 SSH key', '1 firewall (port 22 from your address)', '1 droplet with its disk and address'],
  errors,
  bootSeconds: 60,
  console: 'https://cloud.digitalocean.com/droplets',
  credentials: (context) => Promise.resolve(report(context)),
  engineConfig: ({ env }) => {
    const endpoint = env['DIGITALOCEAN_API_URL'];
    return endpoint ? { 'digitalocean:apiEndpoint': endpoint } : {};
  },
  engineEnv: (context) => {
    const found = findToken(context);
    return found ? { DIGITALOCEAN_TOKEN: found.token } : {};
  },
  api: async (context) => {
    const found = findToken(context);
    if (found === null) throw noCredentials(digitalocean, report(context));
    const { digitalOceanApi } = await import('./api');
    return digitalOceanApi(digitalocean, {
      token: found.token,
      baseUrl: context.env['DIGITALOCEAN_API_URL'] ?? 'https://api.digitalocean.com',
      policy: policyFrom(context.env),
    });
  },
  stack: async () => (await import('../../../stacks/digitalocean')).default,
};
