import { UserError } from '../../errors';
import { requestJson, together, type HttpPolicy, type HttpRequest } from '../http';
import { isJobName, ownershipInName, type Ownership } from '../ownership';
import type { Refuser } from '../refusal';
import type { CloudApi, CloudErrorEntry, CloudResource } from '../types';
import { unknownChoice, wouldRefuse } from '../unfit';

export const image = 'ubuntu-22-04-x64';

interface Size {
  readonly slug: string;
  readonly available: boolean;
  readonly regions: readonly string[];
  readonly price_hourly: number;
}
interface Region {
  readonly slug: string;
  readonly available: boolean;
}
interface Account {
  readonly status?: string;
  readonly droplet_limit?: number;
  readonly uuid?: string;
  /** What is made belongs to it. */
  readonly team?: { readonly uuid?: string };
}
interface Droplet {
  readonly id: number;
  readonly tags: readonly string[];
  readonly region: { readonly slug: string };
  readonly created_at: string;
}
interface Firewall {
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[] | null;
  readonly created_at: string;
}
type Pages = Readonly<Record<string, unknown>> & {
  readonly links?: { readonly pages?: { readonly next?: string } };
};

const nobodys: Ownership = { job: null, owner: null, expiresAt: null };

/** Whose it is by one of its tags. */
function ownershipInTags(tags: readonly string[] | null): Ownership | null {
  for (const tag of tags ?? []) {
    const own = ownershipInName(tag);
    if (own) return own;
  }
  return null;
}

/** Whose it is by a bare name that is a job's id. */
const ownershipByName = (name: string): Ownership | null => (isJobName(name) ? { ...nobodys, job: name } : null);

/** A firewall's name can hold no owner. It loses its tag when the tag is deleted before it. */
function ownershipOfFirewall({ tags, name }: Firewall): (Ownership & { byNameAlone?: true }) | null {
  const byName = ownershipByName(name);
  return ownershipInTags(tags) ?? (byName && { ...byName, byNameAlone: true });
}

export interface DigitalOceanAccess {
  readonly token: string;
  /** Without `/v2`. */
  readonly baseUrl: string;
  readonly policy: HttpPolicy;
}

/** DigitalOcean's API, version 2, as far as cvicast uses it. */
export function digitalOceanApi(cloud: Refuser, access: DigitalOceanAccess): CloudApi {
  const ask = async <T>(method: HttpRequest['method'], path: string, action: string, accept: number[] = []) => {
    const url = `${access.baseUrl.replace(/\/+$/, '')}/v2/${path}`;
    const headers = { authorization: `Bearer ${access.token}` };
    return requestJson<T>(cloud, { method, url, headers, action, accept }, access.policy);
  };

  /** Pages by number: the links in the answers name DigitalOcean's own host, whatever host was asked. */
  async function all<Item>(path: string, field: string): Promise<Item[]> {
    const items: Item[] = [];
    for (let page = 1; ; page++) {
      const { body } = await ask<Pages | null>('GET', `${path}?per_page=200&page=${page}`, `list ${path}`);
      const some = body?.[field] as readonly Item[] | undefined;
      if (some === undefined) {
        throw new UserError({
          code: 'cloud-answer-unreadable',
          what: `DigitalOcean did not list ${path}`,
          why: `its answer has no field ${field}`,
          fix: 'check DIGITALOCEAN_API_URL, then try again',
          exit: 'provider',
        });
      }
      items.push(...some);
      if (body?.links?.pages?.next === undefined) return items;
    }
  }

  const askAccount = async (): Promise<Account> =>
    (await ask<{ account?: Account }>('GET', 'account', 'tell the account')).body.account ?? {};

  async function checkAccount(): Promise<void> {
    const { status, droplet_limit: limit } = await askAccount();
    if (status === 'locked') throw accountTrouble('account-locked', 'the account is locked');
    if (limit === 0) throw accountTrouble('quota', 'the account may have no droplets: its limit is 0');
    // A read-only token may look at everything; only a change tells. Nothing bears this tag, so nothing is lost.
    await ask('DELETE', 'tags/cvicast-permission-check', 'allow changes', [404]);
  }

  async function checkPlace(choice: { region: string; size: string }): Promise<void> {
    const [sizes, regions] = await Promise.all([all<Size>('sizes', 'sizes'), all<Region>('regions', 'regions')]);
    const region = regions.find((one) => one.slug === choice.region);
    if (!region)
      throw unknownChoice(
        'DigitalOcean',
        'region',
        choice.region,
        regions.map((one) => one.slug),
      );
    if (!region.available)
      throw soldOut('region-full', `Region ${choice.region} takes no new droplets`, 'choose another --region');
    const size = sizes.find((one) => one.slug === choice.size);
    if (!size)
      throw unknownChoice(
        'DigitalOcean',
        'size',
        choice.size,
        sizes.map((one) => one.slug),
      );
    if (!size.available || !size.regions.includes(choice.region)) {
      const elsewhere = size.regions.slice(0, 5).join(', ') || 'nowhere now';
      throw soldOut(
        'size-not-here',
        `Size ${choice.size} is not available in ${choice.region}`,
        `it is sold in: ${elsewhere}`,
        size.available && size.regions.length > 0 ? 'zone' : 'size',
      );
    }
  }

  async function checkImage(region: string): Promise<void> {
    const { body } = await ask<{ image?: { regions?: string[] } } | null>(
      'GET',
      `images/${image}`,
      `tell image ${image}`,
      [404],
    );
    const regions = body?.image?.regions ?? [];
    if (regions.includes(region)) return;
    const next = regions.length > 0 ? 'zone' : 'stop';
    throw soldOut('image-gone', `Image ${image} is not available in ${region}`, 'choose another --region', next);
  }

  async function list(): Promise<CloudResource[]> {
    const [droplets, firewalls, tags, keys] = await together<unknown[]>([
      all<Droplet>('droplets', 'droplets'),
      all<Firewall>('firewalls', 'firewalls'),
      all<{ name: string }>('tags', 'tags'),
      all<{ id: number; name: string }>('account/keys', 'ssh_keys'),
    ]);
    // In the order in which they can go.
    return [
      ...((droplets ?? []) as Droplet[]).flatMap((one) => droplet(one, ownershipInTags(one.tags))),
      ...((firewalls ?? []) as Firewall[]).flatMap((one) =>
        resource(
          'firewall',
          one.id,
          ownershipOfFirewall(one),
          `networking/firewalls/${one.id}`,
          'global',
          one.created_at,
        ),
      ),
      ...((keys ?? []) as { id: number; name: string }[]).flatMap((one) =>
        resource('key', one.id, ownershipInName(one.name) ?? ownershipByName(one.name), 'account/security'),
      ),
      ...((tags ?? []) as { name: string }[]).flatMap((one) =>
        resource('tag', one.name, ownershipInName(one.name), `tags/${encodeURIComponent(one.name)}`),
      ),
    ];
  }

  return {
    async preflight(choice) {
      await checkAccount();
      await checkPlace(choice);
      await checkImage(choice.region);
    },
    async account() {
      const { team, uuid } = await askAccount();
      return team?.uuid ?? uuid ?? null;
    },
    list,
    async machineById(id) {
      const path = `droplets/${encodeURIComponent(id)}`;
      const { body } = await ask<{ droplet?: Droplet } | null>('GET', path, `look for droplet ${id}`, [404]);
      return body?.droplet === undefined
        ? null
        : (droplet(body.droplet, ownershipInTags(body.droplet.tags) ?? nobodys)[0] ?? null);
    },
    async remove(resource) {
      const paths: Record<string, string> = {
        droplet: 'droplets',
        firewall: 'firewalls',
        key: 'account/keys',
        tag: 'tags',
      };
      const path = `${paths[resource.kind] ?? resource.kind}/${encodeURIComponent(resource.id)}`;
      await ask('DELETE', path, `delete ${resource.kind} ${resource.id}`, [404]);
    },
    async livePrice({ size }) {
      const sizes = await all<Size>('sizes', 'sizes');
      return sizes.find((one) => one.slug === size)?.price_hourly ?? null;
    },
  };
}

function droplet(one: Droplet, own: Ownership | null): CloudResource[] {
  return resource('droplet', one.id, own, `droplets/${one.id}`, one.region.slug, one.created_at);
}

function resource(
  kind: string,
  id: string | number,
  own: Ownership | null,
  page: string,
  region = 'global',
  createdAt: string | null = null,
): CloudResource[] {
  if (own === null) return [];
  return [{ kind, id: String(id), region, ...own, createdAt, console: `https://cloud.digitalocean.com/${page}` }];
}

function accountTrouble(code: string, why: string): UserError {
  return new UserError({
    code,
    what: 'DigitalOcean would refuse a droplet',
    why,
    fix: 'see https://cloud.digitalocean.com/account/billing, or write to its support',
    exit: 'provider',
  });
}

function soldOut(code: string, what: string, fix: string, next: CloudErrorEntry['next'] = 'zone'): UserError {
  return wouldRefuse(code, what, "DigitalOcean's own list says so", fix, next);
}
