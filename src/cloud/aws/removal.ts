import {
  DeleteInternetGatewayCommand,
  DeleteKeyPairCommand,
  DeleteNetworkInterfaceCommand,
  DeleteRouteTableCommand,
  DeleteSecurityGroupCommand,
  DeleteSubnetCommand,
  DeleteVolumeCommand,
  DeleteVpcCommand,
  DescribeInstancesCommand,
  DescribeInternetGatewaysCommand,
  DescribeRouteTablesCommand,
  DetachInternetGatewayCommand,
  DisassociateRouteTableCommand,
  ReleaseAddressCommand,
  TerminateInstancesCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import { UserError } from '../../errors';
import { insist, untilGone, type Patience } from '../insist';
import type { CloudResource } from '../types';
import type { Refuser } from '../refusal';
import { ask } from './client';

const gone = /\.NotFound$|^Gateway\.NotAttached$/;

type Removal = (client: EC2Client, id: string) => Promise<unknown>;

async function removeGateway(client: EC2Client, id: string): Promise<void> {
  const found = await client.send(new DescribeInternetGatewaysCommand({ InternetGatewayIds: [id] }));
  for (const attachment of found.InternetGateways?.[0]?.Attachments ?? []) {
    await client.send(new DetachInternetGatewayCommand({ InternetGatewayId: id, VpcId: attachment.VpcId }));
  }
  await client.send(new DeleteInternetGatewayCommand({ InternetGatewayId: id }));
}

async function removeRouteTable(client: EC2Client, id: string): Promise<void> {
  const found = await client.send(new DescribeRouteTablesCommand({ RouteTableIds: [id] }));
  for (const association of found.RouteTables?.[0]?.Associations ?? []) {
    if (association.Main || !association.RouteTableAssociationId) continue;
    await client.send(new DisassociateRouteTableCommand({ AssociationId: association.RouteTableAssociationId }));
  }
  await client.send(new DeleteRouteTableCommand({ RouteTableId: id }));
}

const removals: Readonly<Record<string, Removal>> = {
  instance: (client, id) => client.send(new TerminateInstancesCommand({ InstanceIds: [id] })),
  'elastic-ip': (client, id) => client.send(new ReleaseAddressCommand({ AllocationId: id })),
  'network-interface': (client, id) => client.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id })),
  volume: (client, id) => client.send(new DeleteVolumeCommand({ VolumeId: id })),
  'key-pair': (client, id) => client.send(new DeleteKeyPairCommand({ KeyPairId: id })),
  'security-group': (client, id) => client.send(new DeleteSecurityGroupCommand({ GroupId: id })),
  subnet: (client, id) => client.send(new DeleteSubnetCommand({ SubnetId: id })),
  'route-table': removeRouteTable,
  'internet-gateway': removeGateway,
  vpc: (client, id) => client.send(new DeleteVpcCommand({ VpcId: id })),
};

async function isTerminated(cloud: Refuser, client: EC2Client, id: string): Promise<boolean> {
  const found = await ask(
    cloud,
    `look for instance ${id}`,
    () => client.send(new DescribeInstancesCommand({ InstanceIds: [id] })),
    gone,
  );
  const states = (found?.Reservations ?? []).flatMap((one) => one.Instances ?? []).map((one) => one.State?.Name);
  return states.every((state) => state === 'terminated');
}

/** Removes one thing; waits for an instance's end, because its network cannot go before. Gone already is success. */
export async function remove(
  cloud: Refuser,
  client: EC2Client,
  resource: CloudResource,
  patience: Patience,
): Promise<void> {
  const { kind, id } = resource;
  const removal = Object.hasOwn(removals, kind) ? removals[kind] : undefined;
  if (!removal) {
    throw new UserError({
      code: 'unknown-resource',
      what: `cvicast does not know how to delete ${kind} ${id}`,
      why: 'it makes no such thing',
      fix: `delete it on the console's page, or take its tag cvicast-job away`,
      exit: 'alive',
    });
  }
  await insist(cloud, () => ask(cloud, `delete ${kind} ${id}`, () => removal(client, id), gone), patience);
  if (kind === 'instance') await untilGone(`instance ${id}`, () => isTerminated(cloud, client, id), patience);
}
