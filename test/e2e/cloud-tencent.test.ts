import { tellStories, whyNoStories } from '../_helpers/cloud-stories';

jest.setTimeout(600_000);
const place = { region: 'ap-singapore', size: 'S5.LARGE8' };

beforeAll(async () => {
  const reason = await whyNoStories();
  if (reason !== null) throw new Error(reason);
});

describe('Tencent Cloud', () => {
  tellStories('tencent', place, {
    machine: 'instance',
    afterItsTime: 'deleted',
    badSize: 'S5.HUGE8',
    badRegion: 'ap-nowhere',
  });
});
