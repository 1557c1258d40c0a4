import type { CloudResource } from '../../src/cloud/types';
import { JobFolder } from '../../src/job/folder';
import { ownerId } from '../../src/job/identity';
import { placeOf, type Place } from '../../src/job/place';
import { sweep } from '../../src/job/sweep';
import { useScratch } from '../_helpers/scratch';

const job = 'cv-20261128-112830-7f3a9c';

describe('sweep', () => {
  const scratch = useScratch();

  /** A place that holds these things, and forgets what is removed from it. */
  function holding(...things: CloudResource[]): Place & { readonly things: CloudResource[] } {
    return {
      ...placeOf('digitalocean', { home: scratch(), env: {} }),
      things,
      list: () => Promise.resolve([...things]),
      machineById: (id) => Promise.resolve(things.find((one) => one.id === id) ?? null),
      remove: (resource) => {
        things.splice(things.indexOf(resource), 1);
        return Promise.resolve();
      },
    };
  }
  const thing = (id: string, more: Partial<CloudResource>): CloudResource => ({
    ...{ kind: 'droplet', id, region: 'nyc3', job, owner: null, expiresAt: null, createdAt: null },
    ...{ console: `https://console/${id}` },
    ...more,
  });
  const run = (place: Place) =>
    sweep({
      ...{ folder: JobFolder.create(scratch(), job), place, regions: ['nyc3'], mayComeLate: false },
      ...{ firstPauseSeconds: 0, env: {} },
    });

  test('removes what bears the job and the owner, and what can bear its name alone', async () => {
    const place = holding(
      thing('1', { owner: ownerId(scratch()) }),
      thing('2', { kind: 'firewall', byNameAlone: true }),
      thing('3', { job: 'cv-20261128-112830-000000', owner: ownerId(scratch()) }),
    );
    expect(await run(place)).toEqual([]);
    expect(place.things.map(({ id }) => id)).toEqual(['3']);
  });

  test('names what bears the job and no owner, or another, and how it is removed by hand', async () => {
    const place = holding(
      thing('1', { owner: ownerId(scratch()) }),
      thing('2', {}),
      thing('3', { owner: 'fedcba9876543210' }),
    );
    const left = await run(place);
    expect(left.map(({ id }) => id)).toEqual(['2', '3']);
    expect(left[0]?.fix).toContain('remove droplet 2 by hand (https://console/2)');
    expect(place.things.map(({ id }) => id)).toEqual(['2', '3']);
  });
});
