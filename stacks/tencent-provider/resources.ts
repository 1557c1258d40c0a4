import { UserError } from '../../src/errors';
import { isBusy, isGone, type Call } from './client';
import { untilFound, whileBusy, type Patience } from './patience';

export type Inputs = Readonly<Record<string, unknown>>;

/** One kind of thing: made, looked at, deleted. All inputs carry `region`, `name` and `tags`. */
export interface Kind {
  create(call: Call, inputs: Inputs, patience: Patience): Promise<{ id: string; outs: Inputs }>;
  exists(call: Call, id: string, region: string): Promise<boolean>;
  /** Succeeds when it is gone already. */
  remove(call: Call, id: string, region: string, patience: Patience): Promise<void>;
}

const text = (inputs: Inputs, name: string): string => String(inputs[name]);

export const tagList = (inputs: Inputs): { Key: string; Value: string }[] =>
  Object.entries((inputs['tags'] ?? {}) as Record<string, string>).map(([Key, Value]) => ({ Key, Value }));

/** A thing of the VPC service: its four calls differ in names only. */
function vpcKind(names: {
  readonly create: string;
  /** Parameters of the create, and where its answer holds the id. */
  readonly parameters: (inputs: Inputs) => object;
  readonly answer: string;
  readonly id: string;
  readonly describe: string;
  readonly set: string;
  readonly remove: string;
  readonly then?: (call: Call, inputs: Inputs, id: string) => Promise<void>;
}): Kind {
  const kind: Kind = {
    async create(call, inputs, patience) {
      const region = text(inputs, 'region');
      const answer = await call<Record<string, Record<string, string>>>('vpc', region, names.create, {
        ...names.parameters(inputs),
        Tags: tagList(inputs),
      });
      const id = String(answer[names.answer]?.[names.id]);
      try {
        await names.then?.(call, inputs, id);
      } catch (thrown) {
        // Half of it is there, and the engine would not know it.
        await kind.remove(call, id, region, patience);
        throw thrown;
      }
      return { id, outs: inputs };
    },
    async exists(call, id, region) {
      try {
        const answer = await call<Record<string, unknown[]>>('vpc', region, names.describe, { [`${names.id}s`]: [id] });
        return (answer[names.set] ?? []).length > 0;
      } catch (thrown) {
        if (isGone(thrown)) return false;
        throw thrown;
      }
    },
    async remove(call, id, region, patience) {
      await whileBusy(patience, isBusy, async () => {
        try {
          await call('vpc', region, names.remove, { [names.id]: id });
        } catch (thrown) {
          if (!isGone(thrown)) throw thrown;
        }
      });
    },
  };
  return kind;
}

const network = vpcKind({
  create: 'CreateVpc',
  parameters: (inputs) => ({ VpcName: inputs['name'], CidrBlock: inputs['cidrBlock'] }),
  answer: 'Vpc',
  id: 'VpcId',
  describe: 'DescribeVpcs',
  set: 'VpcSet',
  remove: 'DeleteVpc',
});

const subnet = vpcKind({
  create: 'CreateSubnet',
  parameters: (inputs) => ({
    VpcId: inputs['vpcId'],
    SubnetName: inputs['name'],
    CidrBlock: inputs['cidrBlock'],
    Zone: inputs['zone'],
  }),
  answer: 'Subnet',
  id: 'SubnetId',
  describe: 'DescribeSubnets',
  set: 'SubnetSet',
  remove: 'DeleteSubnet',
});

/** What comes in: SSH from these ranges; what goes out: everything. */
function policies(inputs: Inputs): object {
  const ranges = inputs['allowCidrs'] as readonly string[];
  return {
    Version: '0',
    Ingress: ranges.map((CidrBlock) => ({ Protocol: 'TCP', Port: '22', CidrBlock, Action: 'ACCEPT' })),
    Egress: [{ Protocol: 'ALL', Port: 'all', CidrBlock: '0.0.0.0/0', Action: 'ACCEPT' }],
  };
}

/** Rules come in a call of their own: the one that makes group and rules at once takes no tags. */
const firewall = vpcKind({
  create: 'CreateSecurityGroup',
  parameters: (inputs) => ({ GroupName: inputs['name'], GroupDescription: 'cvicast: SSH from one address' }),
  answer: 'SecurityGroup',
  id: 'SecurityGroupId',
  describe: 'DescribeSecurityGroups',
  set: 'SecurityGroupSet',
  remove: 'DeleteSecurityGroup',
  then: (call, inputs, id) => setRules(call, inputs, id),
});

/** Replaces all rules of a security group: on creation, and when the caller's address has changed. */
export async function setRules(call: Call, inputs: Inputs, id: string): Promise<void> {
  await call('vpc', text(inputs, 'region'), 'ModifySecurityGroupPolicies', {
    SecurityGroupId: id,
    SecurityGroupPolicySet: policies(inputs),
  });
}

interface Instance {
  readonly InstanceState: string;
  readonly PublicIpAddresses?: readonly string[] | null;
  readonly LatestOperationErrorMsg?: string | null;
}

async function look(call: Call, id: string, region: string): Promise<Instance | null> {
  try {
    const answer = await call<{ InstanceSet?: readonly Instance[] }>('cvm', region, 'DescribeInstances', {
      InstanceIds: [id],
    });
    return answer.InstanceSet?.[0] ?? null;
  } catch (thrown) {
    if (isGone(thrown)) return null;
    throw thrown;
  }
}

function runParameters(inputs: Inputs): object {
  return {
    InstanceChargeType: inputs['spot'] === true ? 'SPOTPAID' : 'POSTPAID_BY_HOUR',
    Placement: { Zone: inputs['zone'] },
    InstanceType: inputs['size'],
    ImageId: inputs['imageId'],
    InstanceCount: 1,
    InstanceName: inputs['name'],
    HostName: 'cvicast',
    SystemDisk: { DiskType: 'CLOUD_BSSD', DiskSize: inputs['diskGiB'] },
    VirtualPrivateCloud: { VpcId: inputs['vpcId'], SubnetId: inputs['subnetId'] },
    SecurityGroupIds: [inputs['securityGroupId']],
    InternetAccessible: {
      InternetChargeType: 'TRAFFIC_POSTPAID_BY_HOUR',
      InternetMaxBandwidthOut: 100,
      PublicIpAssigned: true,
    },
    // No agents of the cloud's.
    EnhancedService: {
      SecurityService: { Enabled: false },
      MonitorService: { Enabled: false },
      AutomationService: { Enabled: false },
    },
    // Its key pairs are RSA only, so ours comes with the user data, which also closes password logins.
    UserData: Buffer.from(text(inputs, 'userData')).toString('base64'),
    // The same token again answers the same machine: no second one when an answer was lost.
    ClientToken: inputs['name'],
    ActionTimer: { TimerAction: 'TerminateInstances', ActionTime: inputs['releaseAt'] },
    TagSpecification: [{ ResourceType: 'instance', Tags: tagList(inputs) }],
  };
}

const machine: Kind = {
  async create(call, inputs, patience) {
    const region = text(inputs, 'region');
    const answer = await call<{ InstanceIdSet: readonly string[] }>(
      'cvm',
      region,
      'RunInstances',
      runParameters(inputs),
    );
    const id = String(answer.InstanceIdSet[0]);
    try {
      const address = await untilFound(`start of ${id}`, patience, async () => {
        const found = await look(call, id, region);
        if (found?.InstanceState === 'LAUNCH_FAILED') throw launchFailed(id, found);
        return found?.InstanceState === 'RUNNING' ? (found.PublicIpAddresses?.[0] ?? null) : null;
      });
      return { id, outs: { ...inputs, address } };
    } catch (thrown) {
      // It may well run and bill, and the engine would not know it.
      await machine.remove(call, id, region, patience);
      throw thrown;
    }
  },
  exists: async (call, id, region) => (await look(call, id, region)) !== null,
  async remove(call, id, region, patience) {
    await whileBusy(patience, isBusy, async () => {
      try {
        await call('cvm', region, 'TerminateInstances', { InstanceIds: [id] });
      } catch (thrown) {
        if (!isGone(thrown)) throw thrown;
      }
    });
    // Its subnet and group cannot go before it is gone.
    await untilFound(`end of ${id}`, patience, async () => ((await look(call, id, region)) === null ? true : null));
  },
};

function launchFailed(id: string, found: Instance): UserError {
  return new UserError({
    code: 'tencent-launch-failed',
    what: `Tencent Cloud could not start ${id}`,
    why: found.LatestOperationErrorMsg ?? 'it gave no reason',
    fix: 'choose another --zone or --size',
    exit: 'provider',
  });
}

/** Every kind of thing that the stack makes, by the last part of its type. */
export const kinds: Readonly<Record<string, Kind>> = {
  Network: network,
  Subnet: subnet,
  Firewall: firewall,
  Machine: machine,
};
