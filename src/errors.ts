/**
 * The two kinds of failure: a `UserError` names what happened, why, and what to do about it; everything else is a bug
 * of ours. Both end in a documented exit code; neither shows a stack trace.
 */

/** Exit codes of the command line (a contract; see docs/reference.md). */
export const exitCode = {
  done: 0,
  bug: 1,
  input: 2,
  budget: 3,
  provider: 4,
  conversion: 5,
  quality: 6,
  alive: 7,
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
} as const;

export type ExitName = keyof typeof exitCode;

export interface Trouble {
  /** Stable, kebab-case name of the error, e.g. `no-such-model`. */
  readonly code: string;
  /** What happened, one sentence without a final full stop. */
  readonly what: string;
  /** Why it happened, as far as is known. */
  readonly why: string;
  /** What the user can do now, with the exact command where there is one. */
  readonly fix: string;
  /** Which exit code the command ends with. */
  readonly exit: ExitName;
}

/** A failure that the user can act on. Printed in two lines, never with a stack trace. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly code: string;
  readonly what: string;
  readonly why: string;
  readonly fix: string;
  readonly exit: ExitName;

  constructor(trouble: Trouble, options?: { cause?: unknown }) {
    super(`${trouble.what}: ${trouble.why}`, options);
    this.code = trouble.code;
    this.what = trouble.what;
    this.why = trouble.why;
    this.fix = trouble.fix;
    this.exit = trouble.exit;
  }
}

/** A failure that only we can mend: an assumption of the program did not hold. */
export class Bug extends Error {
  override readonly name = 'Bug';
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
