import { UserError } from '../errors';
import type { Machine } from './types';

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

/**
 * The error for a disk of the machine that has no room left; null while it has. A tool that fills the disk cannot say so:
 * its own output goes to the same disk.
 */
export async function fullDiskThere(machine: Machine, folder: string): Promise<UserError | null> {
  const { stdout } = await machine.exec(['df', '-P', '-k', folder]);
  const free = Number(stdout.trim().split('\n').at(-1)?.trim().split(/\s+/)[3]);
  return free < 1024 ? diskFullThere(`${folder}: No space left on device (${free} KiB are free)`) : null;
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
