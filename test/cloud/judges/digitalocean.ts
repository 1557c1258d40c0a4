import type { Props } from '../core/ledger';
import type { CloudRequest } from './judge';
import { bags, omit, texts, without, type Translation } from './translation';

function droplet(inputs: Props): CloudRequest[] {
  const { sshKeys, userData, privateNetworking, dropletAgent, ...rest } = without(inputs);
  // Not of the API: the plugin's own, for an update and a delete.
  const body = omit(rest, ['resizeDisk', 'gracefulShutdown']);
  const renamed = { user_data: userData, private_networking: privateNetworking, with_droplet_agent: dropletAgent };
  // A key is named by its number, or by its fingerprint.
  const ssh_keys = texts(sshKeys).map((key) => (/^\d+$/.test(key) ? Number(key) : key));
  return [{ schema: 'Droplet', body: { ...body, ...renamed, ssh_keys } }];
}

const rule =
  (direction: 'sources' | 'destinations', field: string) =>
  ({ portRange, [field]: addresses, ...rest }: Props): Props => ({
    ...rest,
    // The description wants ports of every rule, and says that those of ICMP read "0"; the plugin leaves them out there.
    ports: portRange ?? (rest['protocol'] === 'icmp' ? '0' : undefined),
    [direction]: { addresses },
  });

function firewall(inputs: Props): CloudRequest[] {
  const { inboundRules, outboundRules, dropletIds, ...rest } = without(inputs);
  const body = {
    ...rest,
    ...(dropletIds === undefined ? {} : { droplet_ids: texts(dropletIds).map(Number) }),
    inbound_rules: bags(inboundRules).map(rule('sources', 'sourceAddresses')),
    outbound_rules: bags(outboundRules).map(rule('destinations', 'destinationAddresses')),
  };
  return [{ schema: 'Firewall', body }];
}

function key(inputs: Props): CloudRequest[] {
  const { publicKey, ...rest } = without(inputs);
  return [{ schema: 'SshKey', body: { ...rest, public_key: publicKey } }];
}

/** As the plugin of DigitalOcean turns its inputs into requests of the API. */
export const digitalocean: Translation = {
  'digitalocean:index/tag:Tag': (inputs) => [{ schema: 'Tag', body: without(inputs) }],
  'digitalocean:index/sshKey:SshKey': key,
  'digitalocean:index/firewall:Firewall': firewall,
  'digitalocean:index/droplet:Droplet': droplet,
};
