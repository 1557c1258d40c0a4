import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';

/** A process that can be recognised later: its number alone may be another's by then. */
export interface ProcessMark {
  readonly pid: number;
  /** Start time as the system words it (clock ticks since boot on Linux, `ps` text elsewhere). */
  readonly started: string;
  readonly host: string;
}

/** When a process started, in the system's own words; null when there is none of this number (zombies count as none). */
function startOf(pid: number): string | null {
  if (process.platform === 'linux') {
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields[0] === 'Z' || fields[0] === 'X') return null;
      // A boot id keeps a number of the last boot from passing for one of this.
      return `${fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().slice(0, 8)}-${fields[19] ?? ''}`;
    } catch {
      return null;
    }
  }
  try {
    const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return text.trim() || null;
  } catch {
    return null;
  }
}

/** The mark of a running process (default: this one). */
export function markOf(pid: number = process.pid): ProcessMark {
  return { pid, started: startOf(pid) ?? 'unknown', host: os.hostname() };
}

/** Whether the marked process still runs on this computer; one of another host counts as running (we cannot know). */
export function isRunning(mark: ProcessMark): boolean {
  if (mark.host !== os.hostname()) return true;
  return startOf(mark.pid) === mark.started;
}
