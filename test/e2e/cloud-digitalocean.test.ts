import { tellConversion } from '../_helpers/cloud-conversion';
import { describeCloud, tellStories } from '../_helpers/cloud-stories';

jest.setTimeout(15 * 60_000);
const place = { region: 'nyc3', size: 's-2vcpu-4gb' };

describeCloud('DigitalOcean', () => {
  tellStories('digitalocean', place, {
    machine: 'droplet',
    account: '5df3e3004a17e242b7c20ca6c9fc25b701a47ece',
    afterItsTime: 'off',
    badSize: 's-2vcpu-3gb',
    badRegion: 'nowhere1',
  });

  tellConversion('digitalocean', 'droplet', {
    means: 'size-not-here',
    refuse: { code: 'unprocessable_entity', message: 'Size is not available in this region.', status: 422 },
  });
});
