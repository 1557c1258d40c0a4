import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { HolderElsewhere, withLock } from '../../src/job/lock';
import { isForeign, isRunning, markOf } from '../../src/job/process-mark';
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

  test('takes over the lock of a process that is gone since this computer was called otherwise', async () => {
    fs.writeFileSync(file(), JSON.stringify({ ...markOf(), started: 'another time', host: 'as-on-another-wifi' }));
    await expect(withLock(file(), nobody, () => Promise.resolve('done'))).resolves.toBe('done');
  });

  describe('of another computer', () => {
    beforeEach(() => void jest.useFakeTimers());
    afterEach(() => void jest.useRealTimers());

    test('is waited for a minute, then left as it is', async () => {
      const holder = { pid: 4711, started: 'x', host: 'far-away', numbers: 'another start' };
      fs.writeFileSync(file(), JSON.stringify(holder));
      const work = jest.fn();
      const told: number[] = [];
      const tried = withLock(file(), ({ pid }) => void told.push(pid), work).catch((thrown: unknown) => thrown);
      await jest.advanceTimersByTimeAsync(120_000);
      expect(await tried).toMatchObject({ name: HolderElsewhere.name, holder, file: file() });
      expect(told).toEqual([4711]);
      expect(work).not.toHaveBeenCalled();
      expect(JSON.parse(fs.readFileSync(file(), 'utf8'))).toEqual(holder);
    });
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
  test.each([
    ['from before these were written down', {}],
    ['that shares the home with this one', { numbers: 'another start' }],
  ])('cannot know another computer, %s', (_which, more) => {
    const mark = { pid: process.pid, started: 'x', host: `not-${os.hostname()}`, ...more };
    expect([isForeign(mark), isRunning(mark)]).toEqual([true, true]);
  });
  test('knows this computer by another name', () => {
    const mark = { ...markOf(), host: `not-${os.hostname()}` };
    expect([isForeign(mark), isRunning(mark), isRunning({ ...mark, started: 'x' })]).toEqual([false, true, false]);
  });
});
