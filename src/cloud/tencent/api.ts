import { byRegion, type KindOfThing } from '../by-region';
import { policyFrom, type HttpPolicy } from '../http';
import { patienceFrom, type Patience } from '../insist';
import { ownershipOf } from '../ownership';
import { noCredentials } from '../refusal';
import type { CloudApi, CloudCredentialsContext, CloudResource } from '../types';
import { refuser, tencentClient, type Service, type TencentClient } from './client';
import { findKey } from './credentials';
import { preflight, regionNames } from './preflight';

interface Kind extends KindOfThing {
  readonly service: Service;
  readonly describe: string;
  /** Name of the array in the answer. */
  readonly field: string;
  readonly id: string;
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
const kinds: readonly [Kind, ...Kind[]] = [
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

function things(client: TencentClient, patience: Patience): ReturnType<typeof byRegion> {
  return byRegion<Kind>({
    ...{ cloud: refuser, kinds, patience, byHand: 'delete it in console.tencentcloud.com' },
    async list(kind, region) {
      const { service, describe: name, field } = kind;
      const parameters = { Filters: [{ Name: 'tag-key', Values: ['cvicast-job'] }] };
      const call = { service, region, name, parameters, action: `list ${kind.kind}s in ${region}` };
      return (await client.pages<Found>(call, field)).map((item) => resourceOf(kind, item, region));
    },
    remove: ({ service, remove: name, removeParameters }, { region, id }, what) =>
      client.call({ service, region, name, parameters: removeParameters(id), action: `delete ${what}`, accept: gone }),
    async find(kind, { region, id }, what) {
      const { service, describe: name, ids, field } = kind;
      const call = { service, region, name, parameters: { [ids]: [id] }, action: `look for ${what}`, accept: gone };
      return (await client.pages<Found>(call, field)).map((item) => resourceOf(kind, item, region));
    },
  });
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
    ...things(client, patience),
    preflight: (choice) => preflight(client, choice),
    async account() {
      const call = { service: 'sts', region: 'ap-singapore', name: 'GetCallerIdentity' } as const;
      const action = 'tell whose account the key opens';
      return (await client.call<{ AccountId?: string }>({ ...call, action })).AccountId ?? null;
    },
    enabledRegions: () => regionNames(client),
  };
}
