import { UserError, type ExitName } from '../errors';

/**
 * A provider of ours answers the engine in plain text; so that the user's error survives the way through the engine, it
 * is written in a form that a person can read and that can be read back.
 */
export function troubleText(error: UserError): string {
  const line = (text: string) => text.replace(/\s+/g, ' ').trim();
  return `what: ${line(error.what)}\nwhy: ${line(error.why)}\nfix: ${line(error.fix)}\ncode: ${error.code} (${error.exit})`;
}

/** The error inside the engine's words, where one of our providers put one there. */
export function troubleIn(text: string): UserError | null {
  const match = /\bwhat: ([^\n]*)\n\s*why: ([^\n]*)\n\s*fix: ([^\n]*)\n\s*code: ([a-z0-9-]+) \(([A-Za-z]+)\)/.exec(
    text,
  );
  if (match === null) return null;
  const [, what = '', why = '', fix = '', code = '', exit = ''] = match;
  return new UserError({
    what: what.trim(),
    why: why.trim(),
    fix: fix.trim(),
    code,
    exit: exit as ExitName,
  });
}
