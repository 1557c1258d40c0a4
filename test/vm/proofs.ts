import { messageOf, UserError } from '../../src/errors';

/** Prints what holds and what does not, a line each, and remembers whether all held. */
export class Proofs {
  failed = 0;

  /** `check` answers what it saw, or throws what did not hold. Answers whether it held. */
  async prove(what: string, check: () => Promise<string>): Promise<boolean> {
    try {
      process.stdout.write(`ok      ${what}: ${await check()}\n`);
      return true;
    } catch (thrown) {
      this.failed++;
      process.stdout.write(`FAILED  ${what}: ${messageOf(thrown)}\n`);
      return false;
    }
  }
}

/** The error with which something is refused; throws when it is not refused. */
export async function refusal(attempt: Promise<unknown>): Promise<UserError> {
  try {
    await attempt;
  } catch (thrown) {
    if (thrown instanceof UserError) return thrown;
    throw thrown;
  }
  throw new Error('it was let in');
}

export function expectThat(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
