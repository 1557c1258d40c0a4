import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { endJobs, stillAlive } from '../../src/job/down';
import { JobFolder } from '../../src/job/folder';
import { markOf } from '../../src/job/process-mark';
import { teardown } from '../../src/job/teardown';
import { useScratch } from '../_helpers/scratch';

const first = 'cv-20261128-112830-7f3a9c';
const second = 'cv-20261128-112831-7f3a9d';

describe('teardown of a job whose request is lost', () => {
  const scratch = useScratch();
  const said: string[] = [];
  const context = () => ({
    home: scratch(),
    env: { PATH: process.env['PATH'], CVICAST_RETRY_SECONDS: '0' },
    emit: (event: object) => void said.push(JSON.stringify(event)),
    signal: new AbortController().signal,
  });
  /** A machine was asked for, and the journal does not say where. */
  const asked = (job: string): JobFolder => {
    const folder = JobFolder.create(scratch(), job);
    folder.writeSecret('client-key', 'a key');
    folder.journal.write({ type: 'intent', what: 'create-machine', region: 'nyc3', size: 's' });
    return folder;
  };
  beforeEach(() => said.splice(0));

  test('records no zero and keeps the keys: it says which command finds what is left', async () => {
    const folder = asked(first);
    const left = await teardown(folder, context());
    expect(left).toHaveLength(1);
    expect(folder.facts().teardown?.left).toEqual(left);
    expect(folder.readSecret('client-key')).toBe('a key');
    expect(stillAlive(first, left)).toMatchObject({
      fix: expect.stringContaining('cvicast gc --provider') as string,
      exit: 'alive',
    });
  });

  test('names the machine of a host of the user’s own, whose login is lost with the request', async () => {
    const folder = asked(first);
    folder.journal.write({
      type: 'opened',
      ...{ provider: 'host', region: 'there', size: 's', pricePerHour: 0, currency: 'USD' },
      ...{ expiresAt: '2026-11-28T12:28:30Z', toolchain: 'venv' },
    });
    folder.journal.write({ type: 'machine', address: '192.0.2.7', port: 22, user: 'me', machineId: '192.0.2.7' });
    expect(await teardown(folder, context())).toMatchObject([{ type: 'host', id: '192.0.2.7' }]);
  });

  test.each(['', '{"job":"cv-2026', 'null'])('takes a torn one (%j) for lost, and that job only', async (text) => {
    const folder = asked(first);
    fs.writeFileSync(folder.file('request.json'), text);
    asked(second);
    const ended = await endJobs('all', context());
    expect(ended.map(({ job, left }) => [job, left.length])).toEqual([
      [first, 1],
      [second, 1],
    ]);
    expect(said.join('\n')).toContain(`what ${first} was asked to do is lost`);
  });

  test('says who holds it where that process is stopped, and leaves the job as it was', async () => {
    const folder = asked(first);
    const holder = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const lock = folder.file('teardown.lock');
    fs.writeFileSync(lock, JSON.stringify(markOf(holder.pid)));
    holder.kill('SIGSTOP');
    try {
      const left = await teardown(folder, context());
      expect(left).toMatchObject([{ type: 'process', id: String(holder.pid) }]);
      const { fix, exit } = stillAlive(first, left);
      expect([fix, exit]).toEqual([expect.stringContaining(`kill -9 ${holder.pid}`), 'alive']);
      expect(folder.facts().teardown).toBeNull();
      expect(fs.existsSync(lock)).toBe(true);
    } finally {
      holder.kill('SIGKILL');
    }
  });

  describe('which another computer’s process has begun', () => {
    beforeEach(() => void jest.useFakeTimers());
    afterEach(() => void jest.useRealTimers());

    test('is left to it after a minute, with who that is and what to do', async () => {
      const folder = asked(first);
      const lock = folder.file('teardown.lock');
      fs.writeFileSync(lock, JSON.stringify({ pid: 4711, started: 'x', host: 'far-away', numbers: 'another start' }));
      const ending = teardown(folder, context());
      await jest.advanceTimersByTimeAsync(120_000);
      const left = await ending;
      expect(said.join('\n')).toContain('waiting for the teardown that process 4711 of far-away has begun');
      expect(stillAlive(first, left)).toMatchObject({
        why: expect.stringContaining('process 4711 of the computer far-away') as string,
        fix: expect.stringContaining(`run \`rm '${lock}'\`, then \`cvicast down ${first}\``) as string,
        exit: 'alive',
      });
      expect(folder.facts().teardown).toBeNull();
    });
  });

  test('is over at once where nothing was asked for', async () => {
    expect(await teardown(JobFolder.create(scratch(), first), context())).toEqual([]);
  });
});
