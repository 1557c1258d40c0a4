import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { endJobs } from '../../src/job/down';
import { JobFolder } from '../../src/job/folder';
import { isStopped, markOf } from '../../src/job/process-mark';
import { useScratch } from '../_helpers/scratch';

const job = 'cv-20261128-112830-7f3a9c';

describe('down of a job whose client is stopped', () => {
  const scratch = useScratch();
  const said: string[] = [];
  let client: ChildProcess;
  beforeEach(() => said.splice(0));
  afterEach(() => void client.kill('SIGKILL'));

  async function stoppedClient(program: string): Promise<JobFolder> {
    client = spawn(process.execPath, ['-e', `${program}; process.stdin.resume(); console.log('ready');`], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await once(client.stdout!, 'data');
    const folder = JobFolder.create(scratch(), job);
    const mark = markOf(client.pid);
    folder.journal.write({ type: 'holder', process: mark });
    client.kill('SIGSTOP');
    while (!isStopped(mark)) await new Promise((resolve) => setImmediate(resolve));
    return folder;
  }
  const down = () =>
    endJobs([job], {
      ...{ home: scratch(), env: {}, signal: new AbortController().signal },
      emit: (event) => void said.push(event.type === 'note' ? event.message : event.type),
    });

  test('makes it go on, so that it hears that it is to end', async () => {
    const folder = await stoppedClient(`process.on('SIGTERM', () => process.exit(0))`);
    const ended = once(client, 'exit');
    expect(await down()).toEqual([{ job, left: [] }]);
    expect(await ended).toEqual([0, null]);
    expect(said).toEqual([expect.stringMatching(/^process \d+, .* is stopped; making it go on/)]);
    expect(folder.facts().closed?.result).toBe('ended by `cvicast down`');
  });

  test('goes on without one that stays stopped', async () => {
    await stoppedClient(`process.on('SIGTERM', () => process.kill(process.pid, 'SIGSTOP'))`);
    expect(await down()).toEqual([{ job, left: [] }]);
    expect(said.at(-1)).toBe(`process ${client.pid} stays stopped; going on without it`);
  });
});
