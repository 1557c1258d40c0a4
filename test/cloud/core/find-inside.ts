import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';

/** File systems of a machine that are its own: fresh ones, and what it wrote over the rest (machine-boot.sh lays it there). */
const ownMounts = ['run', 'home', 'root', 'var/tmp', 'tmp', 'run/written'];
/** One that was there before it: only what was written since its birth is its own. */
const olderMount = 'var/lib/cvicast/toolchains';

/** A word, and the file that holds it: on a disk, or a process's arguments or environment. */
export interface Found {
  readonly file: string;
  readonly word: string;
}

/** Looks for words in everything that a machine has on its disk and in its processes. `root` is its root as seen from here. */
export function findInside(root: string, words: readonly string[], bornAt: number): Found[] {
  const among = (names: readonly string[]): string[] =>
    names.map((name) => `${path.join(root, name)}/`).filter((folder) => fs.existsSync(folder));
  const processes = fs
    .readdirSync(path.join(root, 'proc'))
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => ['cmdline', 'environ'].map((name) => path.join(root, 'proc', pid, name)));
  const written = filesIn(among([olderMount]), ['-newermt', `@${bornAt / 1000}`]);
  const files = [...written, ...filesIn(among(ownMounts), []), ...processes];
  return files.flatMap((file) => wordsIn(file, words).map((word) => ({ file: file.slice(root.length), word })));
}

/** Names of the plain files below folders that fit, without what is mounted there, and without what lies in `but`. */
export function filesIn(folders: readonly string[], fit: readonly string[], but: readonly string[] = []): string[] {
  const left = but.flatMap((pattern) => ['-path', pattern, '-prune', '-o']);
  const argv = [...folders, '-xdev', ...left, '-type', 'f', ...fit, '-print0'];
  // Its status is no matter: a file that others take away while it looks makes it 1.
  const { stdout, error } = spawnSync('find', argv, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (error) throw error;
  return stdout.split('\0').filter((name) => name !== '');
}

/** Does a file hold one of the words? One that is gone by now does not. */
export function holds(file: string, words: readonly string[]): boolean {
  return wordsIn(file, words).length > 0;
}

function wordsIn(file: string, words: readonly string[]): string[] {
  try {
    const content = fs.readFileSync(file);
    return words.filter((word) => content.includes(word));
  } catch {
    return [];
  }
}
