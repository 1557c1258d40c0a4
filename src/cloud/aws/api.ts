import { DescribeInstancesCommand, DescribeTagsCommand, type EC2Client } from '@aws-sdk/client-ec2';
import { together } from '../http';
import { usualPatience, type Patience } from '../insist';
import { ownershipOf } from '../ownership';
import type { Refuser } from '../refusal';
import type { CloudApi, CloudResource } from '../types';
import { ask, ec2Clients } from './client';
import { preflight } from './preflight';
import { remove, removalRank } from './removal';

interface Tagged {
  readonly kind: string;
  readonly id: string;
  readonly tags: Record<string, string>;
}

/** Everything that bears our tags in a region: one listing for all kinds of things. */
async function tagged(cloud: Refuser, client: EC2Client, region: string): Promise<Tagged[]> {
  const found = new Map<string, Tagged>();
  let token: string | undefined;
  do {
    const page = await ask(cloud, `list tags in ${region}`, () =>
      client.send(
        new DescribeTagsCommand({
          Filters: [{ Name: 'key', Values: ['cvicast-job', 'cvicast-owner', 'cvicast-expires'] }],
          MaxResults: 1000,
          ...(token === undefined ? {} : { NextToken: token }),
        }),
      ),
    );
    for (const { ResourceId: id, ResourceType: kind, Key: key, Value: value } of page?.Tags ?? []) {
      if (!id || !kind || !key) continue;
      const entry = found.get(id) ?? { kind, id, tags: {} };
      entry.tags[key] = value ?? '';
      found.set(id, entry);
    }
    token = page?.NextToken || undefined;
  } while (token !== undefined);
  return [...found.values()];
}

/** State and launch time of instances: a terminated one keeps its tags for an hour. */
async function instances(cloud: Refuser, client: EC2Client, ids: readonly string[]) {
  const facts = new Map<string, { state: string; launched: string | null }>();
  if (ids.length === 0) return facts;
  // By filter and not by id: one id that is unknown would make the whole call fail.
  const found = await ask(cloud, 'list instances', () =>
    client.send(new DescribeInstancesCommand({ Filters: [{ Name: 'instance-id', Values: [...ids] }] })),
  );
  for (const one of (found?.Reservations ?? []).flatMap((reservation) => reservation.Instances ?? [])) {
    if (one.InstanceId) {
      facts.set(one.InstanceId, { state: one.State?.Name ?? '', launched: one.LaunchTime?.toISOString() ?? null });
    }
  }
  return facts;
}

function consolePage(region: string, { kind, id }: Tagged): string {
  const base = `https://${region}.console.aws.amazon.com/ec2/home?region=${region}`;
  if (kind === 'instance') return `${base}#InstanceDetails:instanceId=${id}`;
  if (kind === 'volume') return `${base}#VolumeDetails:volumeId=${id}`;
  if (kind === 'security-group') return `${base}#SecurityGroup:groupId=${id}`;
  if (kind === 'key-pair') return `${base}#KeyPairs:`;
  return `https://${region}.console.aws.amazon.com/vpcconsole/home?region=${region}`;
}

async function listRegion(cloud: Refuser, client: EC2Client, region: string): Promise<CloudResource[]> {
  const found = await tagged(cloud, client, region);
  const facts = await instances(
    cloud,
    client,
    found.filter((one) => one.kind === 'instance').map((one) => one.id),
  );
  const alive = found.filter((one) => {
    if (one.kind !== 'instance') return true;
    const state = facts.get(one.id)?.state;
    return state !== undefined && state !== 'terminated';
  });
  return alive
    .sort((a, b) => removalRank(a.kind) - removalRank(b.kind))
    .flatMap((one) => {
      const own = ownershipOf(one.tags);
      const createdAt = facts.get(one.id)?.launched ?? null;
      return own === null
        ? []
        : [{ kind: one.kind, id: one.id, region, ...own, createdAt, console: consolePage(region, one) }];
    });
}

/** EC2 through AWS's own SDK. */
export function awsApi(cloud: Refuser, env: NodeJS.ProcessEnv, patience: Patience = usualPatience): CloudApi {
  const clientOf = ec2Clients(env);
  return {
    preflight: (choice) => preflight(cloud, clientOf(choice.region), choice),
    async list(regions) {
      const lists = await together(regions.map((region) => listRegion(cloud, clientOf(region), region)));
      return lists.flat();
    },
    remove: (resource) => remove(cloud, clientOf(resource.region), resource, patience),
  };
}
