import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { messageOf, UserError } from '../../errors';

/** A file that may be a picture. */
export interface Candidate {
  /** Path as the user knows it. */
  readonly source: string;
  /** Its own file; null in an archive. */
  readonly file: string | null;
  /** What it is sorted by: path below the folder or archive, with slashes. */
  readonly place: string;
  readonly bytes: number;
  readonly read: () => Promise<Buffer>;
}

export interface Candidates {
  readonly files: Candidate[];
  readonly skipped: { source: string; why: string }[];
}

export const largestPicture = 64 * 1024 * 1024;
const mostEntries = 200_000;

export function imagesTrouble(code: string, what: string, why: string, fix: string, cause?: unknown): UserError {
  return new UserError({ code, what, why, fix, exit: 'input' }, { cause });
}

/** Files that carry a picture's name; what else lies about (labels, notes, thumbnails) is passed over in silence. */
export function looksLikePicture(place: string): boolean {
  const name = path.posix.basename(place);
  if (name.startsWith('._') || place.startsWith('__MACOSX/')) return false;
  return /\.(jpe?g|png|bmp|webp|gif|tiff?|heic|heif|avif)$/i.test(name);
}

export function tooLarge(bytes: number): string | null {
  return bytes > largestPicture ? `it is larger than ${largestPicture / 1024 / 1024} MiB` : null;
}

/** Code-unit order: the same on every computer and in every language. */
export function byPlace(a: { place: string }, b: { place: string }): number {
  return a.place < b.place ? -1 : a.place > b.place ? 1 : 0;
}

/** Every file below a folder that may be a picture. Links are followed, each real folder once, so loops end. */
export async function candidatesInFolder(folder: string): Promise<Candidates> {
  const found: Candidates = { files: [], skipped: [] };
  const visited = new Set<string>();
  let entries = 0;
  const visit = async (at: string, place: string): Promise<void> => {
    const real = await fs.realpath(at);
    if (visited.has(real)) return;
    visited.add(real);
    // Sorted, so that the same link wins every time when several lead to one folder.
    for (const name of (await fs.readdir(at)).sort()) {
      entries += 1;
      if (entries > mostEntries) throw tooMany(folder);
      const file = path.join(at, name);
      const inside = place === '' ? name : `${place}/${name}`;
      try {
        const stat = await fs.stat(file);
        if (stat.isDirectory()) await visit(file, inside);
        else if (looksLikePicture(inside)) take(file, inside, stat.isFile(), stat.size);
      } catch (thrown) {
        if (thrown instanceof UserError) throw thrown;
        if (looksLikePicture(inside)) found.skipped.push({ source: file, why: messageOf(thrown) });
      }
    }
  };
  const take = (file: string, place: string, regular: boolean, bytes: number): void => {
    const why = regular ? tooLarge(bytes) : 'it is no regular file';
    if (why === null) found.files.push({ source: file, file, place, bytes, read: () => fs.readFile(file) });
    else found.skipped.push({ source: file, why });
  };
  try {
    await visit(folder, '');
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    throw imagesTrouble(
      'unreadable-images',
      `${folder} cannot be read`,
      messageOf(thrown),
      'make the folder readable for your user',
      thrown,
    );
  }
  return found;
}

function tooMany(folder: string): UserError {
  return imagesTrouble(
    'too-many-files',
    `${folder} holds more than ${mostEntries} files`,
    'it is hardly a folder of calibration pictures',
    'pass the folder that holds the pictures themselves',
  );
}
