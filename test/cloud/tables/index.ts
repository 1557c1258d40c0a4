import type { CloudTable } from '../core/table';
import { alibaba } from './alibaba';
import { aws } from './aws';
import { azure } from './azure';
import { digitalocean } from './digitalocean';
import { gcp } from './gcp';
import { hetzner } from './hetzner';
import { tencent } from './tencent';

const known: readonly CloudTable[] = [digitalocean, aws, gcp, azure, alibaba, tencent, hetzner];

/** Every stand-in, by the name of its provider. */
export const tables: Readonly<Record<string, CloudTable>> = Object.fromEntries(
  known.map((table) => [table.name, table]),
);
