/** Slug, vCPUs, MiB, GiB of disk, USD an hour, as DigitalOcean's /v2/sizes tells them. */
export const sizes: readonly (readonly [string, number, number, number, number])[] = [
  ['s-1vcpu-1gb', 1, 1024, 25, 0.00893],
  ['s-2vcpu-2gb', 2, 2048, 60, 0.02679],
  ['s-2vcpu-4gb', 2, 4096, 80, 0.03571],
  ['s-4vcpu-8gb', 4, 8192, 160, 0.07143],
  ['s-8vcpu-16gb', 8, 16384, 320, 0.14286],
  ['c-2', 2, 4096, 25, 0.0625],
  ['c-4', 4, 8192, 50, 0.125],
  ['c-8', 8, 16384, 100, 0.25],
];
export const regions = ['nyc1', 'nyc3', 'sfo3', 'tor1', 'fra1', 'ams3', 'lon1', 'sgp1', 'blr1', 'syd1'];
export const image = 'ubuntu-22-04-x64';

export const account = '5df3e3004a17e242b7c20ca6c9fc25b701a47ece';
