import { tellStories, whyNoStories } from '../_helpers/cloud-stories';

jest.setTimeout(600_000);
const place = { region: 'westeurope', size: 'Standard_F4s_v2' };

beforeAll(async () => {
  const reason = await whyNoStories();
  if (reason !== null) throw new Error(reason);
});

describe('Azure', () => {
  tellStories('azure', place, {
    machine: 'Microsoft.Compute/virtualMachines',
    afterItsTime: 'off',
    badSize: 'Standard_F3s_v2',
    badRegion: 'nowhere',
  });
});
