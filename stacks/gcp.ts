import * as compute from '@pulumi/gcp/compute';
import * as pulumi from '@pulumi/pulumi';
import { Bug } from '../src/errors';
import { tagsOf, type MachineStack } from './machine';

function firstOf(names: readonly string[]): string {
  const [first] = names;
  if (first === undefined) throw new Bug('a region without zones');
  return first;
}

/**
 * A Compute Engine machine with a network of its own (networks and firewalls bear no labels there: their description
 * carries what a label would). The platform deletes it, disk and all, when its run time is over.
 */
const stack: MachineStack = (request) => {
  const labels = tagsOf(request);
  const description = Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
  // Machines live in a zone there: without one named, the region's first.
  const zone = request.zone ?? compute.getZonesOutput({ region: request.region }).names.apply(firstOf);
  const network = new compute.Network('network', { name: request.job, description, autoCreateSubnetworks: false });
  const subnet = new compute.Subnetwork('subnet', {
    name: request.job,
    description,
    region: request.region,
    network: network.id,
    ipCidrRange: '10.77.0.0/24',
  });
  const firewall = new compute.Firewall('firewall', {
    name: request.job,
    description,
    network: network.id,
    direction: 'INGRESS',
    sourceRanges: [...request.allowCidrs],
    targetTags: [request.job],
    allows: [{ protocol: 'tcp', ports: ['22'] }],
  });
  const instance = new compute.Instance(
    'machine',
    {
      name: request.job,
      zone,
      machineType: request.size,
      labels,
      tags: [request.job],
      bootDisk: {
        autoDelete: true,
        initializeParams: {
          image: 'ubuntu-os-cloud/ubuntu-2204-lts',
          size: request.diskGiB,
          type: 'pd-balanced',
          labels,
        },
      },
      networkInterfaces: [
        { subnetwork: subnet.id, stackType: 'IPV4_ONLY', accessConfigs: [{ networkTier: 'PREMIUM' }] },
      ],
      // No service account: nothing on the machine can speak for the project.
      metadata: pulumi.secret({
        'user-data': request.userData,
        'ssh-keys': `ubuntu:${request.publicKey}`,
        'block-project-ssh-keys': 'true',
        'enable-oslogin': 'FALSE',
        'serial-port-enable': 'FALSE',
      }),
      shieldedInstanceConfig: { enableSecureBoot: true, enableVtpm: true, enableIntegrityMonitoring: true },
      scheduling: {
        // The platform accepts 30 seconds to 120 days, and deletes with DELETE only when no restart is allowed.
        maxRunDuration: { seconds: request.ttlMinutes * 60 },
        instanceTerminationAction: 'DELETE',
        automaticRestart: false,
        ...(request.spot
          ? { provisioningModel: 'SPOT', preemptible: true, onHostMaintenance: 'TERMINATE' }
          : { provisioningModel: 'STANDARD', onHostMaintenance: 'MIGRATE' }),
      },
    },
    { dependsOn: [firewall] },
  );
  const address = instance.networkInterfaces.apply((cards) => cards[0]?.accessConfigs?.[0]?.natIp ?? '');
  return { address, port: 22, user: 'ubuntu', machineId: instance.id };
};

export default stack;
