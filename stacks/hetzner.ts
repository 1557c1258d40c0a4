import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import { tagsOf, type MachineStack } from './machine';

/** A server behind a firewall that it is created with. Nothing of the platform ends it, and a stopped server still bills. */
const stack: MachineStack = (request) => {
  const labels = tagsOf(request);
  const key = new hcloud.SshKey('key', { name: request.job, publicKey: request.publicKey, labels });
  const firewall = new hcloud.Firewall('firewall', {
    name: request.job,
    labels,
    // What no rule lets in stays out; without outbound rules everything may leave.
    rules: [{ direction: 'in', protocol: 'tcp', port: '22', sourceIps: [...request.allowCidrs] }],
  });
  const server = new hcloud.Server('machine', {
    name: request.job,
    labels,
    serverType: request.size,
    location: request.region,
    image: 'ubuntu-22.04',
    sshKeys: [key.id],
    firewallIds: [firewall.id.apply(Number)],
    publicNets: [{ ipv4Enabled: true, ipv6Enabled: false }],
    userData: pulumi.secret(request.userData),
    backups: false,
  });
  return { address: server.ipv4Address, port: 22, user: 'root', machineId: server.id };
};

export default stack;
