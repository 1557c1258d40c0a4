import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { messageOf, UserError } from '../../errors';
import type { CalibrationImage, CalibrationSet } from '../types';
import { candidatesInArchive } from './archive';
import { byPlace, candidatesInFolder, imagesTrouble, tooLarge, type Candidate, type Candidates } from './candidates';
import { inspectPicture } from './formats';

/** Below this many pictures calibration is known to be poor. */
const fewPictures = 10;
/** Once enough pictures are chosen, the others are looked through for this many bytes, to report what is damaged. */
const lookThroughBytes = 1024 * 1024 * 1024;
const namedInWarning = 5;

async function candidatesAt(place: string): Promise<Candidates> {
  let folder: boolean;
  try {
    const stat = await fs.stat(place);
    folder = stat.isDirectory();
    if (!folder && !stat.isFile()) throw notASet(place, 'it is a pipe, socket or device');
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    throw imagesTrouble(
      'no-such-images',
      `There are no pictures at ${place}`,
      messageOf(thrown),
      'check the path of the folder or .zip archive',
      thrown,
    );
  }
  if (folder) return candidatesInFolder(place);
  if (!(await isZip(place))) throw notASet(place, 'it is neither a folder nor a .zip archive');
  return candidatesInArchive(place);
}

function notASet(place: string, why: string): UserError {
  return imagesTrouble(
    'not-a-picture-set',
    `${place} cannot be used for calibration`,
    why,
    'pass a folder of pictures, or a .zip of them',
  );
}

async function isZip(file: string): Promise<boolean> {
  const handle = await fs.open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.toString('latin1', 0, 2) === 'PK';
  } finally {
    await handle.close();
  }
}

type Looked = { readonly kind: string } | { readonly kind: null; readonly why: string };

async function look(candidate: Candidate): Promise<Looked> {
  try {
    return inspectPicture(await candidate.read());
  } catch (thrown) {
    return { kind: null, why: messageOf(thrown) };
  }
}

function again(candidate: Candidate): () => Promise<Buffer> {
  return async () => {
    try {
      return await candidate.read();
    } catch (thrown) {
      throw imagesTrouble(
        'image-gone',
        `${candidate.source} cannot be read any more`,
        messageOf(thrown),
        'leave the pictures in place while the job runs',
        thrown,
      );
    }
  };
}

function plainName(index: number, kind: string): string {
  return `${String(index + 1).padStart(4, '0')}.${kind}`;
}

/** Names are shown quoted: they may hold line breaks and escape codes. */
function shown(source: string): string {
  return JSON.stringify(source);
}

function warningsOf(found: number, count: number, skipped: CalibrationSet['skipped']): string[] {
  const warnings: string[] = [];
  if (skipped.length > 0) {
    const some = skipped.slice(0, namedInWarning).map(({ source, why }) => `${shown(source)} (${why})`);
    const more = skipped.length > namedInWarning ? `, and ${skipped.length - namedInWarning} more` : '';
    warnings.push(
      `${skipped.length} ${skipped.length === 1 ? 'file was' : 'files were'} skipped: ${some.join(', ')}${more}`,
    );
  }
  if (found < fewPictures) {
    warnings.push(
      `Only ${found} readable ${found === 1 ? 'picture' : 'pictures'}: calibration wants ${fewPictures} at least, and about 100 of what the camera will see`,
    );
  } else if (found < count) {
    warnings.push(`${found} readable pictures were found, fewer than the ${count} asked for; all are used`);
  }
  return warnings;
}

/**
 * Chooses the calibration pictures: the first `count` whole JPEG, PNG and BMP files, sorted by their path below the
 * folder or archive (as the toolchain itself would take them). Kind is told from content, not from the name.
 * @throws UserError `no-such-images`, `no-images`, `not-a-picture-set`, `unreadable-images`, `bad-archive`,
 *   `encrypted-archive`, `archive-too-large`, `too-many-files`
 */
export async function readCalibrationSet(
  place: string,
  { count }: { readonly count: number },
): Promise<CalibrationSet> {
  const { files, skipped } = await candidatesAt(place);
  const images: CalibrationImage[] = [];
  let found = 0;
  let seenBytes = 0;
  for (const candidate of files.sort(byPlace)) {
    const enough = images.length >= count;
    if (enough && seenBytes > lookThroughBytes) {
      found += 1;
      continue;
    }
    seenBytes += candidate.bytes;
    const picture = await look(candidate);
    if (picture.kind === null) {
      skipped.push({ source: candidate.source, why: picture.why });
      continue;
    }
    found += 1;
    const { source, file, bytes } = candidate;
    if (!enough)
      images.push({ source, file, plainName: plainName(images.length, picture.kind), bytes, read: again(candidate) });
  }
  if (images.length === 0) {
    const [first] = skipped;
    throw imagesTrouble(
      'no-images',
      `There is no readable picture in ${place}`,
      first
        ? `${skipped.length} were skipped, ${shown(first.source)} because ${first.why}`
        : 'it holds no .jpg, .png or .bmp file',
      'pass a folder or .zip with about 100 pictures of what the camera will see',
    );
  }
  return { images, found, skipped, warnings: warningsOf(found, count, skipped) };
}

/**
 * The picture that the converted model is compared on.
 * @throws UserError `no-such-image`, `bad-test-image`
 */
export async function readTestImage(file: string): Promise<CalibrationImage> {
  let bytes: number;
  try {
    const stat = await fs.stat(file);
    bytes = stat.size;
    const why = stat.isFile() ? tooLarge(bytes) : stat.isDirectory() ? 'it is a folder' : 'it is no regular file';
    if (why !== null) throw badTestImage(file, why);
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    throw imagesTrouble(
      'no-such-image',
      `There is no picture ${file}`,
      messageOf(thrown),
      'check the path of the test picture',
      thrown,
    );
  }
  const candidate = { source: file, file, place: path.basename(file), bytes, read: () => fs.readFile(file) };
  const picture = await look(candidate);
  if (picture.kind === null) throw badTestImage(file, picture.why);
  return { source: file, file, plainName: `test.${picture.kind}`, bytes, read: again(candidate) };
}

function badTestImage(file: string, why: string): UserError {
  return imagesTrouble(
    'bad-test-image',
    `${file} cannot be the test picture`,
    why,
    'pass a whole JPEG, PNG or BMP file',
  );
}
