import { faults, type Fault } from '../faults/faults';
import { cells } from '../faults/grid';
import type { GridCell } from '../faults/run-cell';
import { stages, type Stage } from '../faults/stages';
import type { Random } from './random';

/** Where the soak runs. */
export type SoakPlace = 'digitalocean' | 'local';

export interface DrawnTurn extends GridCell {
  readonly place: SoakPlace;
}

/** Nothing goes wrong: the first and the last conversion of a soak, and some between. */
const undisturbed: Fault = {
  name: 'none',
  unfit: () => null,
  arm: () => undefined,
  expected: () => ({ ends: [0], user: 'nothing', result: 'delivered' }),
};

/** Of five conversions one is on this computer and one is left in peace. */
export function drawTurn(random: Random, at: { readonly first: boolean; readonly last: boolean }): DrawnTurn {
  const place: SoakPlace = random.next() < 0.2 ? 'local' : 'digitalocean';
  const isCalm = random.next() < 0.2 || at.first || at.last;
  const drawn = random.pick(cells().filter((cell) => cell.place === place && cell.real !== true));
  if (!isCalm) return { ...drawn, place };
  return { place: at.first || at.last ? 'digitalocean' : place, stage: drawn.stage, fault: undisturbed };
}

/** A stage in which tools stand still, and as many faults as asked for that meet one conversion alone. */
export function drawTogether(random: Random, count: number): { stage: Stage; faults: Fault[] } {
  const tool = ['transform', 'calibrate', 'deploy', 'verify'];
  const stage = random.pick(stages.filter(({ name }) => tool.includes(name)));
  const alone = faults.filter((fault) => fault.alone === true && fault.unfit(stage.name, 'digitalocean') === null);
  return { stage, faults: Array.from({ length: count }, () => random.pick(alone)) };
}
