import * as fs from 'node:fs';
import * as path from 'node:path';
import { cli, expectCode, lendToolchain, root, startCli } from '../_helpers/cli';
import { useHome } from '../_helpers/home';
import { jobsFolders } from '../_helpers/left-behind';
import { useScratch } from '../_helpers/scratch';

const model = path.join(root, 'examples/shapes-yolo11n-320.onnx');
const images = path.join(root, 'examples/calibration');

jest.setTimeout(10 * 60_000);

describe('a client that is gone', () => {
  const home = useHome();
  const scratch = useScratch();

  function onlyJob(): string {
    const jobs = fs.readdirSync(path.join(home().path, 'jobs'));
    expect(jobs.length).toBe(1);
    return jobs[0]!;
  }

  async function untilClosed(job: string): Promise<void> {
    const journal = path.join(home().path, 'jobs', job, 'journal.jsonl');
    while (!fs.readFileSync(journal, 'utf8').includes('"type":"closed"'))
      await new Promise((resolve) => setTimeout(resolve, 200));
  }

  test('kill -9 during the conversion: the watchdog tears down, and the job can be resumed', async () => {
    lendToolchain(home().path);
    const env = { ...home().env, CVICAST_WATCHDOG_SECONDS: '1' };
    const run = startCli(['convert', model, '--images', images, '--out', path.join(scratch(), 'out')], { env });
    await run.until(/^transform/m);
    run.child.kill('SIGKILL');
    await run.ended;
    const job = onlyJob();
    await untilClosed(job);
    expect(jobsFolders(job)).toEqual([]);
    expect(fs.existsSync(path.join(home().path, 'machines', job))).toBe(false);
    expect(JSON.parse((await cli(['ls', '--json'], { env })).stdout)).toEqual([]);
  });

  test('kill -9 of the client and its watchdog: ls shows it, down ends it', async () => {
    lendToolchain(home().path);
    const env = { ...home().env, CVICAST_WATCHDOG_SECONDS: '600' };
    const run = startCli(['convert', model, '--images', images, '--out', path.join(scratch(), 'out')], { env });
    await run.until(/^transform/m);
    const job = onlyJob();
    const watchdog = JSON.parse(fs.readFileSync(path.join(home().path, 'jobs', job, 'watchdog.json'), 'utf8')) as {
      pid: number;
    };
    process.kill(watchdog.pid, 'SIGKILL');
    run.child.kill('SIGKILL');
    await run.ended;
    const listed = JSON.parse((await cli(['ls', '--json'], { env })).stdout) as {
      job: string;
      state: string;
      resources: { alive: boolean }[];
    }[];
    expect(listed).toMatchObject([{ job, state: 'unattended', resources: [{ alive: true }] }]);

    const [one, two] = await Promise.all([cli(['down', job], { env }), cli(['down', '--all'], { env })]);
    expect([one.code, two.code]).toEqual([0, 0]);
    expect(one.stdout).toContain('nothing is left');
    expect(jobsFolders(job)).toEqual([]);
    expect(fs.existsSync(path.join(home().path, 'machines', job))).toBe(false);
  });

  test('kill -9 of the client: attach goes on with the machine and delivers', async () => {
    lendToolchain(home().path);
    const env = { ...home().env, CVICAST_WATCHDOG_SECONDS: '600' };
    const out = path.join(scratch(), 'out');
    const run = startCli(['convert', model, '--images', images, '--calibration-count', '10', '--out', out], { env });
    await run.until(/^transform/m);
    run.child.kill('SIGKILL');
    await run.ended;
    const attached = await cli(['attach', onlyJob()], { env });
    expectCode(attached, 0);
    expect(fs.existsSync(path.join(out, 'shapes-yolo11n-320_cv181x_int8.cvimodel'))).toBe(true);
  });
});
