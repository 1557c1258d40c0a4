import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { messageOf } from '../errors';
import { JobFolder } from './folder';
import { isRunning, markOf } from './process-mark';
import { teardown } from './teardown';

/** How long a job whose client is gone without a word may wait for `cvicast attach`, seconds. */
const graceSeconds = 30;
/** A client that lives gets this long after the end of the time to tear down by itself, seconds. */
const patienceSeconds = 60;
const pollSeconds = 2;

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

/** The watchdog's life: looks at the job until it is closed, tears down what nobody else does, again and again if it must. */
export async function watch(
  home: string,
  job: string,
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
): Promise<void> {
  const folder = JobFolder.open(home, job);
  let goneSince: number | null = null;
  let pause = 5;
  for (;;) {
    const holder = folder.facts().holder;
    goneSince = holder === null || isRunning(holder) ? null : (goneSince ?? Date.now());
    const duty = dutyOf(folder, Date.now(), goneSince, env);
    if (duty === 'over') return;
    if (duty !== 'watch') {
      say(`tearing down: ${duty.end}`);
      try {
        const left = await teardown(folder, {
          home,
          env,
          emit: (event) => say(JSON.stringify(event)),
          signal: new AbortController().signal,
        });
        if (left.length === 0) {
          folder.journal.write({ type: 'closed', result: `torn down by the watchdog: ${duty.end}` });
          return;
        }
        say(`still alive: ${left.map((one) => `${one.type} ${one.id}`).join(', ')}`);
      } catch (thrown) {
        say(`teardown failed: ${messageOf(thrown)}`);
      }
      await sleep(pause);
      pause = Math.min(pause * 2, 600);
      continue;
    }
    await sleep(Math.min(pollSeconds, seconds(env, pollSeconds)));
  }
}

function sleep(durationSeconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationSeconds * 1000));
}
