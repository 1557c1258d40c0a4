import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { JobFolder } from '../../src/job/folder';
import { markOf } from '../../src/job/process-mark';
import { root } from '../_helpers/cli';
import { useScratch } from '../_helpers/scratch';

const job = 'cv-20261128-112830-7f3a9c';
const program = path.join(root, 'dist/src/job/watchdog-main.js');

describe('the process of a watchdog', () => {
  const scratch = useScratch();

  /** A job whose client is gone and that has so many minutes left; nothing was rented for it. */
  function leave(minutesLeft: number): JobFolder {
    const folder = JobFolder.create(scratch(), job);
    folder.journal.write({ type: 'holder', process: { ...markOf(), started: randomUUID() } });
    const terms = { region: 'here', size: 'here', pricePerHour: 0, currency: 'USD', toolchain: 'venv' };
    const expiresAt = new Date(Date.now() + minutesLeft * 60_000).toISOString();
    folder.journal.write({ type: 'opened', provider: 'local', ...terms, expiresAt });
    return folder;
  }

  async function live(log: string, nodeOptions: readonly string[] = []): Promise<number> {
    const output = fs.openSync(log, 'a');
    const env = { ...process.env, CVICAST_WATCHDOG_SECONDS: '0.2' };
    const child = spawn(process.execPath, [...nodeOptions, program, scratch(), job], {
      ...{ env, stdio: ['ignore', output, output] },
    });
    fs.closeSync(output);
    const [code] = (await once(child, 'exit')) as [number];
    return code;
  }

  test('does what it is there for also on a full disk, which takes no line of its log', async () => {
    const folder = leave(-5);
    expect(await live('/dev/full')).toBe(0);
    expect(folder.facts().closed?.result).toBe('torn down by the watchdog: its time is over');
  });

  test('outlives an error that nobody catches, and says which it was', async () => {
    const folder = leave(5);
    const faults = path.join(scratch(), 'faults.js');
    fs.writeFileSync(
      faults,
      `process.nextTick(() => { throw new Error('thrown far away'); }); void Promise.reject(new Error('refused far away'));`,
    );
    const log = path.join(scratch(), 'log');
    expect(await live(log, ['--require', faults])).toBe(0);
    expect(folder.facts().closed?.result).toBe('torn down by the watchdog: its client is gone without a word');
    const said = fs.readFileSync(log, 'utf8');
    expect(said).toContain('an error that nobody caught: thrown far away');
    expect(said).toContain('an error that nobody caught: refused far away');
  });
});
