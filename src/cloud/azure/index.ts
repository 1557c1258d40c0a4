import type { Cloud } from '../types';
import { credentials } from './credentials';
import { errors } from './errors';
import { diskAndAddress, price, regions, sizes } from './sizes';

/** Microsoft Azure. Facts with their sources: docs/providers/azure.md. */
export const azure: Cloud = {
  name: 'azure',
  title: 'Azure',
  package: '@pulumi/azure-native',
  plugin: 'azure-native',
  user: 'azureuser',
  image: 'Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2',
  regions,
  defaultRegion: 'eastus',
  sizes,
  defaultSize: 'Standard_D4s_v5',
  guideSize: 'Standard_B2s',
  price,
  billing: { minimumSeconds: 60, stepSeconds: 60 },
  spot: true,
  machineKind: 'microsoft.compute/virtualmachines',
  creates: [
    '1 resource group',
    '1 virtual machine with its disk',
    '1 public address',
    '1 network card',
    '1 virtual network',
    '1 network security group',
    '1 shutdown schedule',
  ],
  // The p in Standard_D4ps_v5 stands for arm64.
  armSizes: /^Standard_[A-Z]+\d+p[a-z]*_v\d+$/i,
  endedBy: [
    {
      what: 'Azure deallocates the machine by a schedule; its disk and address bill on until the resource group goes',
      kind: 'platform',
      smallestMinutes: 31,
      stopsBill: false,
      leavesPerHour: diskAndAddress,
    },
    {
      what: 'a timer in the guest powers the machine off at the deadline; Azure bills a machine that is only off, and its disk and address',
      kind: 'guest',
      smallestMinutes: 1,
      stopsBill: false,
    },
    {
      what: 'a watchdog process on this computer deletes the resource group at the deadline',
      kind: 'watchdog',
      stopsBill: true,
    },
    {
      what: '`cvicast gc` finds the resource group by its tag and deletes it; the next `cvicast convert` on this computer offers to end the job',
      kind: 'sweep',
      stopsBill: true,
    },
  ],
  errors,
  bootSeconds: 90,
  console: 'https://portal.azure.com/#browse/resourcegroups',
  credentials,
  engineConfig({ region, env }): Record<string, string> {
    const host = env['ARM_METADATA_HOSTNAME'];
    return { 'azure-native:location': region, ...(host ? { 'azure-native:metadataHost': host } : {}) };
  },
  async api(context) {
    return (await import('./api')).azureApi(context);
  },
  async stack() {
    return (await import('../../../stacks/azure')).default;
  },
};
