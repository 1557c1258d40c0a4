import { describeCloud, tellStories } from '../_helpers/cloud-stories';

jest.setTimeout(600_000);
const place = { region: 'eu-central-1', zone: 'eu-central-1b', size: 'c6i.large' };

describeCloud('AWS', () => {
  tellStories('aws', place, {
    machine: 'instance',
    account: '111122223333',
    afterItsTime: 'deleted',
    badSize: 'c6i.huge',
    badRegion: 'eu-nowhere-1',
  });
});
