import type { CloudTable } from '../core/table';
import { aws } from './aws';
import { digitalocean } from './digitalocean';

const known: readonly CloudTable[] = [digitalocean, aws];

/** Every stand-in, by the name of its provider. */
export const tables: Readonly<Record<string, CloudTable>> = Object.fromEntries(
  known.map((table) => [table.name, table]),
);
