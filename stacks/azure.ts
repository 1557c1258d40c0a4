import * as compute from '@pulumi/azure-native/compute';
import * as devtestlab from '@pulumi/azure-native/devtestlab';
import * as network from '@pulumi/azure-native/network';
import * as resources from '@pulumi/azure-native/resources';
import * as pulumi from '@pulumi/pulumi';
import { tagsOf, type MachineRequest, type MachineStack } from './machine';

/** Network, firewall, address and card. The group's delete takes them all, so their own deletes are skipped. */
function card(request: MachineRequest, group: resources.ResourceGroup, tags: Record<string, string>) {
  const inGroup = { resourceGroupName: group.name, location: request.region, tags };
  const options = { deletedWith: group };
  const firewall = new network.NetworkSecurityGroup(
    'firewall',
    {
      ...inGroup,
      networkSecurityGroupName: 'firewall',
      securityRules: [
        {
          name: 'ssh',
          priority: 100,
          direction: 'Inbound',
          access: 'Allow',
          protocol: 'Tcp',
          sourceAddressPrefixes: [...request.allowCidrs],
          sourcePortRange: '*',
          destinationAddressPrefix: '*',
          destinationPortRange: '22',
        },
      ],
    },
    options,
  );
  const net = new network.VirtualNetwork(
    'network',
    {
      ...inGroup,
      virtualNetworkName: 'network',
      addressSpace: { addressPrefixes: ['10.77.0.0/24'] },
      subnets: [{ name: 'subnet', addressPrefix: '10.77.0.0/24', networkSecurityGroup: { id: firewall.id } }],
    },
    options,
  );
  const address = new network.PublicIPAddress(
    'address',
    {
      ...inGroup,
      publicIpAddressName: 'address',
      publicIPAddressVersion: 'IPv4',
      // Basic addresses are gone since September 2025; a Standard one is static, and closed until a rule opens it.
      sku: { name: 'Standard' },
      publicIPAllocationMethod: 'Static',
      ...(request.zone === undefined ? {} : { zones: [request.zone] }),
    },
    options,
  );
  const subnetId = net.subnets.apply((subnets) => subnets?.[0]?.id ?? '');
  const nic = new network.NetworkInterface(
    'card',
    {
      ...inGroup,
      networkInterfaceName: 'card',
      networkSecurityGroup: { id: firewall.id },
      ipConfigurations: [
        {
          name: 'primary',
          subnet: { id: subnetId },
          privateIPAllocationMethod: 'Dynamic',
          publicIPAddress: { id: address.id, deleteOption: 'Delete' },
        },
      ],
    },
    options,
  );
  return { address, nic };
}

const minute = 60_000;
/** Whether Azure acts on the same day on a time that is closer than half an hour was not seen. */
const leastMinutes = 31;
/** The schedule knows a time of day and no date: a moment that is a day away would be read as now. */
const mostMinutes = 24 * 60 - 10;

/** `HHmm`, UTC, at which the platform deallocates the machine: never before the job's time is over, but for the bounds. */
export function shutdownTime(expiresAt: string, now = Date.now()): string {
  const wanted = Math.max(Date.parse(expiresAt), now + leastMinutes * minute);
  const moment = Math.min(Math.ceil(wanted / minute), Math.floor(now / minute) + mostMinutes);
  return new Date(moment * minute).toISOString().slice(11, 16).replace(':', '');
}

/**
 * A virtual machine in a resource group of its own. A machine that is only off still bills, and so do its disk and
 * address: what really ends the bill is the end of the group. The platform's schedule ends the machine's own part of it.
 */
const stack: MachineStack = (request) => {
  const tags = tagsOf(request);
  const group = new resources.ResourceGroup('group', {
    resourceGroupName: request.job,
    location: request.region,
    tags,
  });
  const { address, nic } = card(request, group, tags);
  const machine = new compute.VirtualMachine(
    'machine',
    {
      resourceGroupName: group.name,
      location: request.region,
      vmName: 'machine',
      tags,
      ...(request.zone === undefined ? {} : { zones: [request.zone] }),
      hardwareProfile: { vmSize: request.size },
      networkProfile: { networkInterfaces: [{ id: nic.id, primary: true, deleteOption: 'Delete' }] },
      osProfile: {
        computerName: 'cvicast',
        adminUsername: 'azureuser',
        customData: pulumi.secret(request.userData).apply((text) => Buffer.from(text).toString('base64')),
        allowExtensionOperations: false,
        linuxConfiguration: {
          disablePasswordAuthentication: true,
          provisionVMAgent: false,
          ssh: { publicKeys: [{ path: '/home/azureuser/.ssh/authorized_keys', keyData: request.publicKey }] },
        },
      },
      securityProfile: { securityType: 'TrustedLaunch', uefiSettings: { secureBootEnabled: true, vTpmEnabled: true } },
      storageProfile: {
        imageReference: {
          publisher: 'Canonical',
          offer: '0001-com-ubuntu-server-jammy',
          sku: '22_04-lts-gen2',
          version: 'latest',
        },
        osDisk: {
          name: 'disk',
          createOption: 'FromImage',
          deleteOption: 'Delete',
          diskSizeGB: request.diskGiB,
          managedDisk: { storageAccountType: 'StandardSSD_LRS' },
        },
      },
      ...(request.spot ? { priority: 'Spot', evictionPolicy: 'Delete', billingProfile: { maxPrice: -1 } } : {}),
    },
    { deletedWith: group },
  );
  new devtestlab.GlobalSchedule(
    'timer',
    {
      resourceGroupName: group.name,
      location: request.region,
      // Azure takes no other name.
      name: pulumi.interpolate`shutdown-computevm-${machine.name}`,
      tags,
      status: 'Enabled',
      taskType: 'ComputeVmShutdownTask',
      targetResourceId: machine.id,
      timeZoneId: 'UTC',
      dailyRecurrence: { time: machine.id.apply(() => shutdownTime(request.expiresAt)) },
      notificationSettings: { status: 'Disabled', timeInMinutes: 30 },
    },
    { deletedWith: group },
  );
  return {
    address: address.ipAddress.apply((value) => value ?? ''),
    port: 22,
    user: 'azureuser',
    machineId: machine.id,
  };
};

export default stack;
