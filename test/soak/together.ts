import { until, type Cell } from '../faults/cell';
import type { Fault } from '../faults/faults';
import { afterwards, provePeace, proveResult, withLimit } from '../faults/run-cell';
import type { Stage } from '../faults/stages';
import type { CliResult } from '../_helpers/cli';

/** Conversions of one home at the same time, each met by a fault of its own while all stand still in a stage. */
export async function together(
  cell: Cell,
  stage: Stage,
  faults: readonly Fault[],
): Promise<{ fault: Fault; problems: string[] }[]> {
  await cell.next();
  const turns = faults.map((fault, number) => {
    const one = cell.beside(number, fault.surroundings);
    return { one, fault, grid: { stage, fault, place: cell.place }, problems: [] as string[] };
  });
  await stage.prepare(cell);
  const running = turns.map(({ one }) => one.start());
  try {
    await until(`all stand still in ${stage.name}`, () =>
      turns.every(({ one }, index) => {
        const { child } = running[index]!;
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`one ended before ${stage.name}:\n${running[index]!.stderr()}`);
        const job = one.job();
        return job !== undefined && one.journalOf(job).includes(`"stage":"${stage.name}","phase":"begun"`);
      }),
    );
    for (const { one, fault } of turns) await fault.inject?.(one, stage.name);
    await stage.release(cell);
    const ended: CliResult[] = [];
    for (const [index, { one }] of turns.entries()) ended.push(await withLimit(one, running[index]!.ended));
    for (const [index, { one, grid, problems }] of turns.entries())
      await afterwards(one, grid, ended[index]!, problems);
    await provePeace(cell, turns[0]!.problems, 'after four at once');
    await Promise.all(turns.map(({ one, grid, problems }, index) => proveResult(one, grid, ended[index]!, problems)));
    await provePeace(cell, turns[0]!.problems, 'after four resumes at once');
  } catch (thrown) {
    turns[0]!.problems.push(String(thrown));
  } finally {
    for (const run of running) run.child.kill('SIGKILL');
  }
  return turns.map(({ fault, problems }) => ({ fault, problems }));
}
