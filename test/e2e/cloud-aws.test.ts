import { tellConversion } from '../_helpers/cloud-conversion';
import { describeCloud, tellStories } from '../_helpers/cloud-stories';

jest.setTimeout(15 * 60_000);
const place = { region: 'eu-central-1', zone: 'eu-central-1b', size: 'c6i.large' };

describeCloud('AWS', () => {
  tellStories('aws', place, {
    machine: 'instance',
    account: '111122223333',
    afterItsTime: 'deleted',
    badSize: 'c6i.huge',
    badRegion: 'eu-nowhere-1',
  });

  tellConversion('aws', 'instance', {
    means: 'out-of-capacity',
    refuse: {
      code: 'InsufficientInstanceCapacity',
      message:
        'We currently do not have sufficient c6i.xlarge capacity in the Availability Zone you requested. Our system will be working on provisioning additional capacity.',
    },
  });
});
