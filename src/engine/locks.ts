import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { UserError } from '../errors';
import { endEngine, engineMark } from './patience';
import { endProcesses, hasInEnvironment, isAlive, runningProcesses } from './processes';
import { stackFiles } from './state-file';

/** Content of a lock file of Pulumi's own backends. */
export interface StackLock {
  /** Its path; in a backend elsewhere its address. */
  readonly file: string;
  readonly pid: number;
  readonly host: string;
  readonly user: string;
  readonly since: string;
}

const pollMilliseconds = 250;

/** The locks on a stack. One that was cut in the middle of its writing counts as one of process 0 here: a dead one. */
export function locksOf(root: string, job: string): StackLock[] {
  const folder = stackFiles(root, job).locks;
  let names: string[];
  try {
    names = fs.readdirSync(folder);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw thrown;
  }
  return names
    .filter((name) => name.endsWith('.json') || name.endsWith('.tmp'))
    .flatMap((name) => {
      const lock = readLock(path.join(folder, name));
      return lock === null ? [] : [lock];
    });
}

/** A lock is written aside in a moment; a full disk or a crash leaves that file, and the engine stumbles over it for ever. */
const writingMilliseconds = 3_000;

function isBeingWritten({ file }: StackLock): boolean {
  if (!file.endsWith('.tmp')) return false;
  const written = fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const age = Date.now() - written; // below zero when the clock was put back: then nobody knows
  return age >= 0 && age < writingMilliseconds;
}

/** The lock that a file holds; null when it is gone. One that was cut counts as one of process 0 here: a dead one. */
export function readLock(file: string): StackLock | null {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw thrown;
  }
  let content: Partial<Record<'pid' | 'hostname' | 'username' | 'timestamp', unknown>> = {};
  try {
    content = (JSON.parse(text) ?? {}) as typeof content;
  } catch {
    // Torn: what wrote it died while it did.
  }
  const word = (value: unknown, otherwise: string) => (typeof value === 'string' ? value : otherwise);
  return {
    file,
    pid: typeof content.pid === 'number' ? content.pid : 0,
    host: word(content.hostname, os.hostname()),
    user: word(content.username, ''),
    since: word(content.timestamp, ''),
  };
}

/** Whether the engine that took a lock is gone. A number that another program has by now does not keep a lock alive. */
export function isStale(lock: StackLock): boolean {
  if (lock.host !== os.hostname() || isBeingWritten(lock)) return false;
  if (lock.pid <= 0 || !isAlive(lock.pid)) return true;
  if (process.platform !== 'linux') return false;
  try {
    return !fs.readFileSync(`/proc/${lock.pid}/cmdline`, 'utf8').includes('pulumi');
  } catch {
    return !isAlive(lock.pid);
  }
}

/** The locks that the engine names when it finds a stack locked: all that is known of those in a backend elsewhere. */
export function locksNamedIn(said: string): StackLock[] {
  const named = said.matchAll(/^\s*(\S+): created by (.+)@(\S+) \(pid (\d+)\) at (\S+)/gm);
  return [...named].map(([, file = '', user = '', host = '', pid = '', since = '']) => ({
    ...{ file, user, host, since },
    pid: Number(pid),
  }));
}

interface Wait {
  readonly job: string;
  readonly waitSeconds: number;
  /** After `waitSeconds` an engine of ours is made to end, and has so long to save what is in flight; without it, never. */
  readonly saveSeconds?: number;
}

/**
 * Waits until `holding` finds no lock any more, then ends the plugins that dead engines left.
 *
 * Throws `UserError` `stack-locked` for another host's lock, or when an engine here holds on longer than `waitSeconds` and
 * may not, or cannot, be made to end.
 */
async function outlast(holding: () => StackLock[], wait: Wait, say: (text: string) => void): Promise<void> {
  const begun = Date.now();
  let told = false;
  for (;;) {
    const [holder] = holding();
    if (holder === undefined) break;
    if (holder.host !== os.hostname()) throw locked(wait.job, holder);
    if (Date.now() - begun > wait.waitSeconds * 1000) {
      if (!(await hasBeenEnded(holder, wait, say))) throw locked(wait.job, holder);
      continue;
    }
    if (!told && holder.pid > 0) say(`waiting for the engine that still works on this stack (process ${holder.pid})`);
    told ||= holder.pid > 0;
    await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
  }
  await endOrphanPlugins(wait.job);
}

async function hasBeenEnded({ pid }: StackLock, wait: Wait, say: (text: string) => void): Promise<boolean> {
  const { job, saveSeconds } = wait;
  return saveSeconds !== undefined && endEngine({ pid, job }, { saveSeconds }, say);
}

/** Waits until the engines that hold these locks are gone; the locks stay. Throws as `settleLocks` does. */
export function outlastLocks(
  where: Wait & { readonly locks: readonly StackLock[] },
  say: (text: string) => void,
): Promise<void> {
  return outlast(() => where.locks.filter((lock) => !isStale(lock)), where, say);
}

/** The engines of this computer that work for a job now, whatever they do, as holders of a lock. */
export function enginesOf(job: string): StackLock[] {
  const engines = runningProcesses().filter((one) => hasInEnvironment(one.pid, engineMark, job) && isEngine(one.pid));
  const here = { file: '', host: os.hostname(), user: os.userInfo().username, since: 'its start' };
  return engines.map(({ pid }) => ({ ...here, pid }));
}

/**
 * Makes way to a stack: locks whose engine is dead are cancelled (and the plugins that it left are ended), an engine
 * of this computer that still works is waited for (and with `saveSeconds` then made to end), a lock of another host is
 * explained.
 *
 * Throws `UserError` `stack-locked` for another host's lock, or when an engine here holds on.
 */
export function settleLocks(where: Wait & { readonly root: string }, say: (text: string) => void): Promise<void> {
  const holding = (): StackLock[] => {
    const locks = locksOf(where.root, where.job);
    const stale = locks.filter(isStale);
    for (const lock of stale) {
      fs.rmSync(lock.file, { force: true });
      say(`cancelled a stale lock: its engine (process ${lock.pid}) is gone`);
    }
    return locks.filter((lock) => !stale.includes(lock));
  };
  return outlast(holding, where, say);
}

/** After the death of an engine its plugins live on, for minutes, with nobody to answer to. */
async function endOrphanPlugins(job: string): Promise<void> {
  await endProcesses(() => {
    const marked = runningProcesses().filter((one) => hasInEnvironment(one.pid, engineMark, job));
    const alive = new Set(marked.map((one) => one.pid));
    // What a living engine started has it (or its child) as parent; an orphan's parent is a stranger.
    return marked.filter((one) => !alive.has(one.parent) && !isEngine(one.pid)).map((one) => one.pid);
  });
}

function isEngine(pid: number): boolean {
  try {
    return /(^|\/)pulumi(\.exe)?$/.test(fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '');
  } catch {
    return false;
  }
}

/** Pulumi Cloud has an update in progress that is on nobody's record here. */
export function begunElsewhere(job: string): UserError {
  return new UserError({
    code: 'stack-locked',
    what: `The stack of job ${job} is in use`,
    why: 'Pulumi Cloud has an update of it in progress, and no engine on this computer began that',
    fix: `wait for it to end where it was begun, or cancel it on the stack's page; then run \`cvicast down ${job}\``,
    exit: 'provider',
  });
}

function locked(job: string, lock: StackLock): UserError {
  const here = lock.host === os.hostname();
  return new UserError({
    code: 'stack-locked',
    what: `The stack of job ${job} is in use`,
    why: `${lock.user}@${lock.host} (process ${lock.pid}) has held its lock since ${lock.since}`,
    fix: here
      ? `wait for process ${lock.pid} to end, or end it and run \`cvicast down ${job}\``
      : `run \`cvicast down ${job}\` on ${lock.host}; if that computer is gone for good, delete ${lock.file} and run \`cvicast down ${job}\` here`,
    exit: 'provider',
  });
}
