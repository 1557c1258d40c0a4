import {
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeInternetGatewaysCommand,
  DescribeKeyPairsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  type EC2Client,
  type Tag,
} from '@aws-sdk/client-ec2';
import { together } from '../http';
import { ownershipOf } from '../ownership';
import type { Refuser } from '../refusal';
import type { CloudResource } from '../types';
import { ask } from './client';

interface Listed {
  readonly id: string | undefined;
  readonly tags: readonly Tag[] | undefined;
  readonly createdAt?: Date | undefined;
}

interface Page {
  readonly items: readonly Listed[];
  readonly next?: string | undefined;
}

/** Where a listing begins: filters, and the token of the page before. */
interface Where {
  readonly Filters: { Name: string; Values: string[] }[];
  readonly NextToken?: string;
}

type Listing = (client: EC2Client, where: Where) => Promise<Page>;

const alive = { Name: 'instance-state-name', Values: ['pending', 'running', 'shutting-down', 'stopping', 'stopped'] };

async function instances(client: EC2Client, where: Where): Promise<Page> {
  const page = await client.send(new DescribeInstancesCommand({ ...where, Filters: [...where.Filters, alive] }));
  const all = (page.Reservations ?? []).flatMap((reservation) => reservation.Instances ?? []);
  return {
    items: all.map((one) => ({ id: one.InstanceId, tags: one.Tags, createdAt: one.LaunchTime })),
    next: page.NextToken,
  };
}

/**
 * What a job makes, by EC2's own names of the kinds, in the order in which it can go. Asked kind by kind, because
 * DescribeTags goes on naming what is gone already.
 */
const listings: Readonly<Record<string, Listing>> = {
  instance: instances,
  'elastic-ip': async (client, { Filters }) => {
    const page = await client.send(new DescribeAddressesCommand({ Filters }));
    return { items: (page.Addresses ?? []).map((one) => ({ id: one.AllocationId, tags: one.Tags })) };
  },
  'network-interface': async (client, where) => {
    const page = await client.send(new DescribeNetworkInterfacesCommand(where));
    const items = (page.NetworkInterfaces ?? []).map((one) => ({ id: one.NetworkInterfaceId, tags: one.TagSet }));
    return { items, next: page.NextToken };
  },
  volume: async (client, where) => {
    const page = await client.send(new DescribeVolumesCommand(where));
    const items = (page.Volumes ?? []).map((one) => ({ id: one.VolumeId, tags: one.Tags, createdAt: one.CreateTime }));
    return { items, next: page.NextToken };
  },
  'key-pair': async (client, { Filters }) => {
    const page = await client.send(new DescribeKeyPairsCommand({ Filters }));
    return {
      items: (page.KeyPairs ?? []).map((one) => ({ id: one.KeyPairId, tags: one.Tags, createdAt: one.CreateTime })),
    };
  },
  'security-group': async (client, where) => {
    const page = await client.send(new DescribeSecurityGroupsCommand(where));
    return {
      items: (page.SecurityGroups ?? []).map((one) => ({ id: one.GroupId, tags: one.Tags })),
      next: page.NextToken,
    };
  },
  subnet: async (client, where) => {
    const page = await client.send(new DescribeSubnetsCommand(where));
    return { items: (page.Subnets ?? []).map((one) => ({ id: one.SubnetId, tags: one.Tags })), next: page.NextToken };
  },
  'route-table': async (client, where) => {
    const page = await client.send(new DescribeRouteTablesCommand(where));
    return {
      items: (page.RouteTables ?? []).map((one) => ({ id: one.RouteTableId, tags: one.Tags })),
      next: page.NextToken,
    };
  },
  'internet-gateway': async (client, where) => {
    const page = await client.send(new DescribeInternetGatewaysCommand(where));
    const items = (page.InternetGateways ?? []).map((one) => ({ id: one.InternetGatewayId, tags: one.Tags }));
    return { items, next: page.NextToken };
  },
  vpc: async (client, where) => {
    const page = await client.send(new DescribeVpcsCommand(where));
    return { items: (page.Vpcs ?? []).map((one) => ({ id: one.VpcId, tags: one.Tags })), next: page.NextToken };
  },
};

async function allPages(
  cloud: Refuser,
  client: EC2Client,
  region: string,
  kind: string,
  listing: Listing,
): Promise<Listed[]> {
  const items: Listed[] = [];
  const Filters = [{ Name: 'tag-key', Values: ['cvicast-job'] }];
  let token: string | undefined;
  do {
    const where: Where = token === undefined ? { Filters } : { Filters, NextToken: token };
    const page = await ask(cloud, `list every ${kind} in ${region}`, () => listing(client, where));
    items.push(...(page?.items ?? []));
    token = page?.next || undefined;
  } while (token !== undefined);
  return items;
}

function consolePage(region: string, kind: string, id: string): string {
  const base = `https://${region}.console.aws.amazon.com/ec2/home?region=${region}`;
  if (kind === 'instance') return `${base}#InstanceDetails:instanceId=${id}`;
  if (kind === 'volume') return `${base}#VolumeDetails:volumeId=${id}`;
  if (kind === 'security-group') return `${base}#SecurityGroup:groupId=${id}`;
  if (kind === 'key-pair') return `${base}#KeyPairs:`;
  return `https://${region}.console.aws.amazon.com/vpcconsole/home?region=${region}`;
}

function resourceOf(kind: string, { id, tags, createdAt }: Listed, region: string): CloudResource | null {
  if (id === undefined) return null;
  const own = ownershipOf(Object.fromEntries((tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? ''])));
  return {
    ...{ kind, id, region },
    ...(own ?? { job: null, owner: null, expiresAt: null }),
    createdAt: createdAt?.toISOString() ?? null,
    console: consolePage(region, kind, id),
  };
}

/** Everything of cvicast's in a region, in the order in which it can go. */
export async function listRegion(cloud: Refuser, client: EC2Client, region: string): Promise<CloudResource[]> {
  const kinds = await together(
    Object.entries(listings).map(async ([kind, listing]) => ({
      kind,
      items: await allPages(cloud, client, region, kind, listing),
    })),
  );
  return kinds.flatMap(({ kind, items }) =>
    items.flatMap((item) => {
      const found = resourceOf(kind, item, region);
      return found === null || found.job === null ? [] : [found];
    }),
  );
}

/** An instance by its id; null when it is gone or ended. */
export async function instanceById(
  cloud: Refuser,
  client: EC2Client,
  id: string,
  region: string,
): Promise<CloudResource | null> {
  const page = await ask(
    cloud,
    `look for instance ${id}`,
    () => client.send(new DescribeInstancesCommand({ InstanceIds: [id] })),
    /^InvalidInstanceID\.NotFound$/,
  );
  const one = (page?.Reservations ?? []).flatMap(({ Instances }) => Instances ?? []).at(0);
  if (one === undefined || one.State?.Name === 'terminated') return null;
  return resourceOf('instance', { id, tags: one.Tags, createdAt: one.LaunchTime }, region);
}
