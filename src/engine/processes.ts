import * as fs from 'node:fs';

/** A process as `/proc` shows it. On systems without `/proc` nothing is listed. */
export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  /** Clock ticks between the boot and its start: with the number it names one process for ever (until the next boot). */
  readonly started: string;
  readonly zombie: boolean;
}

/** What `/proc` tells of a process; null when there is none of this number. */
export function factsOfProcess(pid: number): ProcessFacts | null {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      pid,
      parent: Number(fields[1]),
      started: fields[19] ?? '',
      zombie: fields[0] === 'Z' || fields[0] === 'X',
    };
  } catch {
    return null;
  }
}

/** All processes that run (zombies are over), this one included. */
export function runningProcesses(): ProcessFacts[] {
  let names: string[];
  try {
    names = fs.readdirSync('/proc');
  } catch {
    return [];
  }
  return names
    .filter((name) => /^\d+$/.test(name))
    .map((name) => factsOfProcess(Number(name)))
    .filter((facts): facts is ProcessFacts => facts !== null && !facts.zombie);
}

/** Whether a process was started with this variable in its environment. False where that cannot be read. */
export function hasInEnvironment(pid: number, name: string, value: string): boolean {
  try {
    return `\0${fs.readFileSync(`/proc/${pid}/environ`, 'latin1')}\0`.includes(`\0${name}=${value}\0`);
  } catch {
    return false;
  }
}

/** Whether a process of this number runs (of any user). */
export function isAlive(pid: number): boolean {
  const facts = factsOfProcess(pid);
  if (facts !== null) return !facts.zombie;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const politeMilliseconds = 3_000;
const patienceMilliseconds = 20_000;
const pollMilliseconds = 40;

/**
 * Ends every process that `find` names: SIGTERM, three seconds later SIGKILL, again and again for those that are born
 * meanwhile, until `find` finds none. Answers what survived 20 seconds of it (the caller's own processes never count).
 */
export async function endProcesses(find: () => readonly number[]): Promise<readonly number[]> {
  const begun = Date.now();
  const asked = new Set<number>();
  for (;;) {
    const found = find().filter((pid) => pid !== process.pid);
    const elapsed = Date.now() - begun;
    if (found.length === 0 || elapsed > patienceMilliseconds) return found;
    for (const pid of found) {
      const kill = elapsed > politeMilliseconds;
      if (!kill && asked.has(pid)) continue;
      asked.add(pid);
      try {
        process.kill(pid, kill ? 'SIGKILL' : 'SIGTERM');
      } catch (thrown) {
        // Gone meanwhile is what we want; one of another user is answered as a survivor.
        const code = (thrown as NodeJS.ErrnoException).code;
        if (code !== 'ESRCH' && code !== 'EPERM') throw thrown;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
  }
}
