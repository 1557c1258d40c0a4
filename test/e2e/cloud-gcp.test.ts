import { describeCloud, tellStories } from '../_helpers/cloud-stories';

jest.setTimeout(600_000);
const place = { region: 'europe-west3', size: 'e2-standard-4' };

describeCloud('Google Cloud', () => {
  tellStories('gcp', place, {
    machine: 'instance',
    account: 'stand-in-project',
    afterItsTime: 'deleted',
    badSize: 'e2-standard-3',
    badRegion: 'europe-nowhere1',
  });
});
