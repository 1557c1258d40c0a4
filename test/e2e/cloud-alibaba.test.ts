import { describeCloud, tellStories } from '../_helpers/cloud-stories';

jest.setTimeout(600_000);
const place = { region: 'ap-southeast-1', size: 'ecs.c7.xlarge' };

describeCloud('Alibaba Cloud', () => {
  tellStories('alibaba', place, {
    machine: 'instance',
    account: '1968132000123456',
    afterItsTime: 'deleted',
    badSize: 'ecs.c7.huge',
    badRegion: 'ap-nowhere-1',
  });
});
