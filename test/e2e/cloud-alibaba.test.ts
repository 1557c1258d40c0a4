import { tellStories, whyNoStories } from '../_helpers/cloud-stories';

jest.setTimeout(600_000);
const place = { region: 'ap-southeast-1', size: 'ecs.c7.xlarge' };

beforeAll(async () => {
  const reason = await whyNoStories();
  if (reason !== null) throw new Error(reason);
});

describe('Alibaba Cloud', () => {
  tellStories('alibaba', place, {
    machine: 'instance',
    afterItsTime: 'deleted',
    badSize: 'ecs.c7.huge',
    badRegion: 'ap-nowhere-1',
  });
});
