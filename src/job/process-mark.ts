import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';

/** A process that can be recognised later: its number alone may be another's by then. */
export interface ProcessMark {
  readonly pid: number;
  /** Start time as the system words it (clock ticks since boot on Linux, `ps` text elsewhere). */
  readonly started: string;
  readonly host: string;
  /** Within what the number means something, see `numbersHere`; absent where the system does not tell. */
  readonly numbers?: string;
}

let numbers: string | null | undefined;

/**
 * Within what a process's number means something: this start of this computer, and on Linux the namespace of numbers (a
 * container has its own, and a host name and a kernel in common with whom it likes). Null where the system does not tell.
 *
 * A host name does not tell it: it changes with the Wi-Fi or the container, and without a second computer. Neither does
 * a random id kept beside the home, for two computers may share that home; nor /etc/machine-id, which the containers of
 * an image share. Two that are equal here can see each other's processes; where they differ, the host name is all there is.
 */
function numbersHere(): string | null {
  if (numbers === undefined) numbers = askNumbers();
  return numbers;
}

function askNumbers(): string | null {
  try {
    if (process.platform === 'linux')
      return `${fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fs.readlinkSync('/proc/self/ns/pid')}`;
    if (process.platform === 'darwin')
      return execFileSync('sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'utf8' }).trim() || null;
  } catch {
    // An old or a closed system: the host name has to do.
  }
  return null;
}

/** Whether the marked process is another computer's, as far as can be told: nobody here can see whether it runs. */
export function isForeign(mark: ProcessMark): boolean {
  return mark.host !== os.hostname() && (mark.numbers === undefined || mark.numbers !== numbersHere());
}

/** The fields of a process's line in /proc from its state on; throws when there is none of this number. */
function statOf(pid: number): string[] {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** One column of `ps`, where there is no /proc; throws when there is none of this number. */
function askPs(column: string, pid: number): string {
  return execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

/** When a process started, in the system's own words; null when there is none of this number (zombies count as none). */
function startOf(pid: number): string | null {
  try {
    if (process.platform !== 'linux') return askPs('lstart', pid) || null;
    const fields = statOf(pid);
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    // A boot id keeps a number of the last boot from passing for one of this.
    return `${fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().slice(0, 8)}-${fields[19] ?? ''}`;
  } catch {
    return null;
  }
}

/** Whether the marked process of this computer is stopped (SIGSTOP, Ctrl-Z): it lives, and does nothing. */
export function isStopped(mark: ProcessMark): boolean {
  if (isForeign(mark)) return false;
  try {
    return (process.platform === 'linux' ? statOf(mark.pid)[0] : askPs('state', mark.pid))?.startsWith('T') ?? false;
  } catch {
    return false;
  }
}

/** The mark of a running process (default: this one). */
export function markOf(pid: number = process.pid): ProcessMark {
  const here = numbersHere();
  return {
    ...{ pid, started: startOf(pid) ?? 'unknown', host: os.hostname() },
    ...(here === null ? {} : { numbers: here }),
  };
}

/** Whether the marked process still runs on this computer; one of another's counts as running (we cannot know). */
export function isRunning(mark: ProcessMark): boolean {
  if (isForeign(mark)) return true;
  return startOf(mark.pid) === mark.started;
}
