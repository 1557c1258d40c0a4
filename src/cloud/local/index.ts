import * as os from 'node:os';
import type { Cloud } from '../types';

/**
 * This computer, as a place like the others: nothing is rented, so there is nothing to pay, to check or to sweep beside
 * what the job itself knows of its machine.
 */
export const local: Cloud = {
  name: 'local',
  title: 'this computer',
  package: '@pulumi/pulumi',
  plugin: 'cvicast-local',
  user: os.userInfo().username,
  image: 'the system of this computer',
  regions: [{ name: 'here', title: 'this computer' }],
  defaultRegion: 'here',
  sizes: [
    {
      name: 'this-computer',
      vcpus: os.availableParallelism(),
      memoryGiB: Math.round(os.totalmem() / 2 ** 30),
      purpose: 'general',
      pricePerHour: 0,
      currency: 'USD',
    },
  ],
  defaultSize: 'this-computer',
  guideSize: 'this-computer',
  price: { date: '2026-11-28', source: 'nothing is rented' },
  billing: { minimumSeconds: 0, stepSeconds: 1 },
  spot: false,
  endedBy: [
    { kind: 'watchdog', what: 'watchdog process on this computer ends it', smallestMinutes: 1, stopsBill: true },
    {
      kind: 'sweep',
      what: '`cvicast gc --provider local` ends it; the next `cvicast convert` offers to',
      stopsBill: true,
    },
  ],
  machineKind: 'machine',
  creates: ['1 SSH server of your own user on a loopback port', '1 scratch folder'],
  errors: [],
  bootSeconds: 2,
  console: 'cvicast ls',
  credentials: () => Promise.resolve({ found: true, where: 'none are needed', missing: [], fix: 'nothing to do' }),
  engineConfig: () => ({}),
  api: () =>
    Promise.resolve({
      preflight: () => Promise.resolve(),
      account: () => Promise.resolve(null),
      list: () => Promise.resolve([]),
      machineById: () => Promise.resolve(null),
      remove: () => Promise.resolve(),
    }),
  stack: async () => (await import('../../../stacks/local')).default,
};
