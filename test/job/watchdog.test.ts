import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { JobFolder } from '../../src/job/folder';
import type { LeftOver } from '../../src/job/journal';
import { markOf, type ProcessMark } from '../../src/job/process-mark';
import { dutyOf, watch } from '../../src/job/watchdog';
import { useScratch } from '../_helpers/scratch';

const job = 'cv-20261128-112830-7f3a9c';
const begin = Date.parse('2026-11-28T11:28:30Z');
const seconds = 1000;
const timeOver = begin + 60 * 60 * seconds;

describe('a watchdog', () => {
  const scratch = useScratch();
  const living = markOf();
  const dead = (): ProcessMark => ({ ...living, started: randomUUID() });

  function open(holder: ProcessMark): JobFolder {
    const folder = JobFolder.create(scratch(), job);
    folder.journal.write({ type: 'holder', process: holder });
    const terms = { region: 'nyc3', size: 's-2vcpu-4gb', pricePerHour: 1, currency: 'USD', toolchain: 'venv' };
    const expiresAt = new Date(timeOver).toISOString();
    folder.journal.write({ type: 'opened', provider: 'digitalocean', ...terms, expiresAt });
    return folder;
  }

  describe('duty', () => {
    it('is to watch while the client lives and has time, and for ten seconds more', () => {
      const folder = open(living);
      expect(dutyOf(folder, begin, null, {})).toBe('watch');
      expect(dutyOf(folder, timeOver + 10 * seconds, null, {})).toBe('watch');
    });

    it('is to end a job whose time is over although its client lives, early enough for the end to come in a minute', () => {
      expect(dutyOf(open(living), timeOver + 11 * seconds, null, {})).toEqual({ end: 'its time is over' });
    });

    it('is to end a job whose client is gone for half a minute', () => {
      const folder = open(dead());
      const gone = begin + 100 * seconds;
      expect(dutyOf(folder, gone + 29 * seconds, gone, {})).toBe('watch');
      expect(dutyOf(folder, gone + 30 * seconds, gone, {})).toEqual({ end: 'its client is gone without a word' });
    });

    it('is over when the job is closed, or was never opened by a client that is gone', () => {
      const folder = open(living);
      folder.journal.write({ type: 'closed', result: 'delivered' });
      expect(dutyOf(folder, timeOver + 3600 * seconds, begin, {})).toBe('over');
      const other = JobFolder.create(scratch(), 'cv-20261128-112831-aaaaaa');
      expect(dutyOf(other, begin, null, {})).toBe('over');
      other.journal.write({ type: 'holder', process: living });
      expect(dutyOf(other, begin, null, {})).toBe('watch');
    });
  });

  /** A life in which no time is spent: each teardown answers the next of these, or fails with it. */
  function lifeOf(start: number, teardowns: (readonly LeftOver[] | Error | (() => void))[]) {
    let clock = start;
    const slept: number[] = [];
    const said: string[] = [];
    const life = {
      now: () => clock,
      sleep: (duration: number) => {
        slept.push(duration);
        clock += duration * seconds;
        return Promise.resolve();
      },
      teardown: () => {
        const next = teardowns.shift();
        if (next instanceof Error) return Promise.reject(next);
        if (typeof next === 'function') next();
        return Promise.resolve(Array.isArray(next) ? (next as LeftOver[]) : []);
      },
    };
    return { life, slept, said, live: () => watch(scratch(), job, {}, (line) => void said.push(line), life) };
  }

  it('tries again what leaves something or fails, with pauses that double up to ten minutes, until nothing is left', async () => {
    const folder = open(dead());
    const left = [{ type: 'droplet', id: '11' }];
    const { slept, said, live } = lifeOf(timeOver + 20 * seconds, [
      left,
      new Error('no route'),
      ...Array<readonly LeftOver[]>(7).fill(left),
    ]);
    await live();
    expect(slept).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600]);
    expect(said.slice(0, 4)).toEqual([
      'tearing down: its time is over',
      'still alive: droplet 11',
      'tearing down: its time is over',
      'teardown failed: no route',
    ]);
    expect(folder.facts().closed?.result).toBe('torn down by the watchdog: its time is over');
  });

  it('waits for a client that is gone no longer than it may, from when it saw it', async () => {
    open(dead());
    const { slept, live } = lifeOf(begin, [[]]);
    await live();
    expect(slept.reduce((sum, duration) => sum + duration, 0)).toBe(30);
  });

  it('tears down also when it has nowhere to say so', async () => {
    const folder = open(dead());
    const { life } = lifeOf(timeOver + 20 * seconds, [[{ type: 'droplet', id: '11' }], new Error('no route'), []]);
    const full = (): never => {
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    };
    await watch(scratch(), job, {}, full, life);
    expect(folder.facts().closed?.result).toBe('torn down by the watchdog: its time is over');
  });

  it('looks again after a look that failed, says so once, and does then what is to be done', async () => {
    const folder = open(dead());
    const journal = folder.file('journal.jsonl');
    fs.renameSync(journal, `${journal}.aside`);
    fs.mkdirSync(journal);
    const { life, said } = lifeOf(timeOver + 20 * seconds, [[]]);
    const slept: number[] = [];
    const sleep = (duration: number): Promise<void> => {
      if (slept.push(duration) === 3) {
        fs.rmdirSync(journal);
        fs.renameSync(`${journal}.aside`, journal);
      }
      return Promise.resolve();
    };
    await watch(scratch(), job, {}, (line) => void said.push(line), { ...life, sleep });
    expect(slept).toEqual([5, 5, 5]);
    expect(said).toEqual([expect.stringMatching(/^looking failed: .*EISDIR/), 'tearing down: its time is over']);
    expect(folder.facts().closed).not.toBeNull();
  });

  describe('whose clock is put back', () => {
    beforeEach(() => void jest.useFakeTimers({ now: timeOver - 60 * seconds }));
    afterEach(() => void jest.useRealTimers());

    it('ends the job no later for that', async () => {
      const folder = open(living);
      const watched = watch(scratch(), job, {}, () => undefined);
      await jest.advanceTimersByTimeAsync(30 * seconds);
      jest.setSystemTime(begin);
      await jest.advanceTimersByTimeAsync(50 * seconds);
      expect(folder.facts().closed?.result).toBe('torn down by the watchdog: its time is over');
      await watched;
    });
  });

  it('leaves the last word to a client that ended the job at the same time', async () => {
    const folder = open(living);
    const closes = () => folder.journal.write({ type: 'closed', result: 'delivered' });
    await lifeOf(timeOver + 20 * seconds, [closes]).live();
    expect(folder.facts().closed?.result).toBe('delivered');
  });
});
