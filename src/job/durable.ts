import * as fs from 'node:fs';

/** Writes a file, for its owner alone, that is on the disk whole when this returns: a loss of power does not leave it empty. */
export function writeDurably(file: string, text: string): void {
  const descriptor = fs.openSync(file, 'w', 0o600);
  try {
    fs.writeFileSync(descriptor, text);
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Puts on the disk which names a folder holds. */
export function syncFolder(folder: string): void {
  const descriptor = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(descriptor);
  } catch (thrown) {
    // Not every file system can do that with a folder, and then nothing else can be done.
    if (!['EINVAL', 'ENOTSUP'].includes((thrown as NodeJS.ErrnoException).code ?? '')) throw thrown;
  } finally {
    fs.closeSync(descriptor);
  }
}
