import { setTimeout as pauseFor } from 'node:timers/promises';
import { UserError } from '../errors';
import type { Cloud } from './types';

/** How long a delete is tried again, and its end waited for. */
export interface Patience {
  /** Tries in all. */
  readonly attempts: number;
  /** Wait between two, milliseconds. */
  readonly pause: number;
}

/** About three minutes: the slowest cloud needs two to let go of a machine's network card. */
export const usualPatience: Patience = { attempts: 40, pause: 5000 };

/** The usual patience; `CVICAST_RETRY_SECONDS` sets the pause, as for every retry of cvicast's. */
export function patienceFrom(env: NodeJS.ProcessEnv, usual: Patience = usualPatience): Patience {
  const seconds = Number(env['CVICAST_RETRY_SECONDS'] ?? 'none');
  return seconds >= 0 ? { ...usual, pause: seconds * 1000 } : usual;
}

/** Whether the catalogue says of this refusal that a second try may help ("in use", "busy", "too many requests"). */
export function mayPass(cloud: Pick<Cloud, 'errors'>, thrown: unknown): boolean {
  if (!(thrown instanceof UserError)) return false;
  return cloud.errors.some((entry) => entry.next === 'retry' && entry.code === thrown.code);
}

/** Runs it until it succeeds; throws its error once that cannot pass by itself, or when patience ends. */
export async function insist<T>(
  cloud: Pick<Cloud, 'errors'>,
  run: () => Promise<T>,
  patience: Patience = usualPatience,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (thrown) {
      if (attempt >= patience.attempts || !mayPass(cloud, thrown)) throw thrown;
    }
    await pauseFor(patience.pause);
  }
}

/** Asks until the answer is yes. `UserError` `still-there` when patience ends before. */
export async function untilGone(
  what: string,
  isGone: () => Promise<boolean>,
  patience: Patience = usualPatience,
): Promise<void> {
  for (let attempt = 1; !(await isGone()); attempt++) {
    if (attempt >= patience.attempts) {
      throw new UserError({
        code: 'still-there',
        what: `The cloud accepted to delete ${what}, but it is still there`,
        why: `it was asked for ${attempt} times`,
        fix: 'run cvicast gc again in some minutes, or delete it on the page of the console that cvicast ls names',
        exit: 'alive',
      });
    }
    await pauseFor(patience.pause);
  }
}
