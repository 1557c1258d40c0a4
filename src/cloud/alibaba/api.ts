import { policyFrom, type HttpPolicy } from '../http';
import { insist, patienceFrom, untilGone, type Patience } from '../insist';
import { ownershipOf } from '../ownership';
import { noCredentials } from '../refusal';
import { together } from '../together';
import type { CloudApi, CloudCredentialsContext, CloudResource } from '../types';
import { notOurs } from '../unfit';
import { alibabaClient, refuser, type AlibabaClient, type Service } from './client';
import { findKey } from './credentials';
import { preflight, regionNames } from './preflight';

interface Kind {
  readonly kind: string;
  readonly service: Service;
  readonly describe: string;
  /** Names around the array in the answer. */
  readonly shelf: string;
  readonly field: string;
  readonly id: string;
  readonly idForm: RegExp;
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
const kinds: readonly Kind[] = [
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

async function listRegion(client: AlibabaClient, region: string): Promise<CloudResource[]> {
  const found = await together(
    kinds.map(async (kind) => {
      const call = {
        service: kind.service,
        region,
        name: kind.describe,
        parameters: { 'Tag.1.Key': 'cvicast-job' },
        action: `list ${kind.kind}s in ${region}`,
      };
      const items = await client.pages<Found>(call, kind.shelf, kind.field);
      return items.filter(kind.counts ?? (() => true)).map((item) => resourceOf(kind, item, region));
    }),
  );
  return found.flat();
}

async function remove(client: AlibabaClient, resource: CloudResource, patience: Patience): Promise<void> {
  const kind = kinds.find((one) => one.kind === resource.kind);
  if (!kind || !kind.idForm.test(resource.id) || !/^[a-z0-9-]+$/.test(resource.region)) {
    throw notOurs('Alibaba Cloud', resource.kind, resource.id, 'delete it in ecs.console.aliyun.com');
  }
  const { service } = kind;
  const { region, id } = resource;
  const name = `${kind.kind} ${id}`;
  const deletion = {
    service,
    region,
    name: kind.remove,
    parameters: kind.removeParameters(id),
    action: `delete ${name}`,
    accept: gone,
  };
  await insist(refuser, () => client.call(deletion), patience);
  const question = { service, region, name: kind.describe, parameters: kind.one(id), action: `look for ${name}` };
  await untilGone(name, async () => (await client.pages(question, kind.shelf, kind.field)).length === 0, patience);
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
    preflight: (choice) => preflight(client, choice),
    async list(regions) {
      return (await together(regions.map((region) => listRegion(client, region)))).flat();
    },
    enabledRegions: () => regionNames(client),
    remove: (resource) => remove(client, resource, patience),
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
