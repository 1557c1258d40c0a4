import { diskAndAddress } from '../../src/cloud/azure/sizes';
import { tellConversion } from '../_helpers/cloud-conversion';
import { describeCloud, tellStories } from '../_helpers/cloud-stories';

jest.setTimeout(15 * 60_000);
const place = { region: 'westeurope', size: 'Standard_F4s_v2' };

describeCloud('Azure', () => {
  tellStories('azure', place, {
    machine: 'Microsoft.Compute/virtualMachines',
    account: '11112222-3333-4444-5555-666677778888',
    afterItsTime: 'off',
    badSize: 'Standard_F3s_v2',
    badRegion: 'nowhere',
    leavesPerHour: diskAndAddress,
  });

  tellConversion('azure', 'Microsoft.Compute/virtualMachines', {
    means: 'azure-size-not-here',
    refuse: {
      code: 'SkuNotAvailable',
      message:
        "The requested VM size for resource 'Following SKUs have failed for Capacity Restrictions: Standard_D4s_v5' is currently not available in location 'eastus'. Please try another size or deploy to a different location or different zone.",
      status: 409,
    },
  });
});
