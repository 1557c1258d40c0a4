import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Cell } from '../faults/cell';

/** What a watchdog process holds at one moment. */
export interface Sample {
  readonly handles: number;
  readonly kib: number;
}

/** Looks at a watchdog; null when it is not there. */
function lookAt(pid: number): Sample | null {
  try {
    const handles = fs.readdirSync(`/proc/${pid}/fd`).length;
    const kib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 'NaN');
    return Number.isNaN(kib) ? null : { handles, kib };
  } catch {
    return null;
  }
}

/** The watchdog of this turn's job as it is now; null when there is none yet, or none any more. */
export function watchdogOf(cell: Cell): Sample | null {
  const job = cell.job();
  if (job === undefined) return null;
  try {
    const file = path.join(cell.home, 'jobs', job, 'watchdog.json');
    return lookAt((JSON.parse(fs.readFileSync(file, 'utf8')) as { pid: number }).pid);
  } catch {
    return null;
  }
}

/**
 * Looks again and again at the watchdog of a cell's present job as long as its client lives, before it has anything to
 * do itself. The function that is answered ends that, and answers the last sample.
 */
export function observe(cell: Cell): () => Sample | null {
  let last: Sample | null = null;
  const timer = setInterval(() => {
    const client = cell.run?.child;
    if (client?.exitCode !== null || client.signalCode !== null) return;
    last = watchdogOf(cell) ?? last;
  }, 250);
  return () => {
    clearInterval(timer);
    return last;
  };
}
