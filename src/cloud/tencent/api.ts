import { policyFrom, type HttpPolicy } from '../http';
import { insist, patienceFrom, untilGone, type Patience } from '../insist';
import { ownershipOf } from '../ownership';
import { noCredentials } from '../refusal';
import { together } from '../together';
import type { CloudApi, CloudCredentialsContext, CloudResource } from '../types';
import { notOurs } from '../unfit';
import { refuser, tencentClient, type Service, type TencentClient } from './client';
import { findKey } from './credentials';
import { preflight, regionNames } from './preflight';

interface Kind {
  readonly kind: string;
  readonly service: Service;
  readonly describe: string;
  /** Name of the array in the answer. */
  readonly field: string;
  readonly id: string;
  readonly idForm: RegExp;
  /** Name of the parameter that asks for some by their ids. */
  readonly ids: string;
  readonly remove: string;
  readonly removeParameters: (id: string) => Record<string, unknown>;
  readonly page: string;
}

type Tag = { readonly Key: string; readonly Value: string };
type Found = Readonly<Record<string, unknown>> & {
  readonly CreatedTime?: string;
  readonly Tags?: readonly Tag[] | null;
  readonly TagSet?: readonly Tag[] | null;
};

/** What the stack makes, in the order in which it can go. A system disk goes with its instance. */
const kinds: readonly Kind[] = [
  {
    kind: 'instance',
    service: 'cvm',
    describe: 'DescribeInstances',
    field: 'InstanceSet',
    id: 'InstanceId',
    idForm: /^ins-[a-z0-9]+$/,
    ids: 'InstanceIds',
    remove: 'TerminateInstances',
    removeParameters: (id) => ({ InstanceIds: [id] }),
    page: 'cvm/instance',
  },
  {
    kind: 'key pair',
    service: 'cvm',
    describe: 'DescribeKeyPairs',
    field: 'KeyPairSet',
    id: 'KeyId',
    idForm: /^skey-[a-z0-9]+$/,
    ids: 'KeyIds',
    remove: 'DeleteKeyPairs',
    removeParameters: (id) => ({ KeyIds: [id] }),
    page: 'cvm/sshkey',
  },
  {
    kind: 'security group',
    service: 'vpc',
    describe: 'DescribeSecurityGroups',
    field: 'SecurityGroupSet',
    id: 'SecurityGroupId',
    idForm: /^sg-[a-z0-9]+$/,
    ids: 'SecurityGroupIds',
    remove: 'DeleteSecurityGroup',
    removeParameters: (id) => ({ SecurityGroupId: id }),
    page: 'vpc/security-group',
  },
  {
    kind: 'subnet',
    service: 'vpc',
    describe: 'DescribeSubnets',
    field: 'SubnetSet',
    id: 'SubnetId',
    idForm: /^subnet-[a-z0-9]+$/,
    ids: 'SubnetIds',
    remove: 'DeleteSubnet',
    removeParameters: (id) => ({ SubnetId: id }),
    page: 'vpc/subnet',
  },
  {
    kind: 'vpc',
    service: 'vpc',
    describe: 'DescribeVpcs',
    field: 'VpcSet',
    id: 'VpcId',
    idForm: /^vpc-[a-z0-9]+$/,
    ids: 'VpcIds',
    remove: 'DeleteVpc',
    removeParameters: (id) => ({ VpcId: id }),
    page: 'vpc/vpc',
  },
];

/** Codes that say that it is gone already, e.g. `InvalidInstanceId.NotFound`, `ResourceNotFound`, `InvalidSecurityGroupID.NotFound`. */
const gone = /NotFound$|^InvalidInstanceState\.Terminat/;

function resourceOf(kind: Kind, found: Found, region: string): CloudResource {
  const tags = Object.fromEntries((found.Tags ?? found.TagSet ?? []).map((tag) => [tag.Key, tag.Value]));
  return {
    kind: kind.kind,
    id: String(found[kind.id]),
    region,
    ...(ownershipOf(tags) ?? { job: null, owner: null, expiresAt: null }),
    createdAt: found.CreatedTime ?? null,
    console: `https://console.tencentcloud.com/${kind.page}`,
  };
}

async function listRegion(client: TencentClient, region: string): Promise<CloudResource[]> {
  const found = await together(
    kinds.map(async (kind) => {
      const parameters = { Filters: [{ Name: 'tag-key', Values: ['cvicast-job'] }] };
      const call = {
        service: kind.service,
        region,
        name: kind.describe,
        parameters,
        action: `list ${kind.kind}s in ${region}`,
      };
      return (await client.pages<Found>(call, kind.field)).map((item) => resourceOf(kind, item, region));
    }),
  );
  return found.flat();
}

async function remove(client: TencentClient, resource: CloudResource, patience: Patience): Promise<void> {
  const kind = kinds.find((one) => one.kind === resource.kind);
  if (!kind || !kind.idForm.test(resource.id) || !/^[a-z0-9-]+$/.test(resource.region)) {
    throw notOurs('Tencent Cloud', resource.kind, resource.id, 'delete it in console.tencentcloud.com');
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
  const question = {
    service,
    region,
    name: kind.describe,
    parameters: { [kind.ids]: [id] },
    action: `look for ${name}`,
    accept: gone,
  };
  await untilGone(name, async () => (await client.pages(question, kind.field)).length === 0, patience);
}

/** Tencent Cloud's own APIs, CVM and VPC, region by region. */
export function tencentApi(
  context: CloudCredentialsContext,
  patience: Patience = patienceFrom(context.env),
  policy: HttpPolicy = policyFrom(context.env),
): CloudApi {
  const { key, report } = findKey(context);
  if (key === null) throw noCredentials({ name: 'tencent', ...refuser }, report);
  const client = tencentClient(key, context.env, policy);
  return {
    preflight: (choice) => preflight(client, choice),
    async list(regions) {
      return (await together(regions.map((region) => listRegion(client, region)))).flat();
    },
    enabledRegions: () => regionNames(client),
    remove: (resource) => remove(client, resource, patience),
  };
}
