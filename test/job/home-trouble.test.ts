import * as fs from 'node:fs';
import { inHome } from '../../src/job/home-trouble';
import type { Prepared } from '../../src/job/prepare';
import { openJob } from '../../src/job/run';
import { useSmallDisk, whyNoDisk } from '../_helpers/small-disk';

const job = 'cv-20261128-120000-7f3a9c';

const thrownBy = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (thrown) {
    return thrown;
  }
};
const failing = (code: string): unknown =>
  thrownBy(() =>
    inHome('/home/me/.local/share/cvicast', () => {
      throw Object.assign(new Error(`${code}: write`), { code });
    }),
  );

describe('a folder of cvicast that takes nothing', () => {
  test.each([
    ['ENOSPC', /disk .* is full/, /make room there, or set CVICAST_HOME/, 'provider'],
    ['EDQUOT', /quota/, /make room there, or set CVICAST_HOME/, 'provider'],
    ['EACCES', /may not write/, /writable for you, or set CVICAST_HOME/, 'input'],
    ['EROFS', /only be read/, /make the disk writable, or set CVICAST_HOME/, 'input'],
  ])('%s is the user’s matter, and names the folder', (code, why, fix, exit) => {
    expect(failing(code)).toMatchObject({
      code: 'home-unwritable',
      what: 'cvicast cannot write into its folder /home/me/.local/share/cvicast',
      why: expect.stringMatching(why) as string,
      fix: expect.stringMatching(fix) as string,
      exit,
    });
  });

  test('anything else stays what it is', () => {
    expect(failing('EISDIR')).toMatchObject({ code: 'EISDIR' });
  });
});

(whyNoDisk === null ? describe : describe.skip)('a job on a disk that is full', () => {
  const disk = useSmallDisk(65_536);

  test('cannot be opened: that is told as the user’s matter, and leaves no half of it', () => {
    disk.fill();
    const prepared = { request: { job, lease: {} }, takenOver: [] } as unknown as Prepared;
    expect(thrownBy(() => openJob(disk.file(''), prepared, {}))).toMatchObject({
      code: 'home-unwritable',
      what: expect.stringContaining(disk.file('')) as string,
      exit: 'provider',
    });
    expect(fs.readdirSync(disk.file('jobs'))).toEqual([]);
  });
});
