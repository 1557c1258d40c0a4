import type { Props } from '../core/ledger';
import { textOf } from '../core/shape';
import type { CloudRequest } from './judge';
import { asText, bag, bags, without, type Translation } from './translation';

/** Numbers of 64 bits are texts there. */
function scheduling(inputs: Props): Props {
  const { maxRunDuration, ...rest } = inputs;
  if (maxRunDuration === undefined) return rest;
  const { seconds, ...more } = bag(maxRunDuration);
  return { ...rest, maxRunDuration: { ...more, seconds: asText(seconds) } };
}

function bootDisk(zone: string, inputs: Props): Props {
  const { initializeParams, ...rest } = inputs;
  const { image, size, type, ...more } = bag(initializeParams);
  const diskType = type === undefined ? undefined : `zones/${zone}/diskTypes/${textOf(type)}`;
  return { ...rest, boot: true, initializeParams: { ...more, sourceImage: image, diskSizeGb: asText(size), diskType } };
}

const accessConfig = ({ natIp, ...rest }: Props): Props => ({ ...rest, type: 'ONE_TO_ONE_NAT', natIP: natIp });

function instance(inputs: Props): CloudRequest[] {
  // The zone is part of the address, not of the body.
  const { zone, machineType, bootDisk: disk, networkInterfaces, metadata, tags, ...rest } = without(inputs);
  const where = textOf(zone);
  const body = {
    ...rest,
    machineType: `zones/${where}/machineTypes/${textOf(machineType)}`,
    disks: [bootDisk(where, bag(disk))],
    networkInterfaces: bags(networkInterfaces).map(({ accessConfigs, ...card }) => ({
      ...card,
      accessConfigs: bags(accessConfigs).map(accessConfig),
    })),
    metadata: { items: Object.entries(bag(metadata)).map(([key, value]) => ({ key, value })) },
    tags: { items: tags },
    scheduling: scheduling(bag(rest['scheduling'])),
  };
  return [{ schema: 'Instance', body }];
}

function firewall(inputs: Props): CloudRequest[] {
  const { allows, ...rest } = without(inputs);
  const allowed = bags(allows).map(({ protocol, ...rule }) => ({ ...rule, IPProtocol: protocol }));
  return [{ schema: 'Firewall', body: { ...rest, allowed } }];
}

/** As the plugin of Google Cloud turns its inputs into requests of Compute Engine. */
export const gcp: Translation = {
  'gcp:compute/network:Network': (inputs) => [{ schema: 'Network', body: without(inputs) }],
  'gcp:compute/subnetwork:Subnetwork': (inputs) => [{ schema: 'Subnetwork', body: without(inputs) }],
  'gcp:compute/firewall:Firewall': firewall,
  'gcp:compute/instance:Instance': instance,
};
