import { UserError } from '../errors';
import { alibaba } from './alibaba';
import { aws } from './aws';
import { azure } from './azure';
import { digitalocean } from './digitalocean';
import { gcp } from './gcp';
import { hetzner } from './hetzner';
import { local } from './local';
import { suggestion } from '../near-matches';
import { tencent } from './tencent';
import type { Cloud } from './types';

// One line a cloud. These modules hold tables and small functions; SDKs load inside `api()` and `stack()` only.
const known: readonly Cloud[] = [digitalocean, aws, gcp, azure, alibaba, tencent, hetzner, local];

/** Every place where a machine can live, by the name that `--provider` takes. */
export const clouds: Readonly<Record<string, Cloud>> = Object.fromEntries(known.map((cloud) => [cloud.name, cloud]));

/** The cloud of that name; `UserError` `unknown-provider` with near matches otherwise. */
export function findCloud(name: string): Cloud {
  const cloud = Object.hasOwn(clouds, name) ? clouds[name] : undefined;
  if (cloud) return cloud;
  const names = Object.keys(clouds);
  throw new UserError({
    code: 'unknown-provider',
    what: `There is no provider ${JSON.stringify(name)}`,
    why: `cvicast knows ${names.join(', ')}`,
    fix: suggestion(name, names),
    exit: 'input',
  });
}
