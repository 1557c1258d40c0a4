import { UserError } from '../errors';
import { hasInEnvironment, isAlive } from './processes';

/** Variable in the environment of every engine that we start, and of its plugins: how they are recognised later. */
export const engineMark = 'CVICAST_ENGINE';

/** How long an engine that hangs may hold off the end of its job, seconds. */
export interface Patience {
  /** For an engine whose creates nobody wants any more: longer than a cloud usually takes, for nobody knows better what it made. */
  readonly upSeconds: number;
  /** For another process's engine that still works where everything is to go. */
  readonly waitSeconds: number;
  /** After its interruption: it begins nothing more, and saves what is in flight. */
  readonly saveSeconds: number;
  /** For a destroy from its beginning: longer than any cloud takes. */
  readonly destroySeconds: number;
}

/** The usual patience; `CVICAST_ENGINE_SECONDS` shortens it. */
export function patienceOf(env: NodeJS.ProcessEnv): Patience {
  const waitSeconds = Number(env['CVICAST_ENGINE_SECONDS'] ?? '60');
  return {
    upSeconds: 2 * waitSeconds,
    waitSeconds,
    saveSeconds: waitSeconds / 2,
    destroySeconds: Math.min(600, 30 * waitSeconds),
  };
}

const pollMilliseconds = 100;
/** For the system to take away a process that was killed. */
const deathSeconds = 5;

/** Only an engine that was started for this job may be ended: a number alone may be anybody's. */
const isOurs = (pid: number, job: string): boolean => isAlive(pid) && hasInEnvironment(pid, engineMark, job);

/**
 * Makes an engine end that does not by itself: SIGINT, by which Pulumi cancels, waits for what is in flight and saves it;
 * `saveSeconds` later SIGKILL to its group. False: it is not this job's, or lives on.
 */
export async function endEngine(
  { pid, job }: { readonly pid: number; readonly job: string },
  { saveSeconds }: Pick<Patience, 'saveSeconds'>,
  say: (text: string) => void,
): Promise<boolean> {
  if (!isOurs(pid, job)) return !isAlive(pid);
  say(`the engine (process ${pid}) does not come to an end: interrupting it, so that it saves what is in flight`);
  send(pid, 'SIGINT');
  // One that somebody stopped would not even hear it.
  send(pid, 'SIGCONT');
  if (await isGone(pid, job, saveSeconds)) return true;
  say(`the engine (process ${pid}) does not end on being interrupted: killing it`);
  send(-pid, 'SIGKILL');
  send(pid, 'SIGKILL');
  return isGone(pid, job, deathSeconds);
}

async function isGone(pid: number, job: string, seconds: number): Promise<boolean> {
  const end = Date.now() + seconds * 1000;
  while (isOurs(pid, job)) {
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
  }
  return true;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (thrown) {
    // It ended by itself in between, or is no leader of a group; one of another user is found alive.
    const { code } = thrown as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw thrown;
  }
}

/** When a command of the engine has had its time: so long after its beginning, or after `signal`, where there is one. */
export interface Limit {
  readonly job: string;
  readonly seconds: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a command of the engine; when it has had its time, `endAll` makes the engine end, and with it the command.
 *
 * Throws `UserError` `engine-hung` for a command that failed by that, else what it throws.
 */
export async function underLimit<T>(limit: Limit, endAll: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  const { job, seconds, signal } = limit;
  const ending: Promise<void>[] = [];
  let timer: NodeJS.Timeout | undefined;
  const count = (): void => void (timer = setTimeout(() => void ending.push(endAll()), seconds * 1000));
  if (signal === undefined || signal.aborted) count();
  else signal.addEventListener('abort', count, { once: true });
  try {
    return await work();
  } catch (thrown) {
    throw ending.length === 0 ? thrown : hung(job, thrown);
  } finally {
    signal?.removeEventListener('abort', count);
    clearTimeout(timer);
    await Promise.all(ending);
  }
}

function hung(job: string, cause: unknown): UserError {
  return new UserError(
    {
      code: 'engine-hung',
      what: 'The Pulumi engine did not come to an end, and was ended',
      why: 'it waited for the cloud longer than any cloud takes; what it was creating may exist',
      fix: `run \`cvicast down ${job}\`: it ends what the state knows and what carries the job's tag`,
      exit: 'provider',
    },
    { cause },
  );
}
