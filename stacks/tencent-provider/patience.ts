import { setTimeout as pauseFor } from 'node:timers/promises';
import { UserError } from '../../src/errors';

export interface Patience {
  /** Between two looks, milliseconds. */
  readonly pause: number;
  /** Looks in all. */
  readonly tries: number;
}

/** Ten minutes of looking; `CVICAST_RETRY_SECONDS` shortens the pauses. */
export function patienceOf(env: NodeJS.ProcessEnv): Patience {
  return { pause: Number(env['CVICAST_RETRY_SECONDS'] ?? '3') * 1000, tries: 200 };
}

/** Looks until `look` finds something. Throws `tencent-slow` when it never does. */
export async function untilFound<T>(what: string, patience: Patience, look: () => Promise<T | null>): Promise<T> {
  for (let attempt = 1; attempt <= patience.tries; attempt++) {
    const found = await look();
    if (found !== null) return found;
    await pauseFor(patience.pause);
  }
  throw new UserError({
    code: 'tencent-slow',
    what: `Tencent Cloud did not finish: ${what}`,
    why: `it was looked at ${patience.tries} times`,
    fix: 'look at console.tencentcloud.com, then run `cvicast gc --provider tencent`',
    exit: 'provider',
  });
}

/** Does it again while the cloud says that something else still holds it. */
export async function whileBusy(
  patience: Patience,
  isBusy: (thrown: unknown) => boolean,
  work: () => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await work();
      return;
    } catch (thrown) {
      if (!isBusy(thrown) || attempt >= patience.tries) throw thrown;
    }
    await pauseFor(patience.pause);
  }
}
