import * as fs from 'node:fs';
import * as path from 'node:path';
import { JobFolder } from '../../src/job/folder';
import type { JobRequest } from '../../src/job/request';
import { useScratch } from '../_helpers/scratch';

/** Hears of every descriptor that is put on the disk. */
const mockHeard: { sync: (descriptor: number) => void } = { sync: () => undefined };
jest.mock('node:fs', () => {
  const real = jest.requireActual<typeof fs>('node:fs');
  const fsyncSync = (descriptor: number): void => {
    mockHeard.sync(descriptor);
    real.fsyncSync(descriptor);
  };
  return { ...real, fsyncSync };
});

const job = 'cv-20261128-112830-7f3a9c';

describe("a job's files that a loss of power must not leave empty", () => {
  const scratch = useScratch();
  /** Names below the folder of jobs, with the bytes that a file had by then. */
  const synced: string[] = [];

  beforeEach(() => {
    synced.splice(0);
    mockHeard.sync = (descriptor) => {
      const file = fs.readlinkSync(`/proc/self/fd/${descriptor}`);
      const stat = fs.fstatSync(descriptor);
      const name = path.relative(path.join(scratch(), 'jobs'), file).replace(/\.[0-9a-f]{8}$/, '.aside');
      synced.push(stat.isDirectory() ? `${name}/` : `${name} ${stat.size}`);
    };
  });

  it('are on the disk with their names: keys, passphrase, request, and the folder itself', () => {
    const folder = JobFolder.create(scratch(), job);
    folder.writeSecret('passphrase', 'secret');
    const request = { job } as JobRequest;
    folder.writeRequest(request);
    const bytes = JSON.stringify(request, null, 2).length + 1;
    expect(synced).toEqual(['/', `${job}/passphrase 6`, `${job}/`, `${job}/request.json.aside ${bytes}`, `${job}/`]);
    expect(fs.statSync(folder.file('passphrase')).mode & 0o777).toBe(0o600);
    expect(fs.readdirSync(folder.path).sort()).toEqual(['engine', 'kept', 'passphrase', 'request.json']);
  });
});
