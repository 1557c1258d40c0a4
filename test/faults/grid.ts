import { whyNoMachines } from '../_helpers/cloud';
import type { PlaceName } from './cell';
import { faults } from './faults';
import type { CellResult, GridCell } from './run-cell';
import { stages, type StageName } from './stages';

const places: readonly PlaceName[] = ['digitalocean', 'local'];

/** Cells that run with the real TPU-MLIR programs too, where a fake could hide what happens: they work for minutes, in many processes. */
const withRealTools: readonly string[] = [
  'SIGINT:transform:digitalocean',
  'SIGKILL of the CLI:calibrate:local',
  'connection cut:deploy:digitalocean',
];

/** Why a cell is not run; null when it is. */
function unfit({ stage, fault, place }: GridCell): string | null {
  if (!stage.places.includes(place)) return `nothing stands still in ${stage.name} there`;
  return fault.unfit(stage.name, place);
}

/** All cells that make sense; those of `withRealTools` besides with the real programs. */
export function cells(): GridCell[] {
  const all: GridCell[] = faults
    .flatMap((fault) => stages.flatMap((stage) => places.map((place) => ({ stage, fault, place }))))
    .filter((cell) => unfit(cell) === null);
  const named = ({ fault, stage, place }: GridCell): string => `${fault.name}:${stage.name}:${place}`;
  return [...all, ...all.filter((cell) => withRealTools.includes(named(cell))).map(asReal)];
}

const asReal = (cell: GridCell): GridCell => ({ ...cell, real: true });
const toolsOf = ({ real }: GridCell): 'real' | 'fake' => (real === true ? 'real' : 'fake');

/**
 * Cells by the words of `--only`: names of stages, of faults, of places, and `real` or `fake` tools (of each sort any one must
 * fit), or single cells as `FAULT:STAGE`, `FAULT:STAGE:PLACE` or `FAULT:STAGE:PLACE:real`.
 */
export function chosen(words: readonly string[]): GridCell[] {
  const single = words.filter((word) => word.includes(':')).map((word) => word.split(':'));
  const sorts = words.filter((word) => !word.includes(':'));
  const [stageNames, faultNames] = [stages.map(({ name }) => name), faults.map(({ name }) => name)];
  const tools = ['fake', 'real'];
  const names: readonly string[] = [...stageNames, ...faultNames, ...places, ...tools];
  const unknown = [...sorts, ...single.flat()].find((word) => !names.includes(word));
  if (unknown !== undefined) throw new Error(`no stage, fault or place is called ${JSON.stringify(unknown)}`);
  const fits = (of: readonly string[], name: string): boolean => {
    const wanted = sorts.filter((word) => of.includes(word));
    return wanted.length === 0 || wanted.includes(name);
  };
  const named = (cell: GridCell): boolean =>
    single.some(
      ([fault, stage, place = cell.place, tools = 'fake']) =>
        fault === cell.fault.name && stage === cell.stage.name && place === cell.place && tools === toolsOf(cell),
    );
  return cells().filter((cell) => {
    if (named(cell)) return true;
    if (sorts.length === 0 && single.length > 0) return false;
    const { stage, fault, place } = cell;
    return (
      fits(stageNames, stage.name) && fits(faultNames, fault.name) && fits(places, place) && fits(tools, toolsOf(cell))
    );
  });
}

/** The cell of those names; throws when there is none. */
export function cellOf(fault: string, stage: StageName, place: PlaceName = 'digitalocean'): GridCell {
  const found = cells().find(
    (one) => one.fault.name === fault && one.stage.name === stage && one.place === place && one.real !== true,
  );
  if (!found) throw new Error(`no cell ${fault} × ${stage} on ${place}`);
  return found;
}

/** Runs work on items, so many at a time; the answers come in the items' order. */
export function pool<Item, Answer>(
  items: readonly Item[],
  jobs: number,
  work: (item: Item) => Promise<Answer>,
): Promise<Answer>[] {
  const waiting: (() => void)[] = [];
  let free = jobs;
  return items.map(async (item) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => void waiting.push(resolve));
    try {
      return await work(item);
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  });
}

/** The grid as a Markdown table for each place: what held, what did not, what makes no sense. */
export function tableOf(results: readonly CellResult[]): string {
  const head = ['fault', ...stages.map(({ name }) => name)];
  const all = cells();
  const mark = (place: PlaceName, tools: string, fault: string, stage: StageName): string => {
    const here = (cell: GridCell): boolean =>
      cell.place === place && toolsOf(cell) === tools && cell.fault.name === fault && cell.stage.name === stage;
    const result = results.find(({ cell }) => here(cell));
    if (result) return result.problems.length === 0 ? 'held' : '**no**';
    return all.some(here) ? 'not run' : '–';
  };
  return ['fake', 'real']
    .flatMap((tools) => places.map((place) => ({ tools, place })))
    .map(({ tools, place }) => {
      const rows = faults
        .map(({ name }) => [name, ...stages.map((stage) => mark(place, tools, name, stage.name))])
        .filter((row) => row.slice(1).some((text) => text !== '–'));
      return [
        `On ${place}${tools === 'real' ? ', with the real TPU-MLIR' : ''}:`,
        '',
        row(head),
        row(head.map(() => '---')),
        ...rows.map(row),
        '',
      ].join('\n');
    })
    .join('\n');
}

const row = (words: readonly string[]): string => `| ${words.join(' | ')} |`;

export { whyNoMachines };
