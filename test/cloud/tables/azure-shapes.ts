import { flag, list, map, number, object, text, type Shape } from '../core/shape';

const name = text(/^[\w.()-]{1,80}$/);
const tags = map(/^[^<>%&\\?/]{1,512}$/, /^.{0,256}$/s);
const subResource = object({ id: text(/./) }, { deleteOption: text(['Delete', 'Detach']), primary: flag });
const common = { location: text(), tags };

const securityRule = object(
  {
    name,
    priority: number(),
    direction: text(['Inbound', 'Outbound']),
    access: text(['Allow', 'Deny']),
    protocol: text(),
  },
  {
    ...{ sourceAddressPrefixes: list(text()), sourceAddressPrefix: text(), sourcePortRange: text() },
    ...{ destinationAddressPrefix: text(), destinationPortRange: text() },
  },
);
const any: Shape = () => [];

const inGroup = { resourceGroupName: name };
// The SDK writes these by itself.
const subnetDefaults = { privateEndpointNetworkPolicies: text(), privateLinkServiceNetworkPolicies: text() };

export const group = object({ resourceGroupName: name }, common);

export const firewall = object(
  { ...inGroup, networkSecurityGroupName: name },
  { ...common, securityRules: list(securityRule) },
);

export const network = object(
  { ...inGroup, virtualNetworkName: name },
  {
    ...{ ...common, enableDdosProtection: flag, enableVmProtection: flag },
    addressSpace: object({ addressPrefixes: list(text(), 1) }),
    subnets: list(object({ name, addressPrefix: text() }, { networkSecurityGroup: subResource, ...subnetDefaults })),
  },
);

export const address = object(
  { ...inGroup, publicIpAddressName: name },
  {
    ...common,
    sku: object({ name: text(['Basic', 'Standard']) }),
    publicIPAllocationMethod: text(['Static', 'Dynamic']),
    publicIPAddressVersion: text(['IPv4', 'IPv6']),
    zones: list(text(['1', '2', '3'])),
  },
);

export const card = object(
  { ...inGroup, networkInterfaceName: name },
  {
    ...common,
    networkSecurityGroup: subResource,
    ipConfigurations: list(
      object(
        { name },
        {
          subnet: object({ id: text(/./) }, subnetDefaults),
          publicIPAddress: subResource,
          privateIPAllocationMethod: text(['Dynamic', 'Static']),
        },
      ),
      1,
    ),
  },
);

export const machine = object(
  { ...inGroup, vmName: name },
  {
    ...{
      ...common,
      zones: list(text(['1', '2', '3'])),
      hardwareProfile: object({ vmSize: text() }),
      networkProfile: object({ networkInterfaces: list(subResource, 1) }),
    },
    osProfile: object(
      { computerName: name, adminUsername: text() },
      {
        customData: text(),
        allowExtensionOperations: flag,
        linuxConfiguration: object(
          {},
          {
            disablePasswordAuthentication: flag,
            provisionVMAgent: flag,
            ssh: object({ publicKeys: list(object({ path: text(), keyData: text() })) }),
          },
        ),
      },
    ),
    securityProfile: object(
      {},
      {
        securityType: text(['TrustedLaunch', 'Standard']),
        uefiSettings: object({}, { secureBootEnabled: flag, vTpmEnabled: flag }),
      },
    ),
    storageProfile: object(
      {},
      {
        imageReference: object({}, { publisher: text(), offer: text(), sku: text(), version: text() }),
        osDisk: object(
          { createOption: text(['FromImage']) },
          {
            name,
            deleteOption: text(['Delete', 'Detach']),
            diskSizeGB: number(30, 4095),
            managedDisk: object({}, { storageAccountType: text() }),
            caching: any,
          },
        ),
      },
    ),
    ...{
      priority: text(['Regular', 'Spot']),
      evictionPolicy: text(['Delete', 'Deallocate']),
      billingProfile: object({}, { maxPrice: number(-1) }),
    },
  },
);

export const schedule = object(
  { ...inGroup, name },
  {
    ...common,
    status: text(['Enabled', 'Disabled']),
    taskType: text(),
    targetResourceId: text(/./),
    timeZoneId: text(),
    dailyRecurrence: object({}, { time: text() }),
    notificationSettings: object({}, { status: text(['Enabled', 'Disabled']), timeInMinutes: number(15, 120) }),
  },
);
