import { describeCloud, tellStories } from '../_helpers/cloud-stories';

jest.setTimeout(600_000);
const place = { region: 'ap-singapore', size: 'S5.LARGE8' };

describeCloud('Tencent Cloud', () => {
  tellStories('tencent', place, {
    machine: 'instance',
    account: '100026212345',
    afterItsTime: 'deleted',
    badSize: 'S5.HUGE8',
    badRegion: 'ap-nowhere',
  });
});
