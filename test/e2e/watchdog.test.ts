import * as fs from 'node:fs';
import * as path from 'node:path';
import { cli, expectCode, lendToolchain, root, startCli, type CliRun } from '../_helpers/cli';
import { useHome } from '../_helpers/home';
import { jobsFolders } from '../_helpers/left-behind';
import { useScratch } from '../_helpers/scratch';
import { whyNoMachines } from '../_helpers/cloud';
import { Cell, until } from '../faults/cell';

const model = path.join(root, 'examples/shapes-yolo11n-320.onnx');
const images = path.join(root, 'examples/calibration');

jest.setTimeout(10 * 60_000);

/** Process id of a job's watchdog. */
function watchdogOf(home: string, job: string): number {
  const mark = fs.readFileSync(path.join(home, 'jobs', job, 'watchdog.json'), 'utf8');
  return (JSON.parse(mark) as { pid: number }).pid;
}

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
    const log = fs.readFileSync(path.join(home().path, 'jobs', job, 'watchdog.log'), 'utf8');
    expect(log).toContain('tearing down: its client is gone without a word');
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
    process.kill(watchdogOf(home().path, job), 'SIGKILL');
    run.child.kill('SIGKILL');
    await run.ended;
    const listed = await cli(['ls', '--json'], { env });
    expectCode(listed, 7);
    expect(JSON.parse(listed.stdout)).toMatchObject([{ job, state: 'unattended', resources: [{ alive: true }] }]);

    const [one, two] = await Promise.all([cli(['down', job], { env }), cli(['down', '--all'], { env })]);
    expect([one.code, two.code]).toEqual([0, 0]);
    expect(one.stdout).toContain('nothing is left');
    expect(jobsFolders(job)).toEqual([]);
    expect(fs.existsSync(path.join(home().path, 'machines', job))).toBe(false);
  });
});

describe('a job that nobody looks after any more', () => {
  test('is gone on with by attach, which watches it again, and delivers', async () => {
    const cell = await Cell.open('local');
    try {
      const { child, ended } = await cell.startUntil('transform');
      const job = cell.job()!;
      const first = watchdogOf(cell.home, job);
      process.kill(first, 'SIGKILL');
      child.kill('SIGKILL');
      await ended;
      cell.tools.openAll();
      expectCode(await cell.command('attach', job), 0);
      expect(watchdogOf(cell.home, job)).not.toBe(first);
      expect(cell.delivered()).toBe(true);
      expect(await cell.alive()).toEqual([]);
    } finally {
      expect(await cell.close()).toEqual([]);
    }
  });

  test('is ended by the next convert, which says so and then does its own', async () => {
    const cell = await Cell.open('local');
    try {
      const { child, ended } = await cell.startUntil('calibrate');
      const job = cell.job()!;
      process.kill(watchdogOf(cell.home, job), 'SIGKILL');
      child.kill('SIGKILL');
      await ended;
      fs.writeFileSync(cell.clockFile, '61');
      cell.tools.openAll();
      const next = await cell.start().ended;
      expectCode(next, 0);
      expect(next.stderr).toContain(`1 earlier job may still have something alive: ${job}\n`);
      expect(next.stderr).toContain(`${job}: nothing is left\n`);
      expect(cell.closed(job)).toBe(true);
      expect(await cell.alive()).toEqual([]);
    } finally {
      expect(await cell.close()).toEqual([]);
    }
  });
});

const why = whyNoMachines();
if (why !== null) process.stderr.write(`a client that hangs is skipped: ${why}\n`);

(why === null ? describe : describe.skip)('a `down` of a job that nobody looks after', () => {
  /** A job whose client and watchdog are gone, and a `down` of it that stands still in the middle. */
  async function heldDown(watchdogSeconds: number): Promise<{ cell: Cell; job: string; run: CliRun }> {
    const cell = await Cell.open('digitalocean', { watchdogSeconds });
    const { child, ended } = await cell.startUntil('calibrate');
    const job = cell.job()!;
    process.kill(watchdogOf(cell.home, job), 'SIGKILL');
    child.kill('SIGKILL');
    await ended;
    await cell.cloud!.fault({ on: 'delete', kind: 'droplet', do: { wait: { gate: 'down', when: 'before' } } });
    const run = startCli(['down', job], { env: cell.env(), cwd: cell.parent });
    await cell.cloud!.until(({ waitingAt }) => waitingAt.includes('down'));
    return { cell, job, run };
  }

  test('goes on to its end when Ctrl-C is pressed, and says so', async () => {
    const { cell, job, run } = await heldDown(600);
    try {
      run.child.kill('SIGINT');
      await run.until(/^SIGINT: the teardown goes on to its end/m);
      await cell.cloud!.open('down');
      const ended = await run.ended;
      expectCode(ended, 130);
      expect(ended.stdout).toContain(`${job}: nothing is left`);
      expect(await cell.alive()).toEqual([]);
      expect(cell.closed(job)).toBe(true);
    } finally {
      expect(await cell.close()).toEqual([]);
    }
  });

  test('is finished by a watchdog when it is killed', async () => {
    const { cell, job, run } = await heldDown(1);
    try {
      run.child.kill('SIGKILL');
      await cell.cloud!.open('down');
      await until('the watchdog has torn down', () => cell.closed(job));
      expect(await cell.alive()).toEqual([]);
    } finally {
      expect(await cell.close()).toEqual([]);
    }
  });
});

(why === null ? describe : describe.skip)('a client that hangs', () => {
  test('is not waited for when its time is over: the watchdog ends its machine', async () => {
    const cell = await Cell.open('digitalocean', { watchdogSeconds: 1 });
    try {
      const { child } = await cell.startUntil('calibrate');
      child.kill('SIGSTOP');
      const job = cell.job()!;
      expect((await cell.command('ls')).code).toBe(7);
      fs.writeFileSync(cell.clockFile, '61');
      await until('the watchdog has torn down', () => cell.closed(job));
      expect(await cell.alive()).toEqual([]);
      expect(cell.journalOf(job)).toContain('torn down by the watchdog: its time is over');
      const log = fs.readFileSync(path.join(cell.home, 'jobs', job, 'watchdog.log'), 'utf8');
      expect(log).toContain('tearing down: its time is over');
      expect((await cell.command('ls')).code).toBe(0);
    } finally {
      // Stopped, it cannot even be asked to end.
      cell.run?.child.kill('SIGKILL');
      expect(await cell.close()).toEqual([]);
    }
  });
});
