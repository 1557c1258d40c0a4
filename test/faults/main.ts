// The whole grid of scripts/faults. Prints progress to stderr, the grid to stdout.
import { parseArgs } from 'node:util';
import { chosen, pool, tableOf, whyNoMachines } from './grid';
import { runCell, type CellResult } from './run-cell';

const usage = `scripts/faults [--jobs N] [--only NAMES]
  --jobs N      cells at a time (default 4)
  --only NAMES  names of stages, faults and places, with commas: only their cells; FAULT:STAGE is one cell`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      jobs: { type: 'string', default: '4' },
      only: { type: 'string', default: '' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const why = whyNoMachines();
  if (why !== null) throw new Error(why);
  const words = values.only
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const cells = chosen(words);
  const begun = performance.now();
  let done = 0;
  const tell = (result: CellResult): CellResult => {
    const { stage, fault, place, real } = result.cell;
    const verdict = result.problems.length === 0 ? 'held' : 'DID NOT HOLD';
    process.stderr.write(
      `${++done}/${cells.length} ${fault.name} × ${stage.name} on ${place}${real === true ? ', real tools' : ''}: ${verdict} (${result.seconds.toFixed(0)} s)\n`,
    );
    for (const problem of result.problems) process.stderr.write(`    ${problem.replaceAll('\n', '\n    ')}\n`);
    return result;
  };
  const results = await Promise.all(pool(cells, Number(values.jobs), async (cell) => tell(await runCell(cell))));
  const held = results.filter(({ problems }) => problems.length === 0).length;
  const minutes = ((performance.now() - begun) / 60_000).toFixed(1);
  process.stdout.write(`${tableOf(results)}\n${held} of ${results.length} cells held, in ${minutes} min.\n`);
  return held === results.length ? 0 : 1;
}

void main().then(
  (code) => (process.exitCode = code),
  (thrown: unknown) => {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    process.exitCode = 2;
  },
);
