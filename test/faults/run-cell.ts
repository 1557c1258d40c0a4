import * as fs from 'node:fs';
import { messageOf } from '../../src/errors';
import type { CliResult } from '../_helpers/cli';
import { processesLeft } from '../_helpers/home';
import { Cell, inputsHash, until, type PlaceName } from './cell';
import type { Expected, Fault } from './faults';
import type { Stage } from './stages';

export interface GridCell {
  readonly stage: Stage;
  readonly fault: Fault;
  readonly place: PlaceName;
  /** With the real TPU-MLIR programs, in place of the fakes. */
  readonly real?: true;
}

export interface CellResult {
  readonly cell: GridCell;
  /** Empty: everything held. */
  readonly problems: readonly string[];
  readonly seconds: number;
}

/** Runs one cell of the grid from the start of a conversion to the proof that nothing is left. Does not throw. */
export async function runCell(grid: GridCell): Promise<CellResult> {
  const begun = performance.now();
  const problems: string[] = [];
  try {
    const cell = await Cell.open(grid.place, {
      ...grid.fault.surroundings,
      ...(grid.real === true ? { tools: 'real' } : {}),
    });
    try {
      await story(cell, grid, problems);
      await proveBill(cell, problems);
    } catch (thrown) {
      problems.push(`${messageOf(thrown)}\n${cell.run?.stderr() ?? ''}`);
    } finally {
      if (problems.length > 0 && cell.cloud !== null)
        problems.push(`console: ${(await cell.cloud.logs().catch(messageOf)).slice(-2000)}`);
      problems.push(...(await cell.close()).map((text) => `left running: ${text}`));
    }
  } catch (thrown) {
    problems.push(messageOf(thrown));
  }
  return { cell: grid, problems, seconds: (performance.now() - begun) / 1000 };
}

/** Lets a fault meet one conversion of a cell, and adds what did not hold to `problems`. */
export async function story(cell: Cell, grid: GridCell, problems: string[]): Promise<void> {
  const inputs = inputsHash();
  const ended = await meet(cell, grid);
  await afterwards(cell, grid, ended, problems);
  await provePeace(cell, problems, ended.stderr);
  if (isHeld(grid)) {
    problems.push(...(await processesLeft(cell.parent)).map(({ text }) => `outlived the teardown: ${text}`));
    await grid.stage.release(cell);
  }
  if (await proveResult(cell, grid, ended, problems)) await provePeace(cell, problems, 'after resume');
  if (inputsHash() !== inputs) problems.push('the user’s files were changed');
}

/** How the conversion ended, and what cleans up after it. */
export async function afterwards(
  cell: Cell,
  { stage, fault }: GridCell,
  ended: CliResult,
  problems: string[],
): Promise<void> {
  const expected = fault.expected(stage.name);
  check(problems, 'the conversion', ended, expected);
  await proveWord(cell, ended, problems);
  await fault.mend?.(cell);
  await cleanUp(cell, ended, expected, problems);
}

/** The result is there, or `resume` delivers it. Answers whether it had to. */
export async function proveResult(
  cell: Cell,
  { stage, fault }: GridCell,
  ended: CliResult,
  problems: string[],
): Promise<boolean> {
  const { result } = fault.expected(stage.name);
  if (result === 'delivered' && !cell.delivered()) problems.push(`no result:\n${ended.stderr}`);
  const mustResume = result === 'resumable' && !cell.delivered();
  if (mustResume) await resume(cell, problems);
  if (fs.readFileSync(`${cell.out}/mine.txt`, 'utf8') !== 'the user’s own')
    problems.push('a file in --out was changed');
  const parts = fs
    .readdirSync(cell.out, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.part'));
  if (parts.length > 0) problems.push(`half files: ${parts.join(', ')}`);
  return mustResume;
}

/**
 * Does the stage stand still until peace is proven? On this computer a tool that is let go ends by itself, and nobody would
 * see that the teardown forgot it. A conversion that goes on, or comes upon the fault in its next step, has to be let go.
 */
function isHeld({ place, stage, fault }: GridCell): boolean {
  const { user, result } = fault.expected(stage.name);
  return place === 'local' && user === 'nothing' && result === 'resumable';
}

/** Starts the conversion and lets the fault meet it in the stage. */
async function meet(cell: Cell, grid: GridCell): Promise<CliResult> {
  const { stage, fault } = grid;
  if (fault.arm) {
    await fault.arm(cell, stage.name);
    return withLimit(cell, cell.start().ended);
  }
  await stage.prepare(cell);
  const run = cell.start();
  let over: CliResult | null = null;
  void run.ended.then((result) => (over = result));
  await until(`the conversion stands still in ${stage.name}`, async () => {
    if (over !== null) throw new Error(`it ended with ${String(over.code)} before ${stage.name}`);
    return stage.reached(cell);
  });
  await fault.inject?.(cell, stage.name);
  if (!isHeld(grid)) await stage.release(cell);
  return withLimit(cell, run.ended);
}

export async function withLimit(cell: Cell, ended: Promise<CliResult>): Promise<CliResult> {
  let result: CliResult | null = null;
  void ended.then((value) => (result = value));
  await until(`the conversion ends (it says: ${cell.run!.stderr().slice(-500)})`, () => result !== null);
  return result!;
}

/** Whatever ended it but a SIGKILL or a 7 says "torn down": then nothing may live before anybody else does anything. */
async function proveWord(cell: Cell, { code, signal, stderr }: CliResult, problems: string[]): Promise<void> {
  if (code === 7 || signal === 'SIGKILL') return;
  const alive = await cell.alive();
  if (alive.length > 0)
    problems.push(`it ended with ${String(code ?? signal)}, and ${alive.join(', ')} lived:\n${stderr}`);
}

function check(problems: string[], who: string, { code, signal, stdout, stderr }: CliResult, expected: Expected): void {
  const how = code ?? signal;
  if (how === null || !expected.ends.includes(how))
    problems.push(`${who} ended with ${String(how)}, not ${expected.ends.join(' or ')}:\n${stderr}`);
  if (expected.says !== undefined && !expected.says.test(stdout + stderr))
    problems.push(`${who} did not say ${String(expected.says)}:\n${stderr}`);
  if (expected.isOurBug !== true && /report the output|broke a promise to itself/.test(stderr))
    problems.push(`${who} met a bug of ours:\n${stderr}`);
}

/** At most one further command of the user, or the watchdog alone. */
async function cleanUp(cell: Cell, ended: CliResult, expected: Expected, problems: string[]): Promise<void> {
  const job = cell.job();
  if (job === undefined) return;
  if (expected.user === 'down') {
    const down = await cell.command('down', job);
    if (down.code !== 0) problems.push(`down ended with ${String(down.code)}:\n${down.stdout}${down.stderr}`);
  } else if (ended.code === null) {
    await until('the watchdog has cleaned up', () => cell.closed(job));
    if (expected.withoutLog !== true) proveHaste(cell, job, problems);
  }
}

/** What is promised beyond the end of a job's time, for all that a watchdog does then; seconds. */
const promisedSeconds = 60;

/** A watchdog that has begun is through within the time that is promised, by its log's and the journal's own stamps. */
function proveHaste(cell: Cell, job: string, problems: string[]): void {
  if (!cell.journalOf(job).includes('torn down by the watchdog')) return;
  const [begun, closed] = [cell.watchdogBeganAt(job), cell.closedAt(job)];
  if (begun === null || closed === null) {
    problems.push('the watchdog tore down, and its log or the journal does not say when');
    return;
  }
  const seconds = (closed - begun) / 1000;
  if (seconds > promisedSeconds) problems.push(`the watchdog took ${seconds} s for its teardown`);
}

/** Asks the cloud itself, this computer, and the program. */
export async function provePeace(cell: Cell, problems: string[], context: string): Promise<void> {
  const alive = await cell.alive();
  if (alive.length > 0) problems.push(`still alive: ${alive.join(', ')}\n${context}`);
  const listed = await cell.command('ls', '--json');
  if (listed.code !== 0 || listed.stdout.trim() !== '[]') problems.push(`ls: ${listed.stdout}${listed.stderr}`);
  const passing = fs.readdirSync(cell.scratch).filter((name) => name.startsWith('pulumi'));
  if (passing.length > 0) problems.push(`the engine left ${passing.join(', ')} among the temporary files`);
  for (const job of cell.jobs()) {
    for (const name of ['client-key', 'passphrase', 'machine-request.json'])
      if (fs.existsSync(`${cell.home}/jobs/${job}/${name}`)) problems.push(`${name} of ${job} is still there`);
  }
  const remarks = cell.cloud === null ? [] : (await cell.cloud.ledger()).remarks;
  if (remarks.length > 0) problems.push(`the cloud remarks: ${remarks.join('; ')}`);
}

/** The user is told no less than what the cloud bills. A computer whose clock jumped cannot know. */
async function proveBill(cell: Cell, problems: string[]): Promise<void> {
  if (cell.cloud === null || fs.existsSync(cell.clockFile)) return;
  const jobs = JSON.parse((await cell.command('ls', '--all', '--json')).stdout) as { cost: number }[];
  const told = jobs.reduce((sum, { cost }) => sum + cost, 0);
  const { bill } = await cell.cloud.ledger();
  if (told < bill - 1e-5) problems.push(`the user was told of $${told}, and the cloud bills $${bill}`);
}

/** Goes on with the job; what had come home of it is not made again. */
async function resume(cell: Cell, problems: string[]): Promise<void> {
  const hadTable = cell.hasTable();
  const again = await cell.command('resume', cell.job()!, '--yes');
  if (again.code !== 0) problems.push(`resume ended with ${String(again.code)}:\n${again.stderr}`);
  if (!cell.delivered()) problems.push('resume did not deliver');
  else if (hadTable && !cell.reusedTable()) problems.push('resume calibrated again, though the table was home already');
}
