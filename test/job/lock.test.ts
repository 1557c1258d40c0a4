import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { withLock } from '../../src/job/lock';
import { isRunning, markOf } from '../../src/job/process-mark';
import { useScratch } from '../_helpers/scratch';
import { useSmallDisk, whyNoDisk } from '../_helpers/small-disk';

describe('lock', () => {
  const scratch = useScratch();
  const file = (): string => path.join(scratch(), 'x.lock');
  const nobody = (): never => {
    throw new Error('nobody holds it');
  };

  test('is gone after the work, also when the work fails', async () => {
    await expect(withLock(file(), nobody, () => Promise.reject(new Error('work')))).rejects.toThrow('work');
    expect(fs.readdirSync(scratch())).toEqual([]);
  });

  test('lets one in at a time', async () => {
    let inside = 0;
    const work = async (): Promise<void> => {
      inside++;
      expect(inside).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
    };
    await Promise.all([1, 2, 3].map(() => withLock(file(), () => undefined, work)));
  });

  test('takes over the lock of a process that is gone', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    const mark = markOf(child.pid);
    await once(child, 'exit');
    fs.writeFileSync(file(), JSON.stringify(mark));
    await expect(withLock(file(), nobody, () => Promise.resolve('done'))).resolves.toBe('done');
  });

  test('takes over a lock whose number is another process by now', async () => {
    fs.writeFileSync(file(), JSON.stringify({ ...markOf(), started: 'another time' }));
    await expect(withLock(file(), nobody, () => Promise.resolve('done'))).resolves.toBe('done');
  });

  test('waits for a living holder and says so', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
    fs.writeFileSync(file(), JSON.stringify(markOf(child.pid)));
    const told: number[] = [];
    await withLock(
      file(),
      (holder) => {
        told.push(holder.pid);
        child.kill('SIGKILL');
      },
      () => Promise.resolve(),
    );
    expect(told).toEqual([child.pid]);
  });
});

(whyNoDisk === null ? describe : describe.skip)('a lock on a full disk', () => {
  const disk = useSmallDisk(8192);
  const nobody = (): never => {
    throw new Error('nobody holds it');
  };

  test('without room for it the work is done all the same, and leaves nothing', async () => {
    disk.fill();
    const file = disk.file('x.lock');
    await expect(withLock(file, nobody, () => Promise.resolve('done'))).resolves.toBe('done');
    expect(fs.readdirSync(disk.file(''))).toEqual(['filler']);
  });

  test('without room for it a failure of the work is told', async () => {
    disk.fill();
    const work = (): Promise<never> => Promise.reject(new Error('work'));
    await expect(withLock(disk.file('x.lock'), nobody, work)).rejects.toThrow('work');
  });

  test('where it cannot be for another reason the work is not begun', async () => {
    const work = jest.fn();
    await expect(withLock(disk.file('no/x.lock'), nobody, work)).rejects.toThrow('ENOENT');
    expect(work).not.toHaveBeenCalled();
  });
});

describe('process mark', () => {
  test('knows itself', () => expect(isRunning(markOf())).toBe(true));
  test('cannot know another host', () =>
    expect(isRunning({ pid: 1, started: 'x', host: `not-${os.hostname()}` })).toBe(true));
});
