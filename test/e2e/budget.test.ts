import * as fs from 'node:fs';
import * as path from 'node:path';
import { whyNoMachines } from '../_helpers/cloud';
import { fakeModelBytes, type FakeStep } from '../_helpers/fake-tools';
import { Cell, until } from '../faults/cell';

jest.setTimeout(15 * 60_000);

const why = whyNoMachines();
if (why !== null) process.stderr.write(`the end of the money is skipped: ${why}\n`);

(why === null ? describe : describe.skip)('the end of the time and of the money', () => {
  let cell: Cell;
  beforeEach(async () => void (cell = await Cell.open('digitalocean')));
  afterEach(async () => expect(await cell.close()).toEqual([]));

  const opened = (): { at: string; expiresAt: string } => {
    const lines = cell.journalOf(cell.jobs().at(-1)!).split('\n');
    return JSON.parse(lines.find((line) => line.includes('"type":"opened"'))!) as { at: string; expiresAt: string };
  };
  /** Lets the job's time pass to so much of it. */
  const passTo = (part: number): void => {
    const { at, expiresAt } = opened();
    const minutes = (Date.parse(expiresAt) - Date.parse(at)) / 60_000;
    fs.writeFileSync(cell.clockFile, String(minutes * part));
  };
  const said = (pattern: RegExp): number => (cell.run!.stderr().match(pattern) ?? []).length;

  /** The job has ended with 3, nothing lives, and `resume` delivers without doing again what was done. */
  async function proveResumable(done: readonly FakeStep[]): Promise<void> {
    const ended = await cell.run!.ended;
    const job = cell.jobs().at(-1)!;
    expect({ code: ended.code, said: ended.code === 3 ? '' : ended.stderr }).toEqual({ code: 3, said: '' });
    expect(ended.stderr).toMatch(/The job's time is over \(\d+ min, \$?[\d.]+.* at list price\)/);
    expect(ended.stderr).toMatch(new RegExp(`fix: .*\`cvicast resume ${job}\``));
    expect(await cell.alive()).toEqual([]);
    expect(cell.delivered()).toBe(false);
    const again = await cell.command('resume', job, '--yes', '--json');
    expect({ code: again.code, said: again.code === 0 ? '' : again.stderr }).toEqual({ code: 0, said: '' });
    expect(cell.delivered()).toBe(true);
    const receipt = JSON.parse(fs.readFileSync(path.join(cell.out, 'receipt.json'), 'utf8')) as {
      stages: { name: string; result: string }[];
    };
    const skipped = receipt.stages.filter(({ result }) => result === 'skipped').map(({ name }) => name);
    expect(skipped).toEqual(done);
    expect(await cell.alive()).toEqual([]);
  }

  test('at 80 % one warning; at the end teardown, exit 3, and resume goes on', async () => {
    await cell.startUntil('calibrate');
    expect(said(/80 %/g)).toBe(0);
    passTo(0.82);
    await until('it warns', () => said(/80 %/g) > 0);
    passTo(0.9);
    await until('the tool still waits', () => cell.tools.reached('calibrate'));
    passTo(1);
    await until('it says that the time is over', () => said(/time is over/g) > 0);
    // The tool never came to its end: the machine went from under it.
    await cell.run!.ended;
    expect(said(/80 % of the job's time is used, .* at list price; \d+ s are left/g)).toBe(1);
    cell.tools.openAll();
    await proveResumable([]);
  });

  test('what is on its way home when the time ends still arrives', async () => {
    await cell.startUntil('deploy');
    await cell.cloud!.stall({ direction: 'down', bytes: 1_200_000 });
    cell.tools.openAll();
    await cell.cloud!.until(({ stalled }) => stalled);
    passTo(1);
    await until('it says that the time is over', () => said(/time is over/g) > 0);
    await cell.cloud!.flow();
    const kept = path.join(cell.home, 'jobs', cell.jobs().at(-1)!, 'kept/files');
    await cell.run!.ended;
    const whole = fs.readdirSync(kept).filter((name) => name.endsWith('.cvimodel'));
    expect(whole.map((name) => fs.statSync(path.join(kept, name)).size)).toEqual([fakeModelBytes]);
    await proveResumable(['calibrate']);
  });
});
