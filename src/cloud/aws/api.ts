import { DescribeRegionsCommand } from '@aws-sdk/client-ec2';
import { together } from '../http';
import { usualPatience, type Patience } from '../insist';
import type { Refuser } from '../refusal';
import type { CloudApi } from '../types';
import { accountOf } from './caller';
import { ask, ec2Clients } from './client';
import { instanceById, listRegion } from './listing';
import { preflight } from './preflight';
import { checkQuota } from './quota';
import { remove } from './removal';

/** EC2 through AWS's own SDK. `list` asks each region in full; they are asked at once. */
export function awsApi(cloud: Refuser, env: NodeJS.ProcessEnv, patience: Patience = usualPatience): CloudApi {
  const clientOf = ec2Clients(env);
  return {
    preflight: (choice) => {
      const client = clientOf(choice.region);
      return preflight(cloud, client, choice, async (vcpus) =>
        checkQuota(cloud, choice, vcpus, await client.config.credentials(), env),
      );
    },
    async list(regions) {
      const lists = await together(regions.map((region) => listRegion(cloud, clientOf(region), region)));
      return lists.flat();
    },
    machineById: (id, region) => instanceById(cloud, clientOf(region), id, region),
    async enabledRegions() {
      // This one is on in every account; without AllRegions the answer leaves out what is off.
      const answer = await ask(cloud, 'list the regions', () =>
        clientOf('us-east-1').send(new DescribeRegionsCommand({})),
      );
      return (answer?.Regions ?? []).map((one) => one.RegionName ?? '');
    },
    account: async () => accountOf(cloud, await clientOf('us-east-1').config.credentials(), env),
    remove: (resource) => remove(cloud, clientOf(resource.region), resource, patience),
  };
}
