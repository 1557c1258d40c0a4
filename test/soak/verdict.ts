import type { GridCell } from '../faults/run-cell';
import type { Sample } from './watchdogs';

export interface Turn {
  readonly cell: GridCell;
  readonly seconds: number;
  /** The watchdog, shortly before its client ended; null when none lived long enough to be seen. */
  readonly watchdog: Sample | null;
  readonly problems: readonly string[];
}

/** Handles and memory may differ a little from process to process, and by what the collector has not yet freed. */
const tolerated = { handles: 2, kib: 12 * 1024 };

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;
}

/** What grew from one sample to another. */
export function growthBetween(what: string, first: Sample, last: Sample): string[] {
  return (['handles', 'kib'] as const)
    .filter((kind) => last[kind] > first[kind] + tolerated[kind])
    .map((kind) => `${what}: ${kind} went from ${first[kind]} to ${last[kind]}`);
}

/** The typical watchdog of some turns. */
export function typical(turns: readonly Turn[]): Sample | null {
  const seen = turns.flatMap(({ watchdog }) => (watchdog === null ? [] : [watchdog]));
  if (seen.length === 0) return null;
  return { handles: median(seen.map(({ handles }) => handles)), kib: median(seen.map(({ kib }) => kib)) };
}

/** What the watchdogs of the first and the last turns tell; a comparison without both sides proves nothing, and counts as a leak. */
export function growthOver(first: Sample | null, last: Sample | null): string[] {
  if (first !== null && last !== null) return growthBetween('watchdogs of the first and last jobs', first, last);
  const unseen = [...(first === null ? ['first'] : []), ...(last === null ? ['last'] : [])];
  return unseen.map((which) => `no watchdog of the ${which} jobs was seen: nothing is known of its growth`);
}

/** The turns as a Markdown table. */
export function tableOf(turns: readonly Turn[]): string {
  const mib = (sample: Sample): string => (sample.kib / 1024).toFixed(0);
  const rows = turns.map(({ cell, seconds, watchdog, problems }, index) => [
    ...[String(index + 1), cell.place, cell.fault.name, cell.fault.arm ? '–' : cell.stage.name, seconds.toFixed(0)],
    ...(watchdog === null ? ['–', '–'] : [String(watchdog.handles), mib(watchdog)]),
    problems.length === 0 ? 'held' : '**no**',
  ]);
  const head = ['turn', 'place', 'fault', 'stage', 's', 'handles', 'MiB', 'result'];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
