import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { messageOf } from '../errors';
import { JobFolder } from './folder';
import type { LeftOver } from './journal';
import { isRunning, markOf, type ProcessMark } from './process-mark';
import { steadyClock } from './steady-clock';
import { teardown } from './teardown';

/** How long a job whose client is gone without a word may wait for `cvicast attach`, seconds. */
const graceSeconds = 30;
/**
 * A client that lives has begun its own teardown when the time is over; one that hangs is not waited for, so that the
 * machine's end comes within a minute. Seconds.
 */
const patienceSeconds = 10;
const pollSeconds = 2;
/**
 * Who calls the watchdog has waited already, and the end of a job's time is promised to the minute: an engine that still
 * works then is waited for no longer. Seconds, see `patienceOf`.
 */
const hurry = { CVICAST_ENGINE_SECONDS: '20' } as const;
/** Pauses between tries of a teardown that leaves something, seconds: they double from the one to the other. */
const pauses = { first: 5, longest: 600 } as const;

/** Seconds, which tests shorten by `CVICAST_WATCHDOG_SECONDS` (grace and patience alike). */
function seconds(env: NodeJS.ProcessEnv, usual: number): number {
  return Number(env['CVICAST_WATCHDOG_SECONDS'] ?? usual);
}

/**
 * Starts the job's watchdog: a small process of its own session that outlives this one and its terminal. It is told
 * the job's name only; credentials reach it as they reached us, through the environment.
 */
export function startWatchdog(folder: JobFolder, env: NodeJS.ProcessEnv): void {
  const log = fs.openSync(folder.file('watchdog.log'), 'a', 0o600);
  try {
    const child = spawn(
      process.execPath,
      ['--max-old-space-size=128', path.join(__dirname, 'watchdog-main.js'), folder.home, folder.job],
      {
        detached: true,
        stdio: ['ignore', log, log],
        cwd: '/',
        env: { ...env, CVICAST_HOME: folder.home },
      },
    );
    child.unref();
    if (child.pid !== undefined)
      fs.writeFileSync(folder.file('watchdog.json'), JSON.stringify(markOf(child.pid)), { mode: 0o600 });
  } finally {
    fs.closeSync(log);
  }
}

/** Starts a watchdog for a job that has none any more: this computer was started anew, or somebody ended it. */
export function ensureWatchdog(folder: JobFolder, env: NodeJS.ProcessEnv): void {
  if (!hasWatchdog(folder)) startWatchdog(folder, env);
}

function hasWatchdog(folder: JobFolder): boolean {
  try {
    return isRunning(JSON.parse(fs.readFileSync(folder.file('watchdog.json'), 'utf8')) as ProcessMark);
  } catch {
    // No mark, or one that a crash or a full disk left torn.
    return false;
  }
}

type Duty = 'over' | 'watch' | { readonly end: string };

/** What a watchdog has to do now, from the journal alone. */
export function dutyOf(folder: JobFolder, now: number, goneSince: number | null, env: NodeJS.ProcessEnv): Duty {
  const facts = folder.facts();
  if (facts.closed !== null) return 'over';
  if (facts.opened === null) return facts.holder !== null && isRunning(facts.holder) ? 'watch' : 'over';
  const expires = Date.parse(facts.opened.expiresAt);
  if (now > expires + seconds(env, patienceSeconds) * 1000) return { end: 'its time is over' };
  if (goneSince !== null && now - goneSince >= seconds(env, graceSeconds) * 1000)
    return { end: 'its client is gone without a word' };
  return 'watch';
}

/** What a watchdog acts by; tests lend it a clock of their own. */
export interface Life {
  readonly now: () => number;
  readonly sleep: (seconds: number) => Promise<void>;
  readonly teardown: (folder: JobFolder) => Promise<readonly LeftOver[]>;
}

/** Says what can be said: a log that has no room, or is gone, must not keep anybody from what it would tell of. */
export function bestEffort(say: (line: string) => void): (line: string) => void {
  return (line) => {
    try {
      say(line);
    } catch {
      // There is nowhere else to say it.
    }
  };
}

/**
 * The watchdog's life: looks at the job until it is closed, tears down what nobody else does, again and again if it must.
 * Nothing that fails on the way ends it: a look that failed is tried again, for its next may find what is to be done.
 */
export async function watch(
  home: string,
  job: string,
  env: NodeJS.ProcessEnv,
  sayIt: (line: string) => void,
  life?: Life,
): Promise<void> {
  const say = bestEffort(sayIt);
  const { now, sleep, teardown: tearDown } = life ?? realLife(home, env, say);
  const folder = JobFolder.open(home, job);
  let goneSince: number | null = null;
  let pause: number = pauses.first;
  let lastTrouble: string | null = null;

  const look = (): Duty | null => {
    try {
      const { holder } = folder.facts();
      goneSince = holder === null || isRunning(holder) ? null : (goneSince ?? now());
      const duty = dutyOf(folder, now(), goneSince, env);
      lastTrouble = null;
      return duty;
    } catch (thrown) {
      // Hours of the same trouble are one line.
      const trouble = messageOf(thrown);
      if (trouble !== lastTrouble) say(`looking failed: ${trouble}`);
      lastTrouble = trouble;
      return null;
    }
  };

  for (;;) {
    const duty = look();
    if (duty === 'over') return;
    if (duty === null || duty === 'watch') {
      await sleep(duty === null ? pauses.first : Math.min(pollSeconds, seconds(env, pollSeconds)));
      continue;
    }
    say(`tearing down: ${duty.end}`);
    try {
      const left = await tearDown(folder);
      if (left.length === 0) {
        // A client that tore down at the same time says better how the job ended.
        if (folder.facts().closed === null)
          folder.journal.write({ type: 'closed', result: `torn down by the watchdog: ${duty.end}` });
        return;
      }
      say(`still alive: ${left.map((one) => `${one.type} ${one.id}`).join(', ')}`);
    } catch (thrown) {
      say(`teardown failed: ${messageOf(thrown)}`);
    }
    await sleep(pause);
    pause = Math.min(pause * 2, pauses.longest);
  }
}

function realLife(home: string, env: NodeJS.ProcessEnv, say: (line: string) => void): Life {
  const { signal } = new AbortController();
  const hurried = { ...hurry, ...env };
  return {
    now: steadyClock(),
    sleep: (duration) => new Promise((resolve) => setTimeout(resolve, duration * 1000)),
    teardown: (folder) => teardown(folder, { home, env: hurried, emit: (event) => say(JSON.stringify(event)), signal }),
  };
}
