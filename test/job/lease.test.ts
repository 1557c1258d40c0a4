import * as path from 'node:path';
import type { JobEvent } from '../../src/job/events';
import { JobFolder } from '../../src/job/folder';
import { ownerId } from '../../src/job/identity';
import { lease, minutesLeft } from '../../src/job/lease';
import { placeOf, type Place } from '../../src/job/place';
import type { JobRequest } from '../../src/job/request';
import { loopbackCloud, type LoopbackCloud } from '../catalogue/loopback-cloud';
import { useScratch } from '../_helpers/scratch';

const begin = Date.parse('2026-11-28T11:28:30Z');
const expiresAt = '2026-11-28T12:28:30Z';
const after = (minutes: number): number => begin + minutes * 60_000;

describe('the minutes of a machine whose timers count from its own beginning', () => {
  it.each([
    ['at once: all of them', 0.2, 60],
    ['after a try in another zone: what is left', 7.4, 53],
    ['at the very end: one, the least that a timer can be', 60.5, 1],
    ['with a clock that went back: never more than were asked for', -30, 60],
  ])('%s', (_when, minutes, left) => {
    expect(minutesLeft(expiresAt, 60, after(minutes))).toBe(left);
  });
});

describe('a machine that could not be had', () => {
  const job = 'cv-20261128-112830-7f3a9c';
  const scratch = useScratch();
  const home = (): string => path.join(scratch(), 'home');
  let cloud: LoopbackCloud;
  beforeEach(async () => {
    const tags = [`cvicast-job:${job}:${ownerId(home())}:1795866000`];
    // Listed, whatever is deleted.
    const droplet = { id: 1, tags, region: { slug: 'nyc3' }, created_at: begin };
    cloud = await loopbackCloud(({ method, path: asked }) => {
      if (method === 'DELETE') return { status: 204 };
      const lists: Record<string, object> = {
        '/v2/droplets': { droplets: [droplet] },
        '/v2/firewalls': { firewalls: [] },
        '/v2/tags': { tags: [] },
        '/v2/account/keys': { ssh_keys: [] },
      };
      return { body: lists[asked] ?? {} };
    });
  });
  afterEach(() => cloud.close());

  async function rent(): Promise<{ tried: string[]; events: JobEvent[]; failure: unknown }> {
    const folder = JobFolder.create(home(), job);
    const env = { HOME: scratch(), DIGITALOCEAN_TOKEN: 'dop_v1_secret', DIGITALOCEAN_API_URL: cloud.url };
    const events: JobEvent[] = [];
    const context = {
      ...{ home: home(), env: { ...env, CVICAST_RETRY_SECONDS: '0.001' }, signal: new AbortController().signal },
      emit: (event: JobEvent) => void events.push(event),
    };
    const choices = ['nyc3', 'fra1'].map((region) => ({ region, size: 's-2vcpu-4gb' }));
    const request = {
      ...{ job, provider: 'digitalocean', host: null, backendUrl: null, toolchain: 'venv' },
      lease: { region: 'nyc3', ttlMinutes: 60, spot: false, diskGiB: 30, allowCidrs: ['192.0.2.1/32'], choices },
    } as unknown as JobRequest;
    folder.writeRequest(request);
    const terms = { size: 's-2vcpu-4gb', pricePerHour: 1, currency: 'USD', toolchain: 'venv' };
    folder.journal.write({ type: 'opened', provider: 'digitalocean', region: 'nyc3', ...terms, expiresAt });
    const place: Place = {
      ...placeOf('digitalocean', context),
      account: () => Promise.resolve(null),
      attach: () => Promise.reject(new Error('Region is not available: out of capacity')),
    };
    const failure: unknown = await lease(folder, request, place, context).catch((thrown: unknown) => thrown);
    const tried = folder.journal.read().flatMap((entry) => (entry.type === 'intent' ? [entry.region] : []));
    return { tried, events, failure };
  }

  it('is not asked for elsewhere while something of the first try may live', async () => {
    const { tried, events } = await rent();
    expect(tried).toEqual(['nyc3']);
    const message = expect.stringContaining('droplet 1') as string;
    expect(events).toContainEqual({ type: 'warning', code: 'left-behind', message });
  });
});
