/** The one project of the stand-in. */
export const project = 'stand-in-project';

/** Machine type: vCPUs, MiB, USD an hour of us-central1, architecture. */
export const types: Readonly<Record<string, { vcpus: number; memory: number; price: number; arch: string }>> = {
  'e2-medium': { vcpus: 2, memory: 4096, price: 0.0335, arch: 'X86_64' },
  'e2-standard-2': { vcpus: 2, memory: 8192, price: 0.06701, arch: 'X86_64' },
  'e2-standard-4': { vcpus: 4, memory: 16384, price: 0.13402, arch: 'X86_64' },
  'e2-standard-8': { vcpus: 8, memory: 32768, price: 0.26805, arch: 'X86_64' },
  'n2d-standard-2': { vcpus: 2, memory: 8192, price: 0.08449, arch: 'X86_64' },
  'n2d-standard-4': { vcpus: 4, memory: 16384, price: 0.16899, arch: 'X86_64' },
  't2a-standard-2': { vcpus: 2, memory: 8192, price: 0.077, arch: 'ARM64' },
};

/** An external address in use, USD an hour. */
export const addressPrice = 0.005;

export const regions: Readonly<Record<string, string>> = {
  'us-central1': 'abcf',
  'us-east1': 'bcd',
  'europe-west3': 'abc',
};
export const image = 'ubuntu-os-cloud/ubuntu-2204-lts';

export const zonesOf = (region: string): string[] =>
  (regions[region] ?? '').split('').map((letter) => `${region}-${letter}`);
export const regionOfZone = (zone: string): string => zone.replace(/-[a-z]$/, '');
export const selfLink = (id: string): string => `https://www.googleapis.com/compute/v1/${id}`;

/** The region of `zones/Z/…` or `regions/R/…`; `global` otherwise. */
export function regionOfPlace(place: string): string {
  const [kind, name = ''] = place.split('/');
  if (kind === 'zones') return regionOfZone(name);
  return kind === 'regions' ? name : 'global';
}
