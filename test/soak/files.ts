import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Cell } from '../faults/cell';

/** What a job's folder may keep after its end: what explains it, and what `resume` needs. */
const keptOfJob =
  /^(?:journal\.jsonl|request\.json|receipt\.json|watchdog\.(?:json|log)|teardown\.lock|engine(?:\/.*)?|kept(?:\/.*)?)$/;
/** Pulumi's own folder, the toolchain that is lent, and tables, which each turn begins without. */
const notCounted = /^(?:toolchains|tables)(?:\/|$)/;
/** Far beyond the model, the table and the logs of one job of this size. */
const mostBytesOfJob = 8_000_000;

export interface Inventory {
  /** Everything under the home that is no job's, by path; names of jobs are made one. */
  readonly home: ReadonlyMap<string, number>;
  readonly jobs: number;
  /** Of the largest job's folder. */
  readonly jobBytes: number;
  /** What jobs keep that they are not meant to keep. */
  readonly strange: readonly string[];
}

function filesBelow(folder: string): { name: string; bytes: number }[] {
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((name) => {
    const stat = fs.lstatSync(path.join(folder, name));
    return stat.isDirectory() ? [] : [{ name, bytes: stat.size }];
  });
}

/** What lies in a cell's home now. */
export function inventory(cell: Cell): Inventory {
  const home = new Map<string, number>();
  for (const { name, bytes } of filesBelow(cell.home)) {
    if (name.startsWith('jobs/') || notCounted.test(name)) continue;
    home.set(name, bytes);
  }
  const strange: string[] = [];
  let jobBytes = 0;
  for (const job of cell.jobs()) {
    const files = filesBelow(path.join(cell.home, 'jobs', job));
    strange.push(...files.filter(({ name }) => !keptOfJob.test(name)).map(({ name }) => `${job}/${name}`));
    jobBytes = Math.max(
      jobBytes,
      files.reduce((sum, { bytes }) => sum + bytes, 0),
    );
  }
  return { home, jobs: cell.jobs().length, jobBytes, strange };
}

/** What a cell's folders hold now that they should not, compared with an earlier look. */
export function growth(cell: Cell, before: Inventory): string[] {
  const now = inventory(cell);
  const added = [...now.home.keys()].filter((name) => !before.home.has(name));
  const grown = [...now.home].filter(([name, bytes]) => bytes > (before.home.get(name) ?? bytes) + 4096);
  const scratch = fs.readdirSync(cell.scratch);
  const atMost = (names: readonly string[]): string => `${names.length}: ${names.slice(0, 5).join(', ')}`;
  return [
    ...(added.length > 0 ? [`files were added to the home, ${atMost(added)}`] : []),
    ...(grown.length > 0 ? [`files in the home grow, ${atMost(grown.map(([name]) => name))}`] : []),
    ...(now.strange.length > 0 ? [`jobs keep what they should not, ${atMost(now.strange)}`] : []),
    ...(now.jobBytes > mostBytesOfJob ? [`a job keeps ${now.jobBytes} bytes`] : []),
    ...(scratch.length > 0 ? [`the folder for temporary files is not empty, ${atMost(scratch)}`] : []),
  ];
}
