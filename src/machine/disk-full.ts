import { UserError } from '../errors';

/** The error for a full disk (or quota) on the machine when its tools' messages tell of one; else null. */
export function diskFullThere(stderr: string): UserError | null {
  const told = /^.*(?:No space left on device|Disk quota exceeded).*$/im.exec(stderr)?.[0];
  if (told === undefined) return null;
  return new UserError({
    code: 'machine-disk-full',
    what: 'the disk of the machine is full',
    why: told.trim(),
    fix: 'Choose a larger disk with --disk, or free space on a machine of your own.',
    exit: 'provider',
  });
}

/** The error for a full disk (or quota) on this computer when the system's error says so; else null. */
export function diskFullHere(problem: unknown, file: string): UserError | null {
  const code = (problem as NodeJS.ErrnoException | null)?.code;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return null;
  return new UserError(
    {
      code: 'disk-full-here',
      what: `there is no room for ${file}`,
      why: code === 'ENOSPC' ? 'the disk of this computer is full' : 'your disk quota on this computer is used up',
      fix: 'Free some space, or choose another folder with --out.',
      exit: 'provider',
    },
    { cause: problem },
  );
}
