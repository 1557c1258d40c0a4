import { whyNoMachines } from '../_helpers/cloud';
import { cellOf, pool } from '../faults/grid';
import { runCell, type GridCell } from '../faults/run-cell';

// A part of the grid in which every fault comes once; scripts/faults runs all of it.
const part: readonly GridCell[] = [
  cellOf('SIGINT', 'transform'),
  cellOf('SIGTERM', 'up'),
  cellOf('SIGKILL of the CLI', 'deploy'),
  cellOf('SIGKILL of the engine', 'up'),
  cellOf('create answered twice', 'up'),
  cellOf('delete fails 3 times', 'down'),
  cellOf('disk full here', 'deploy', 'local'),
];
const title = ({ fault, stage, place }: GridCell): string => `${fault.name}, in ${stage.name}, on ${place}`;

jest.setTimeout(30 * 60_000);

const why = whyNoMachines();
if (why !== null) process.stderr.write(`faults are skipped: ${why}\n`);

(why === null ? describe : describe.skip)('nothing leaks, nothing is lost', () => {
  const results = new Map<GridCell, ReturnType<typeof runCell>>();
  beforeAll(() => {
    const running = pool(part, 2, runCell);
    part.forEach((cell, index) => results.set(cell, running[index]!));
  });

  test.each(part.map((cell) => [title(cell), cell] as const))('%s', async (_title, cell) => {
    expect((await results.get(cell)!).problems).toEqual([]);
  });
});
