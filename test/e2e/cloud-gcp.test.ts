import { tellConversion } from '../_helpers/cloud-conversion';
import { describeCloud, tellStories } from '../_helpers/cloud-stories';

jest.setTimeout(15 * 60_000);
const place = { region: 'europe-west3', size: 'e2-standard-4' };

describeCloud('Google Cloud', () => {
  tellStories('gcp', place, {
    machine: 'instance',
    account: 'stand-in-project',
    afterItsTime: 'deleted',
    badSize: 'e2-standard-3',
    badRegion: 'europe-nowhere1',
  });

  tellConversion('gcp', 'instance', {
    means: 'out-of-capacity',
    refuse: {
      code: 'ZONE_RESOURCE_POOL_EXHAUSTED',
      message:
        "The zone 'projects/stand-in-project/zones/us-central1-a' does not have enough resources available to fulfill the request. Try a different zone, or try again later.",
    },
  });
});
