// The whole grid: scripts/faults [--jobs N] [--only stage,fault,place]. Prints progress to stderr, the grid to stdout.
import { chosen, pool, tableOf, whyNoMachines } from './grid';
import { runCell, type CellResult } from './run-cell';

function optionOf(name: string, otherwise: string): string {
  const at = process.argv.indexOf(name);
  return at === -1 ? otherwise : (process.argv[at + 1] ?? otherwise);
}

async function main(): Promise<number> {
  const why = whyNoMachines();
  if (why !== null) throw new Error(why);
  const words = optionOf('--only', '')
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
  const results = await Promise.all(
    pool(cells, Number(optionOf('--jobs', '4')), async (cell) => tell(await runCell(cell))),
  );
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
