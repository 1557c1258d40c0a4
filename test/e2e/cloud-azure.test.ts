import { diskAndAddress } from '../../src/cloud/azure/sizes';
import { describeCloud, tellStories } from '../_helpers/cloud-stories';

jest.setTimeout(600_000);
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
});
