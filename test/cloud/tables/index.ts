import type { CloudTable } from '../core/table';
import { aws } from './aws';
import { digitalocean } from './digitalocean';
import { gcp } from './gcp';

const known: readonly CloudTable[] = [digitalocean, aws, gcp];

/** Every stand-in, by the name of its provider. */
export const tables: Readonly<Record<string, CloudTable>> = Object.fromEntries(
  known.map((table) => [table.name, table]),
);
