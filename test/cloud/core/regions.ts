import type { World } from './table';

/** Regions that the account has: all of the cloud's but those of the option `closedRegions` (names and commas). */
export function openRegions(world: Pick<World, 'options'>, all: readonly string[]): string[] {
  const closed = (world.options['closedRegions'] ?? '').split(',');
  return all.filter((name) => !closed.includes(name));
}
