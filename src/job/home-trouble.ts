import { UserError, type ExitName } from '../errors';

const reasons: Readonly<Record<string, { readonly why: string; readonly fix: string; readonly exit: ExitName }>> = {
  ENOSPC: { why: 'the disk that holds it is full', fix: 'make room there', exit: 'provider' },
  EDQUOT: { why: 'your disk quota there is used up', fix: 'make room there', exit: 'provider' },
  EACCES: { why: 'you may not write there', fix: 'make it writable for you', exit: 'input' },
  EPERM: { why: 'you may not write there', fix: 'make it writable for you', exit: 'input' },
  EROFS: { why: 'its disk can only be read', fix: 'make the disk writable', exit: 'input' },
};

/** Does what writes into cvicast's own folder; where the folder takes nothing, says so as the user's matter, not as our bug. */
export function inHome<Result>(home: string, work: () => Result): Result {
  try {
    return work();
  } catch (thrown) {
    throw homeTrouble(thrown, home) ?? thrown;
  }
}

function homeTrouble(thrown: unknown, home: string): UserError | null {
  // The journal's own word for a full disk speaks of the results' folder.
  const problem = thrown instanceof UserError ? thrown.cause : thrown;
  const reason = reasons[(problem as NodeJS.ErrnoException | null | undefined)?.code ?? ''];
  if (reason === undefined) return null;
  return new UserError(
    {
      code: 'home-unwritable',
      what: `cvicast cannot write into its folder ${home}`,
      why: reason.why,
      fix: `${reason.fix}, or set CVICAST_HOME to a folder on another disk; then run the command again`,
      exit: reason.exit,
    },
    { cause: thrown },
  );
}
