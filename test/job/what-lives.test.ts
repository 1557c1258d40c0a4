import * as fs from 'node:fs';
import * as path from 'node:path';
import { down } from '../../src/cli/commands/down';
import { ls } from '../../src/cli/commands/ls';
import { JobFolder } from '../../src/job/folder';
import { markOf } from '../../src/job/process-mark';
import { homeFolder } from '../../src/paths';
import { runCommand } from '../_helpers/run-command';
import { useScratch } from '../_helpers/scratch';

const job = 'cv-20261128-112830-7f3a9c';
const minutes = 60_000;

describe('what lives', () => {
  const scratch = useScratch();
  // No engine and no credentials are to be found from here.
  const user = () => ({ home: path.join(scratch(), 'home'), env: { HOME: scratch(), CVICAST_RETRY_SECONDS: '0.001' } });
  const list = (all = false) => runCommand(ls, { all }, user());
  const rows = (text: string): string[][] =>
    text
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/ {2,}/));

  /** A job that asked for its machine so many minutes ago, and may have it for so many more. */
  function leave(ago: number, left: number, provider = 'local'): JobFolder {
    const folder = JobFolder.create(user().home, job);
    const at = new Date(Date.now() - ago * minutes).toISOString();
    const expiresAt = new Date(Date.now() + left * minutes).toISOString();
    const terms = { region: 'here', size: 'here', pricePerHour: 0, currency: 'USD', toolchain: 'venv' };
    const lines = [
      { at, type: 'opened', provider, ...terms, expiresAt },
      { at, type: 'intent', what: 'create-machine', region: 'here', size: 'here' },
    ];
    fs.writeFileSync(folder.file('journal.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return folder;
  }
  const machine = (): string => path.join(homeFolder.machines(user().home), job);

  it('is listed with age, cost and the time that is left, and the exit code tells', async () => {
    expect(await list()).toMatchObject({ code: 0, stdout: 'nothing is alive\n' });
    leave(12.5, 47.5);
    fs.mkdirSync(machine(), { recursive: true });
    const lives = await list();
    expect(rows(lives.stdout)).toEqual([
      [job, 'local', 'unattended', '13 min', '48 min', expect.stringMatching(/^\$0/), `machine ${job}`],
    ]);
    expect(lives).toMatchObject({ code: 7, stderr: '`cvicast down --all` ends them\n' });
  });

  it('is not a job whose machine its provider does not list', async () => {
    leave(62.5, -2.5);
    const gone = await list();
    expect(gone.code).toBe(0);
    expect(rows(gone.stdout)[0]?.slice(2, 5)).toEqual(['expired', '63 min', '-']);
    fs.mkdirSync(machine(), { recursive: true });
    expect(rows((await list()).stdout)[0]?.slice(2, 5)).toEqual(['expired', '63 min', 'over']);
  });

  it('may be what a provider that cannot be asked does not tell', async () => {
    leave(1, 59, 'digitalocean');
    const unknown = await list();
    expect(unknown.code).toBe(7);
    expect(unknown.stdout).toMatch(/credentials|token/i);
  });

  it('is no job on a machine of the user that runs here; one that nobody looks after may have left its files there', async () => {
    const folder = leave(0.5, 58.5, 'host');
    const journal = folder.file('journal.jsonl');
    const note = (entry: object) =>
      fs.appendFileSync(journal, `${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`);
    fs.writeFileSync(folder.file('request.json'), JSON.stringify({ job, host: { host: 'me@192.0.2.7:2222' } }));
    note({ type: 'machine', address: '192.0.2.7', port: 2222, user: 'me', machineId: '192.0.2.7' });
    const left = await list();
    expect({ code: left.code, row: rows(left.stdout)[0]?.slice(2) }).toEqual({
      code: 7,
      row: ['unattended', '1 min', '59 min', '$0.00', expect.stringMatching(`^folder me@192.0.2.7:2222:.*${job}`)],
    });
    note({ type: 'holder', process: markOf() });
    const runs = await list();
    expect({ code: runs.code, row: rows(runs.stdout)[0]?.slice(2) }).toEqual({
      code: 0,
      row: ['running', '1 min', '-', '$0.00', 'nothing'],
    });
  });

  it('makes `down` end with 7, name it, and say how it is ended', async () => {
    const folder = leave(1, 59);
    fs.mkdirSync(machine(), { recursive: true });
    const request = { job, provider: 'local', host: null, lease: { region: 'here' }, backendUrl: null };
    fs.writeFileSync(folder.file('request.json'), JSON.stringify(request));
    const ended = await runCommand(down, { job: [job], all: false }, user());
    expect(ended).toMatchObject({ code: 7, stdout: '' });
    expect(ended.stderr).toContain(`Something of ${job} may still be alive, and may cost money: stack ${job}`);
    // Without an engine another `down` alone would never help.
    expect(ended.stderr).toMatch(/fix: .*setup-engine/);
    expect(ended.stderr).toContain(`then run \`cvicast down ${job}\``);
    expect(ended.stderr).not.toContain('again until');
    expect(folder.facts().closed).toBeNull();
    const again = await list();
    expect({ code: again.code, state: rows(again.stdout)[0]?.[2] }).toEqual({ code: 7, state: 'left-over' });
  });
});
