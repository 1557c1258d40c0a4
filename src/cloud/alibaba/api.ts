import { byRegion, type KindOfThing } from '../by-region';
import { policyFrom, type HttpPolicy } from '../http';
import { patienceFrom, type Patience } from '../insist';
import { ownershipOf } from '../ownership';
import { noCredentials } from '../refusal';
import type { CloudApi, CloudCredentialsContext, CloudResource } from '../types';
import { alibabaClient, endpointIn, refuser, type AlibabaClient, type Service } from './client';
import { findKey } from './credentials';
import { anyRegion, preflight, regionNames } from './preflight';

interface Kind extends KindOfThing {
  readonly service: Service;
  readonly describe: string;
  /** Names around the array in the answer. */
  readonly shelf: string;
  readonly field: string;
  readonly id: string;
  readonly remove: string;
  readonly removeParameters: (id: string) => Record<string, string>;
  /** Parameters by which the listing is asked for one. */
  readonly one: (id: string) => Record<string, string>;
  /** Which of those found are ours to delete on their own; all when not given. */
  readonly counts?: (found: Found) => boolean;
  readonly page: string;
}

type Found = Readonly<Record<string, unknown>> & {
  readonly CreationTime?: string;
  readonly Tags?: {
    readonly Tag?: readonly {
      readonly TagKey?: string;
      readonly TagValue?: string;
      readonly Key?: string;
      readonly Value?: string;
    }[];
  };
};

/** What the stack makes, in the order in which it can go. A system disk goes with its instance. */
const kinds: readonly [Kind, ...Kind[]] = [
  {
    kind: 'instance',
    service: 'ecs',
    describe: 'DescribeInstances',
    shelf: 'Instances',
    field: 'Instance',
    id: 'InstanceId',
    idForm: /^i-[a-z0-9]+$/,
    remove: 'DeleteInstance',
    removeParameters: (id) => ({ InstanceId: id, Force: 'true', TerminateSubscription: 'false' }),
    one: (id) => ({ InstanceIds: JSON.stringify([id]) }),
    page: 'server',
  },
  {
    kind: 'disk',
    service: 'ecs',
    describe: 'DescribeDisks',
    shelf: 'Disks',
    field: 'Disk',
    id: 'DiskId',
    idForm: /^d-[a-z0-9]+$/,
    remove: 'DeleteDisk',
    removeParameters: (id) => ({ DiskId: id }),
    one: (id) => ({ DiskIds: JSON.stringify([id]) }),
    counts: (found) => found['Status'] === 'Available',
    page: 'disk',
  },
  {
    kind: 'key pair',
    service: 'ecs',
    describe: 'DescribeKeyPairs',
    shelf: 'KeyPairs',
    field: 'KeyPair',
    id: 'KeyPairName',
    idForm: /^[\w.:-]+$/,
    remove: 'DeleteKeyPairs',
    removeParameters: (id) => ({ KeyPairNames: JSON.stringify([id]) }),
    one: (id) => ({ KeyPairName: id }),
    page: 'keyPair',
  },
  {
    kind: 'security group',
    service: 'ecs',
    describe: 'DescribeSecurityGroups',
    shelf: 'SecurityGroups',
    field: 'SecurityGroup',
    id: 'SecurityGroupId',
    idForm: /^sg-[a-z0-9]+$/,
    remove: 'DeleteSecurityGroup',
    removeParameters: (id) => ({ SecurityGroupId: id }),
    one: (id) => ({ SecurityGroupId: id }),
    page: 'securityGroup',
  },
  {
    kind: 'vswitch',
    service: 'vpc',
    describe: 'DescribeVSwitches',
    shelf: 'VSwitches',
    field: 'VSwitch',
    id: 'VSwitchId',
    idForm: /^vsw-[a-z0-9]+$/,
    remove: 'DeleteVSwitch',
    removeParameters: (id) => ({ VSwitchId: id }),
    one: (id) => ({ VSwitchId: id }),
    page: 'switch',
  },
  {
    kind: 'vpc',
    service: 'vpc',
    describe: 'DescribeVpcs',
    shelf: 'Vpcs',
    field: 'Vpc',
    id: 'VpcId',
    idForm: /^vpc-[a-z0-9]+$/,
    remove: 'DeleteVpc',
    removeParameters: (id) => ({ VpcId: id }),
    one: (id) => ({ VpcId: id }),
    page: 'vpc',
  },
];

/** Codes that say that it is gone already, e.g. `InvalidInstanceId.NotFound`, `InvalidVpcID.NotFound`, `Forbidden.VpcNotFound`. */
const gone = /NotFound$/;

function resourceOf(kind: Kind, found: Found, region: string): CloudResource {
  const tags = Object.fromEntries(
    (found.Tags?.Tag ?? []).map((tag) => [tag.TagKey ?? tag.Key ?? '', tag.TagValue ?? tag.Value ?? '']),
  );
  const host = kind.service === 'ecs' ? 'ecs' : 'vpc';
  return {
    kind: kind.kind,
    id: String(found[kind.id]),
    region,
    ...(ownershipOf(tags) ?? { job: null, owner: null, expiresAt: null }),
    createdAt: found.CreationTime ?? null,
    console: `https://${host}.console.aliyun.com/${kind.page}/region/${region}`,
  };
}

function things(client: AlibabaClient, patience: Patience): ReturnType<typeof byRegion> {
  return byRegion<Kind>({
    ...{ cloud: refuser, kinds, patience, byHand: 'delete it in ecs.console.aliyun.com' },
    async list(kind, region) {
      const { service, describe: name } = kind;
      const parameters = { 'Tag.1.Key': 'cvicast-job' };
      const call = { service, region, name, parameters, action: `list ${kind.kind}s in ${region}` };
      const items = await client.pages<Found>(call, kind.shelf, kind.field);
      return items.filter(kind.counts ?? (() => true)).map((item) => resourceOf(kind, item, region));
    },
    remove: ({ service, remove: name, removeParameters }, { region, id }, what) =>
      client.call({ service, region, name, parameters: removeParameters(id), action: `delete ${what}`, accept: gone }),
    async find(kind, { region, id }, what) {
      const { service, describe: name, one, shelf, field } = kind;
      const call = { service, region, name, parameters: one(id), action: `look for ${what}` };
      return (await client.pages<Found>(call, shelf, field)).map((item) => resourceOf(kind, item, region));
    },
  });
}

interface Price {
  readonly PriceInfo?: { readonly Price?: { readonly Currency?: string; readonly OriginalPrice?: number } };
}

/** Alibaba Cloud's own APIs, ECS and VPC, region by region. */
export function alibabaApi(
  context: CloudCredentialsContext,
  patience: Patience = patienceFrom(context.env),
  policy: HttpPolicy = policyFrom(context.env),
): CloudApi {
  const { key, report } = findKey(context);
  if (key === null) throw noCredentials({ name: 'alibaba', ...refuser }, report);
  const client = alibabaClient(key, context.env, policy);
  return {
    ...things(client, patience),
    preflight: (choice) => preflight(client, choice),
    async account() {
      // What is signed for a stand-in must not go to Alibaba.
      if (endpointIn(context.env, 'sts') === undefined && endpointIn(context.env, 'ecs') !== undefined) return null;
      const call = { service: 'sts', region: anyRegion, name: 'GetCallerIdentity' } as const;
      const action = 'tell whose account the key opens';
      return (await client.call<{ AccountId?: string }>({ ...call, action })).AccountId ?? null;
    },
    enabledRegions: () => regionNames(client),
    async livePrice({ region, size }) {
      const { PriceInfo } = await client.call<Price>({
        service: 'ecs',
        region,
        name: 'DescribePrice',
        parameters: {
          ResourceType: 'instance',
          InstanceType: size,
          'SystemDisk.Category': 'cloud_essd',
          'SystemDisk.Size': '30',
          PriceUnit: 'Hour',
        },
        action: `tell the price of ${size}`,
      });
      const { Currency, OriginalPrice } = PriceInfo?.Price ?? {};
      // Accounts of the Chinese site are billed in yuan, and the plan counts in dollars.
      return Currency === 'USD' && OriginalPrice !== undefined ? OriginalPrice : null;
    },
  };
}
