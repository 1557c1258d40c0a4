import { diskAndAddress } from '../../src/cloud/azure/sizes';
import { describeCloud, tellStories } from '../_helpers/cloud-stories';

jest.setTimeout(600_000);
const place = { region: 'westeurope', size: 'Standard_F4s_v2' };

describeCloud('Azure', () => {
  tellStories('azure', place, {
    machine: 'Microsoft.Compute/virtualMachines',
    afterItsTime: 'off',
    badSize: 'Standard_F3s_v2',
    badRegion: 'nowhere',
    leavesPerHour: diskAndAddress,
  });
});
