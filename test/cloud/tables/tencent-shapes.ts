import { flag, list, number, object, text } from '../core/shape';

const tagList = list(object({ Key: text(/./), Value: text() }));
const enabled = object({ Enabled: flag });
export const run = object(
  { Placement: object({ Zone: text(/./) }), ImageId: text(/^img-/), InstanceType: text(/./) },
  {
    ...{
      InstanceChargeType: text(['PREPAID', 'POSTPAID_BY_HOUR', 'SPOTPAID']),
      InstanceCount: number(1, 100),
      DryRun: flag,
    },
    ...{
      InstanceName: text(/^.{1,128}$/),
      HostName: text(/^[a-zA-Z0-9][a-zA-Z0-9.-]{0,58}[a-zA-Z0-9]$/),
      ClientToken: text(/^.{1,64}$/),
    },
    SystemDisk: object(
      {},
      { DiskType: text(['CLOUD_BSSD', 'CLOUD_PREMIUM', 'CLOUD_SSD', 'CLOUD_HSSD']), DiskSize: number(20, 2048) },
    ),
    VirtualPrivateCloud: object({ VpcId: text(), SubnetId: text() }),
    SecurityGroupIds: list(text(/^sg-/)),
    InternetAccessible: object(
      {},
      { InternetChargeType: text(), InternetMaxBandwidthOut: number(0, 100), PublicIpAssigned: flag },
    ),
    EnhancedService: object({}, { SecurityService: enabled, MonitorService: enabled, AutomationService: enabled }),
    UserData: text(/^[A-Za-z0-9+/]*={0,2}$/),
    ActionTimer: object({
      TimerAction: text(['TerminateInstances']),
      ActionTime: text(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    }),
    TagSpecification: list(object({ ResourceType: text(['instance']), Tags: tagList })),
  },
);

export const vpc = object({ VpcName: text(/^.{1,60}$/), CidrBlock: text(/\/\d+$/) }, { Tags: tagList });

export const subnet = object(
  { VpcId: text(), SubnetName: text(/^.{1,60}$/), CidrBlock: text(), Zone: text() },
  { Tags: tagList },
);

export const securityGroup = object(
  { GroupName: text(/^.{1,60}$/), GroupDescription: text(/^.{0,100}$/) },
  { Tags: tagList },
);
