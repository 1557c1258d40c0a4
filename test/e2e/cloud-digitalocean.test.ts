import { describeCloud, tellStories } from '../_helpers/cloud-stories';

jest.setTimeout(600_000);
const place = { region: 'nyc3', size: 's-2vcpu-4gb' };

describeCloud('DigitalOcean', () => {
  tellStories('digitalocean', place, {
    machine: 'droplet',
    afterItsTime: 'off',
    badSize: 's-2vcpu-3gb',
    badRegion: 'nowhere1',
  });
});
