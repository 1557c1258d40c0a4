import * as digitalocean from '@pulumi/digitalocean';
import * as pulumi from '@pulumi/pulumi';
import { tagsOf, type MachineRequest, type MachineStack } from './machine';

/**
 * The one tag of a job, `cvicast-job:<job>:<owner>:<expires>`. One and not three, because a tag is an object of the
 * account there: a tag that two jobs shared (the owner's) would be taken off the other's machine by the first teardown.
 */
export function jobTag(request: MachineRequest): string {
  const tags = tagsOf(request);
  return `cvicast-job:${tags['cvicast-job']}:${tags['cvicast-owner']}:${tags['cvicast-expires']}`;
}

/**
 * A droplet behind a firewall. Nothing of the platform ends a droplet, and a powered-off one still bills: only deleting
 * does. The firewall is bound to the tag, and made before the droplet, so that the machine is never without it.
 */
const stack: MachineStack = (request) => {
  const tagName = jobTag(request);
  const tag = new digitalocean.Tag('tag', { name: tagName });
  const key = new digitalocean.SshKey('key', { name: tagName, publicKey: request.publicKey });
  const anywhere = ['0.0.0.0/0'];
  const firewall = new digitalocean.Firewall('firewall', {
    // Letters, digits, dots and dashes only; a sweep reads owner and expiry from its tag.
    name: request.job,
    tags: [tag.id],
    inboundRules: [{ protocol: 'tcp', portRange: '22', sourceAddresses: [...request.allowCidrs] }],
    // Without outbound rules nothing may leave: no package, no image.
    outboundRules: [
      { protocol: 'tcp', portRange: '1-65535', destinationAddresses: anywhere },
      { protocol: 'udp', portRange: '1-65535', destinationAddresses: anywhere },
      { protocol: 'icmp', destinationAddresses: anywhere },
    ],
  });
  const droplet = new digitalocean.Droplet(
    'machine',
    {
      name: request.job,
      image: 'ubuntu-22-04-x64',
      region: request.region,
      size: request.size,
      sshKeys: [key.id],
      tags: [tag.id],
      userData: pulumi.secret(request.userData),
      ipv6: false,
      monitoring: false,
      backups: false,
      dropletAgent: false,
    },
    { dependsOn: [firewall] },
  );
  return { address: droplet.ipv4Address, port: 22, user: 'root', machineId: droplet.id };
};

export default stack;
