import * as fs from 'node:fs';
import { diskFullHere } from '../machine/disk-full';
import { isForeign, isRunning, isStopped, markOf, type ProcessMark } from './process-mark';

function holderOf(file: string): ProcessMark | null {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as ProcessMark;
  } catch {
    return null;
  }
}

/** At how many looks in a row a holder must be found stopped before nobody waits for it any more. */
const stoppedLooks = 4;
/** For how many looks one of another computer is waited for: nobody here would ever see that it is gone. */
const foreignLooks = 120;

/** The holder of a lock is stopped: it will neither finish nor give way. */
export class HolderStopped extends Error {
  override readonly name = 'HolderStopped';
  constructor(readonly holder: ProcessMark) {
    super(`process ${holder.pid} holds the lock and is stopped`);
  }
}

/** The holder of a lock is another computer's process: whether it still runs cannot be told from here. */
export class HolderElsewhere extends Error {
  override readonly name = 'HolderElsewhere';
  constructor(
    readonly holder: ProcessMark,
    readonly file: string,
  ) {
    super(`process ${holder.pid} of ${holder.host} holds the lock`);
  }
}

/**
 * Runs `work` while holding a lock file that names its process; a lock whose process is gone is taken over. Waits for
 * a living holder by looking again twice a second; `waiting` is called once when it has to.
 *
 * @throws HolderStopped when the holder stays stopped; HolderElsewhere when another computer's keeps it for a minute;
 * what `work` throws.
 */
export async function withLock<T>(
  file: string,
  waiting: (holder: ProcessMark) => void,
  work: () => Promise<T>,
): Promise<T> {
  let told = false;
  let stopped = 0;
  let foreign = 0;
  for (;;) {
    const aside = `${file}.${process.pid}`;
    try {
      fs.writeFileSync(aside, JSON.stringify(markOf()), { mode: 0o600 });
      fs.linkSync(aside, file); // atomic, and the holder's mark is whole from the start
      break;
    } catch (thrown) {
      // Without room for a lock the work goes on without it: a full disk must not keep a machine alive.
      if (diskFullHere(thrown, file) !== null) return await work();
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    } finally {
      fs.rmSync(aside, { force: true });
    }
    const holder = holderOf(file);
    if (holder !== null && isRunning(holder)) {
      if (!told) waiting(holder);
      told = true;
      stopped = isStopped(holder) ? stopped + 1 : 0;
      if (stopped >= stoppedLooks) throw new HolderStopped(holder);
      foreign = isForeign(holder) ? foreign + 1 : 0;
      if (foreign >= foreignLooks) throw new HolderElsewhere(holder, file);
      await new Promise((resolve) => setTimeout(resolve, 500));
      continue;
    }
    // Only the lock that was seen to be dead is moved away: a rename of one that was renewed meanwhile shows in its content.
    const dead = `${file}.dead.${process.pid}`;
    try {
      fs.renameSync(file, dead);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
      continue;
    }
    const moved = holderOf(dead);
    if (moved !== null && isRunning(moved)) {
      try {
        fs.linkSync(dead, file);
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
      }
    }
    fs.rmSync(dead, { force: true });
  }
  try {
    return await work();
  } finally {
    fs.rmSync(file, { force: true });
  }
}
