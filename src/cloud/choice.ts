import { UserError } from '../errors';
import { suggestion } from '../near-matches';
import type { Cloud, CloudRegion, MachineSize } from './types';

/** Where exactly a machine is tried. */
export interface Choice {
  readonly region: string;
  readonly zone?: string;
  readonly size: string;
}

/** The size of that name. `UserError` `arm-size` or `unknown-size` otherwise: without a price there is no bound on the bill. */
export function findSize(cloud: Cloud, name: string = cloud.defaultSize): MachineSize {
  const found = cloud.sizes.find((size) => size.name === name);
  if (found) return found;
  const names = cloud.sizes.map((size) => size.name);
  if (cloud.armSizes?.test(name)) {
    throw new UserError({
      code: 'arm-size',
      what: `Size ${JSON.stringify(name)} of ${cloud.title} cannot convert`,
      why: 'it has an arm64 processor, and TPU-MLIR exists for x86-64 only',
      fix: `choose an x86-64 size with --size: ${names.join(', ')}`,
      exit: 'input',
    });
  }
  throw new UserError({
    code: 'unknown-size',
    what: `${cloud.title} has no size ${JSON.stringify(name)} that cvicast knows`,
    why: 'only sizes with a known price and an x86-64 processor can be rented, so that the bill has a bound',
    fix: suggestion(name, names),
    exit: 'input',
  });
}

/** The region of that name. `UserError` `unknown-region` otherwise. */
export function findRegion(cloud: Cloud, name: string = cloud.defaultRegion): CloudRegion {
  const found = cloud.regions.find((region) => region.name === name);
  if (found) return found;
  throw new UserError({
    code: 'unknown-region',
    what: `${cloud.title} has no region ${JSON.stringify(name)} that cvicast knows`,
    why: 'it is not in the catalogue of regions',
    fix: suggestion(
      name,
      cloud.regions.map((region) => region.name),
    ),
    exit: 'input',
  });
}

/**
 * Checks a zone against its region. `UserError` `no-zones` when the cloud has none, `unknown-zone` when the region lists
 * zones and this is none of them.
 */
export function findZone(cloud: Pick<Cloud, 'title' | 'regions'>, region: CloudRegion, name: string): string {
  if (cloud.regions.every((one) => one.zones === undefined)) {
    throw new UserError({
      code: 'no-zones',
      what: `${cloud.title} has no zones, and --zone ${JSON.stringify(name)} was given`,
      why: 'its regions are the smallest places that can be named there',
      fix: 'leave --zone out, or name a --region',
      exit: 'input',
    });
  }
  if (region.zones === undefined || region.zones.includes(name)) return name;
  throw new UserError({
    code: 'unknown-zone',
    what: `Region ${region.name} has no zone ${JSON.stringify(name)} that cvicast knows`,
    why: 'it is not in the catalogue of zones',
    fix: suggestion(name, region.zones),
    exit: 'input',
  });
}
