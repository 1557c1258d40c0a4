import type { Entry, Props } from '../core/ledger';
import { upperId } from '../core/names';
import { Refusal } from '../core/refusal';
import { openRegions } from '../core/regions';
import { signatureOf } from '../core/sigv4';
import type { HttpAnswer, HttpRequest, World } from '../core/table';
import { xml } from '../core/xml';
import { checkUnused, dependants, takeDisk } from './aws';
import * as facts from './aws-facts';

interface Call {
  readonly world: World;
  readonly region: string;
  readonly form: URLSearchParams;
}

const refuse = (code: string, message: string, status = 400): never => {
  throw new Refusal(code, message, status);
};

/** `InstanceId.1`, `InstanceId.2` … */
function listed(form: URLSearchParams, name: string): string[] {
  return [...form].filter(([key]) => key.startsWith(`${name}.`)).map(([, value]) => value);
}

function filters(form: URLSearchParams): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (let index = 1; form.has(`Filter.${index}.Name`); index++) {
    found.set(form.get(`Filter.${index}.Name`)!, listed(form, `Filter.${index}.Value`));
  }
  return found;
}

/** What EC2 calls a resource: a key pair has an id beside the name that the engine knows it by. */
const idOf = (entry: Entry): string => (entry.kind === 'key-pair' ? String(entry.properties['keyPairId']) : entry.id);

function find({ world, region }: Call, kind: string, id: string, code: string): Entry {
  const found = world.ledger.alive(kind).find((one) => idOf(one) === id && one.region === region);
  return found ?? refuse(`${code}.NotFound`, `The ${kind} ID '${id}' does not exist`);
}

type Item = Record<string, unknown>;

/** Listings: action → ledger kind, name of the set, name of the id, and what else is told of one. */
const describes: Readonly<Record<string, readonly [string, string, string, ((call: Call, entry: Entry) => Item)?]>> = {
  DescribeAddresses: ['elastic-ip', 'addressesSet', 'allocationId'],
  DescribeNetworkInterfaces: ['network-interface', 'networkInterfaceSet', 'networkInterfaceId'],
  DescribeVolumes: ['volume', 'volumeSet', 'volumeId', (_call, one) => ({ createTime: isoTime(one) })],
  DescribeKeyPairs: [
    'key-pair',
    'keySet',
    'keyPairId',
    (_call, one) => ({ keyName: one.id, createTime: isoTime(one) }),
  ],
  DescribeSecurityGroups: ['security-group', 'securityGroupInfo', 'groupId'],
  DescribeSubnets: ['subnet', 'subnetSet', 'subnetId'],
  DescribeVpcs: ['vpc', 'vpcSet', 'vpcId'],
  DescribeInternetGateways: [
    'internet-gateway',
    'internetGatewaySet',
    'internetGatewayId',
    (_call, { properties }) => ({
      attachmentSet: properties['vpcId'] === undefined ? [] : [{ vpcId: properties['vpcId'], state: 'available' }],
    }),
  ],
  DescribeRouteTables: [
    'route-table',
    'routeTableSet',
    'routeTableId',
    ({ world }, { id }) => ({
      associationSet: dependants(world, id, ['association']).map((link) => ({
        routeTableAssociationId: link.id,
        routeTableId: id,
        main: false,
      })),
    }),
  ],
};

const isoTime = (entry: Entry): string => new Date(entry.createdAt).toISOString();
const stateNames = { active: 'running', off: 'stopped', deleted: 'terminated' } as const;
const tagSet = (entry: Entry): Item[] => Object.entries(entry.tags).map(([key, value]) => ({ key, value }));

/** Does an entry pass the filters of a listing? A filter that EC2 does not know is refused. */
function passes(form: URLSearchParams, entry: Entry): boolean {
  return [...filters(form)].every(([name, values]) => {
    if (name === 'tag-key') return Object.keys(entry.tags).some((key) => values.includes(key));
    if (name === 'instance-state-name') return values.includes(stateNames[entry.state]);
    if (name === 'instance-id') return values.includes(entry.id);
    return refuse('InvalidParameterValue', `The filter '${name}' is invalid`);
  });
}

function describe(call: Call, action: string): HttpAnswer {
  const [kind, set, idName, more] = describes[action]!;
  const parameter = idName.charAt(0).toUpperCase() + idName.slice(1);
  const asked = listed(call.form, parameter);
  for (const id of asked) find(call, kind, id, `Invalid${parameter}`);
  const shown = call.world.ledger
    .listed(kind)
    .filter((one) => one.region === call.region && passes(call.form, one))
    .filter((one) => asked.length === 0 || asked.includes(idOf(one)));
  return answer(action, {
    [set]: shown.map((one) => ({ [idName]: idOf(one), tagSet: tagSet(one), ...more?.(call, one) })),
  });
}

/** Instances that ended a while ago are still told, as terminated. */
function instances({ world, region, form }: Call): HttpAnswer {
  const all = world.ledger.all().filter((one) => one.kind === 'instance' && one.region === region);
  const hidden = world.ledger.alive('instance').filter((one) => one.hiddenFor > 0);
  for (const one of hidden) one.hiddenFor--;
  const byId = listed(form, 'InstanceId');
  for (const id of byId) {
    if (!all.some((one) => one.id === id))
      refuse('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
  }
  const shown = all
    .filter((one) => !hidden.includes(one) && passes(form, one))
    .filter((one) => byId.length === 0 || byId.includes(one.id));
  return answer('DescribeInstances', {
    reservationSet: shown.map((one) => ({
      reservationId: 'r-0',
      instancesSet: [
        {
          instanceId: one.id,
          instanceState: { code: 16, name: stateNames[one.state] },
          launchTime: isoTime(one),
          tagSet: tagSet(one),
        },
      ],
    })),
  });
}

function dryRun({ world, form }: Call): never {
  if (world.options['permissions'] === 'read') {
    return refuse('UnauthorizedOperation', 'You are not authorized to perform this operation.', 403);
  }
  if (form.get('DryRun') !== 'true') return refuse('OperationNotPermitted', 'cvicast makes nothing through this API');
  return refuse('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
}

/** Deletes of what is simply gone afterwards: action → parameter, kind, code of its absence. */
const deletes: Readonly<Record<string, readonly [string, string, string]>> = {
  DeleteVolume: ['VolumeId', 'volume', 'InvalidVolume'],
  DeleteSecurityGroup: ['GroupId', 'security-group', 'InvalidGroup'],
  DeleteRouteTable: ['RouteTableId', 'route-table', 'InvalidRouteTableID'],
  DeleteSubnet: ['SubnetId', 'subnet', 'InvalidSubnetID'],
  DeleteInternetGateway: ['InternetGatewayId', 'internet-gateway', 'InvalidInternetGatewayID'],
  DeleteVpc: ['VpcId', 'vpc', 'InvalidVpcID'],
};

function remove(call: Call, action: string): HttpAnswer {
  const [parameter, kind, code] = deletes[action]!;
  const entry = find(call, kind, call.form.get(parameter) ?? '', code);
  if (kind === 'internet-gateway' && entry.properties['vpcId'] !== undefined) {
    refuse('DependencyViolation', `The internetGateway '${entry.id}' has dependencies and cannot be deleted.`);
  }
  if (kind === 'volume') {
    const user = call.world.ledger.alive('instance').find((one) => one.properties['volumeId'] === entry.id);
    if (user) refuse('VolumeInUse', `Volume ${entry.id} is currently attached to ${user.id}`);
  }
  checkUnused(call.world, entry);
  call.world.ledger.delete(entry, 'api');
  return answer(action, { return: true });
}

const actions: Readonly<Record<string, (call: Call) => HttpAnswer | Promise<HttpAnswer>>> = {
  DescribeInstances: instances,
  DescribeRegions: ({ world }) => {
    const names = openRegions(world, Object.keys(facts.regions));
    const regionInfo = names.map((regionName) => ({ regionName, optInStatus: 'opt-in-not-required' }));
    return answer('DescribeRegions', { regionInfo });
  },
  DescribeInstanceTypes: ({ form }) => {
    const wanted = listed(form, 'InstanceType');
    const unknown = wanted.filter((name) => !(name in facts.types));
    if (unknown.length > 0)
      refuse('InvalidInstanceType', `The following supplied instance types do not exist: [${unknown.join(', ')}]`);
    return answer('DescribeInstanceTypes', {
      instanceTypeSet: wanted.map((instanceType) => ({
        instanceType,
        processorInfo: { supportedArchitectures: [facts.types[instanceType]!.arch] },
        vCpuInfo: { defaultVCpus: facts.types[instanceType]!.vcpus },
        memoryInfo: { sizeInMiB: facts.types[instanceType]!.memory },
      })),
    });
  },
  DescribeInstanceTypeOfferings: ({ form, region }) =>
    answer('DescribeInstanceTypeOfferings', {
      instanceTypeOfferingSet: (filters(form).get('instance-type') ?? []).flatMap((instanceType) =>
        facts.zonesOf(region).map((location) => ({ instanceType, locationType: 'availability-zone', location })),
      ),
    }),
  DescribeImages: ({ form, region, world }) =>
    answer('DescribeImages', {
      imagesSet:
        world.options['image'] !== 'none' && listed(form, 'Owner').includes(facts.canonical)
          ? [{ imageId: facts.imageOf(region), name: facts.imageName, creationDate: '2026-11-04T10:00:00.000Z' }]
          : [],
    }),
  CreateVpc: dryRun,
  RunInstances: (call) => {
    if (call.form.get('ImageId') !== facts.imageOf(call.region))
      refuse('InvalidAMIID.NotFound', 'The image id does not exist');
    return dryRun(call);
  },
  TerminateInstances: async (call) => {
    for (const id of listed(call.form, 'InstanceId')) {
      const all = call.world.ledger.all().filter((one) => one.kind === 'instance');
      const entry =
        all.find((one) => one.id === id) ??
        refuse('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
      if (entry.state === 'deleted') continue;
      takeDisk(call.world, entry, 'api');
      call.world.ledger.delete(entry, 'api');
      await call.world.halt(entry);
    }
    return answer('TerminateInstances', { instancesSet: [] });
  },
  DeleteKeyPair: (call) => {
    // EC2 says yes to a key that it does not know.
    const id = call.form.get('KeyPairId') ?? '';
    const entry = call.world.ledger.alive('key-pair').find((one) => idOf(one) === id);
    if (entry) call.world.ledger.delete(entry, 'api');
    return answer('DeleteKeyPair', { return: true });
  },
  DetachInternetGateway: (call) => {
    const entry = find(call, 'internet-gateway', call.form.get('InternetGatewayId') ?? '', 'InvalidInternetGatewayID');
    if (entry.properties['vpcId'] !== call.form.get('VpcId'))
      refuse('Gateway.NotAttached', `resource ${entry.id} is not attached to network`);
    checkUnused(call.world, entry);
    entry.properties = without(entry.properties, 'vpcId');
    return answer('DetachInternetGateway', { return: true });
  },
  DisassociateRouteTable: (call) => {
    call.world.ledger.delete(
      find(call, 'association', call.form.get('AssociationId') ?? '', 'InvalidAssociationID'),
      'api',
    );
    return answer('DisassociateRouteTable', { return: true });
  },
};

function without(given: Props, name: string): Props {
  return Object.fromEntries(Object.entries(given).filter(([key]) => key !== name));
}

function answer(action: string, body: Props): HttpAnswer {
  const head = `<?xml version="1.0" encoding="UTF-8"?>\n`;
  const text = xml(`${action}Response`, { requestId: upperId(), ...body }).replace(
    `<${action}Response>`,
    `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">`,
  );
  return { status: 200, text: head + text, headers: { 'content-type': 'text/xml;charset=UTF-8' } };
}

function failure({ code, message, status }: Refusal): HttpAnswer {
  const body = { Errors: { Error: { Code: code, Message: message } }, RequestID: upperId() };
  return { status, text: xml('Response', body), headers: { 'content-type': 'text/xml;charset=UTF-8' } };
}

/** The Security Token Service, as far as cvicast asks it. It answers in JSON whom asks for that; this one does not. */
function caller(world: World, form: URLSearchParams): HttpAnswer {
  if (form.get('Action') !== 'GetCallerIdentity' || form.get('Version') !== '2011-06-15')
    return refuse('InvalidAction', 'Could not find operation for that version');
  const Account = world.options['account'] ?? facts.account;
  const result = { Arn: `arn:aws:iam::${Account}:user/stand-in`, UserId: 'AIDASTANDIN0000000000', Account };
  const text = xml('GetCallerIdentityResponse', { GetCallerIdentityResult: result });
  return { status: 200, text, headers: { 'content-type': 'text/xml' } };
}

/** Service Quotas, as far as cvicast asks it: one quota, in JSON. Names of the operation and the codes: botocore's model of 2019-06-24. */
function quota(world: World, { headers, body }: HttpRequest): HttpAnswer {
  const json = (status: number, answer: object): HttpAnswer => ({
    status,
    body: answer,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
  });
  const refused = (code: string, Message: string): HttpAnswer => json(400, { __type: code, Message });
  if (headers['content-type'] !== 'application/x-amz-json-1.1') return refused('SerializationException', '');
  if (headers['x-amz-target'] !== 'ServiceQuotasV20190624.GetServiceQuota')
    return refused('UnknownOperationException', '');
  if (world.options['quotas'] === 'untold')
    return refused('AccessDeniedException', 'User is not authorized to perform: servicequotas:GetServiceQuota');
  const { ServiceCode, QuotaCode } = JSON.parse(body) as Record<string, unknown>;
  const limits: Readonly<Record<string, string>> = {
    'L-1216C47A': world.options['vcpuLimit'] ?? '32',
    'L-34B43A08': world.options['spotVcpuLimit'] ?? '32',
  };
  const limit = ServiceCode === 'ec2' ? limits[String(QuotaCode)] : undefined;
  if (limit === undefined)
    return refused('NoSuchResourceException', 'The request failed because the specified service quota does not exist.');
  return json(200, { Quota: { ServiceCode, QuotaCode, Value: Number(limit), Unit: 'None', Adjustable: true } });
}

/** EC2's query protocol, and the one call each of the Security Token Service and of Service Quotas; signature checked. */
export async function awsApi(world: World, request: HttpRequest): Promise<HttpAnswer> {
  try {
    const signed = signatureOf(request);
    if (signed?.accessKey !== 'AKIASTANDIN000000000') {
      return refuse('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);
    }
    if (!signed.fits(world.secret)) {
      return refuse(
        'SignatureDoesNotMatch',
        'The request signature we calculated does not match the signature you provided.',
        403,
      );
    }
    // A region that is off knows the key of nobody.
    if (!openRegions(world, [signed.region]).includes(signed.region))
      return refuse('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);
    const form = new URLSearchParams(request.body);
    if (signed.service === 'sts') return caller(world, form);
    if (signed.service === 'servicequotas') return quota(world, request);
    const action = form.get('Action') ?? '';
    const call = { world, region: signed.region, form };
    if (world.options['permissions'] === 'read' && /^(Delete|Terminate|Detach|Disassociate)/.test(action)) dryRun(call);
    if (action in describes) return describe(call, action);
    if (action in deletes) return remove(call, action);
    const act = actions[action] ?? refuse('InvalidAction', `The action ${action} is not valid for this web service.`);
    return await act(call);
  } catch (thrown) {
    if (thrown instanceof Refusal && thrown.status !== 0) return failure(thrown);
    throw thrown;
  }
}
