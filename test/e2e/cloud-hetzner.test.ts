import { tellConversion } from '../_helpers/cloud-conversion';
import { describeCloud, tellStories } from '../_helpers/cloud-stories';

jest.setTimeout(15 * 60_000);
const place = { region: 'fsn1', size: 'cpx32' };

describeCloud('Hetzner Cloud', () => {
  tellStories('hetzner', place, {
    machine: 'server',
    account: 'token:505796b72ea262fb',
    afterItsTime: 'off',
    badSize: 'cpx31x',
    badRegion: 'nowhere1',
  });

  tellConversion(
    'hetzner',
    'server',
    {
      means: 'hetzner-sold-out',
      refuse: { code: 'resource_unavailable', message: 'error during placement', status: 412 },
    },
    'fake',
  );
});
