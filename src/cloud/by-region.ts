import { insist, untilGone, type Patience } from './insist';
import type { Refuser } from './refusal';
import { together } from './together';
import type { CloudApi, CloudResource } from './types';
import { notOurs } from './unfit';

/** A kind of thing that a stack makes. */
export interface KindOfThing {
  readonly kind: string;
  /** What its ids look like: nothing else is ever put into a delete. */
  readonly idForm: RegExp;
}

/** A cloud whose API is asked region by region and kind by kind. */
export interface ByRegion<Kind extends KindOfThing> {
  readonly cloud: Refuser;
  /** In the order in which they can go: the machine first. */
  readonly kinds: readonly [machine: Kind, ...others: Kind[]];
  /** What to do about a thing that is none of them. */
  readonly byHand: string;
  readonly patience: Patience;
  /** Everything of that kind with cvicast's tag. */
  list(kind: Kind, region: string): Promise<CloudResource[]>;
  /** Asks for its end; gone already is success. `name` is for messages. */
  remove(kind: Kind, resource: CloudResource, name: string): Promise<unknown>;
  /** That one, as often as the cloud tells it: not at all when it is gone. */
  find(kind: Kind, where: { readonly id: string; readonly region: string }, name: string): Promise<CloudResource[]>;
}

/** `list`, `machineById` and `remove` of such a cloud: every region and kind at once; each delete insisted on until the thing is gone. */
export function byRegion<Kind extends KindOfThing>(
  cloud: ByRegion<Kind>,
): Pick<CloudApi, 'list' | 'machineById' | 'remove'> {
  const { kinds, patience } = cloud;
  return {
    async list(regions) {
      const calls = regions.flatMap((region) => kinds.map((kind) => cloud.list(kind, region)));
      return (await together(calls)).flat();
    },
    async machineById(id, region) {
      const [machine] = kinds;
      if (!machine.idForm.test(id)) throw notOurs(cloud.cloud.title, machine.kind, id, cloud.byHand);
      return (await cloud.find(machine, { id, region }, `${machine.kind} ${id}`)).at(0) ?? null;
    },
    async remove(resource) {
      const kind = kinds.find((one) => one.kind === resource.kind);
      if (!kind || !kind.idForm.test(resource.id) || !/^[a-z0-9-]+$/.test(resource.region))
        throw notOurs(cloud.cloud.title, resource.kind, resource.id, cloud.byHand);
      const name = `${kind.kind} ${resource.id}`;
      await insist(cloud.cloud, () => cloud.remove(kind, resource, name), patience);
      await untilGone(name, async () => (await cloud.find(kind, resource, name)).length === 0, patience);
    },
  };
}
