import * as path from 'node:path';
import { Bug } from '../errors';

/** Refuses a relative path on the machine that is not plain: the caller must have named it itself, not the user. */
export function assertPlainPath(name: string): void {
  const parts = name.split('/');
  const isPlain = parts.every((part) => /^[A-Za-z0-9._-]+$/.test(part) && !/^\.{1,2}$/.test(part) && part[0] !== '-');
  if (!isPlain) throw new Bug(`"${name}" is no plain relative path`);
}

/** A folder or file on the machine: as it is when absolute, else below the job's folder. */
export function below(jobFolder: string, name: string): string {
  if (name.includes('\0')) throw new Bug('a path holds a NUL');
  if (name.startsWith('/')) return path.posix.normalize(name);
  const full = path.posix.normalize(`${jobFolder}/${name}`);
  if (full !== jobFolder && !full.startsWith(`${jobFolder}/`)) throw new Bug(`"${name}" leads out of the job's folder`);
  return full.replace(/\/$/, '');
}
