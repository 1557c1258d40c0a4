import { tellConversion } from '../_helpers/cloud-conversion';
import { describeCloud, tellStories } from '../_helpers/cloud-stories';

jest.setTimeout(15 * 60_000);
const place = { region: 'ap-singapore', size: 'S5.LARGE8' };

describeCloud('Tencent Cloud', () => {
  tellStories('tencent', place, {
    machine: 'instance',
    account: '100026212345',
    afterItsTime: 'deleted',
    badSize: 'S5.HUGE8',
    badRegion: 'ap-nowhere',
  });

  tellConversion('tencent', 'instance', {
    means: 'tencent-sold-out',
    request: { on: 'api', kind: '"ClientToken"' },
    refuse: {
      code: 'ResourceInsufficient.SpecifiedInstanceType',
      message: 'The specified type of instance is understocked.',
    },
  });
});
