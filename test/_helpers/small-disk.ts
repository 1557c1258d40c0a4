import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

/** Why no disk of a test's own can be had here; null when it can. */
export const whyNoDisk =
  process.platform === 'linux' && process.getuid?.() === 0 ? null : 'a disk of its own needs Linux and root';

if (whyNoDisk !== null) process.stderr.write(`tests on a full disk are skipped: ${whyNoDisk}\n`);

export interface SmallDisk {
  /** Path of a file on it; of itself for an empty name. */
  file(name: string): string;
  /** Leaves not a byte of it free. */
  fill(): void;
  /** Makes it larger. */
  grow(): void;
}

/** A real disk of so few bytes (whole pages) for each test. Call inside `describe`; the answer is valid inside tests. */
export function useSmallDisk(bytes: number): SmallDisk {
  let folder = '';
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cvicast-test-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder]);
  });
  afterEach(() => {
    execFileSync('umount', [folder]);
    fs.rmdirSync(folder);
  });
  return {
    file: (name) => path.join(folder, name),
    fill: () => fs.writeFileSync(path.join(folder, 'filler'), Buffer.alloc(bytes)),
    grow: () => void execFileSync('mount', ['-o', `remount,size=${bytes * 16}`, folder]),
  };
}
