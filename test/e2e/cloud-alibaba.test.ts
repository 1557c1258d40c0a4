import { tellConversion } from '../_helpers/cloud-conversion';
import { describeCloud, tellStories } from '../_helpers/cloud-stories';

jest.setTimeout(15 * 60_000);
const place = { region: 'ap-southeast-1', size: 'ecs.c7.xlarge' };

describeCloud('Alibaba Cloud', () => {
  tellStories('alibaba', place, {
    machine: 'instance',
    account: '1968132000123456',
    afterItsTime: 'deleted',
    badSize: 'ecs.c7.huge',
    badRegion: 'ap-nowhere-1',
  });

  tellConversion('alibaba', 'instance', {
    means: 'alibaba-sold-out',
    refuse: {
      code: 'OperationDenied.NoStock',
      message:
        'The requested resource is sold out in the specified zone; try other types of resources or other regions and zones.',
      status: 403,
    },
  });
});
