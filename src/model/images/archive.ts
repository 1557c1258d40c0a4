import * as yauzl from 'yauzl';
import { messageOf, UserError } from '../../errors';
import { imagesTrouble, looksLikePicture, tooLarge, type Candidate, type Candidates } from './candidates';

const mostEntries = 200_000;
const mostBytes = 8 * 1024 * 1024 * 1024;

function damaged(archive: string, thrown: unknown): UserError {
  return imagesTrouble(
    'bad-archive',
    `${archive} is no readable .zip archive`,
    messageOf(thrown),
    'pack the pictures again, or pass a folder',
    thrown,
  );
}

function open(archive: string): Promise<yauzl.ZipFile> {
  return new Promise((resolve, reject) => {
    // Names stay bytes here: they are checked one by one below, so that a single bad one does not end the reading.
    yauzl.open(archive, { lazyEntries: true, decodeStrings: false, autoClose: false }, (error, zip) => {
      if (error) reject(error);
      else resolve(zip);
    });
  });
}

function entriesOf(archive: string, zip: yauzl.ZipFile): Promise<yauzl.Entry[]> {
  return new Promise((resolve, reject) => {
    const entries: yauzl.Entry[] = [];
    zip.on('error', reject);
    zip.on('end', () => resolve(entries));
    zip.on('entry', (entry: yauzl.Entry) => {
      entries.push(entry);
      if (entries.length > mostEntries) {
        reject(
          imagesTrouble(
            'too-many-files',
            `${archive} holds more than ${mostEntries} files`,
            'it is hardly an archive of calibration pictures',
            'pack only the pictures',
          ),
        );
      } else zip.readEntry();
    });
    zip.readEntry();
  });
}

function nameOf(entry: yauzl.Entry): string {
  return yauzl.getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, false);
}

/** The bytes of one entry. Its size is the declared one: yauzl stops a stream that holds more. */
async function readEntry(archive: string, entry: yauzl.Entry): Promise<Buffer> {
  const zip = await open(archive);
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      zip.on('error', reject);
      zip.openReadStream(entry, (error, stream) => {
        if (error) {
          reject(error);
          return;
        }
        const pieces: Buffer[] = [];
        stream.on('data', (piece: Buffer) => pieces.push(piece));
        stream.on('end', () => resolve(Buffer.concat(pieces)));
        stream.on('error', reject);
      });
    });
  } finally {
    zip.close();
  }
}

/** Every entry of a .zip that may be a picture. Nothing is unpacked to disk; names are only shown and sorted by. */
export async function candidatesInArchive(archive: string): Promise<Candidates> {
  let entries: yauzl.Entry[];
  try {
    const zip = await open(archive);
    try {
      entries = await entriesOf(archive, zip);
    } finally {
      zip.close();
    }
  } catch (thrown) {
    throw thrown instanceof UserError ? thrown : damaged(archive, thrown);
  }
  const files: Candidate[] = [];
  const skipped: { source: string; why: string }[] = [];
  let total = 0;
  for (const entry of entries) {
    const place = nameOf(entry);
    if (!looksLikePicture(place)) continue;
    if (entry.isEncrypted()) {
      throw imagesTrouble(
        'encrypted-archive',
        `${archive} is encrypted`,
        `${JSON.stringify(place)} needs a password`,
        'unpack it and pass the folder',
      );
    }
    const source = `${archive}:${place}`;
    const why =
      yauzl.validateFileName(place) !== null ? 'its path leads out of the archive' : tooLarge(entry.uncompressedSize);
    if (why !== null) skipped.push({ source, why });
    else {
      total += entry.uncompressedSize;
      files.push({ source, file: null, place, bytes: entry.uncompressedSize, read: () => readEntry(archive, entry) });
    }
  }
  if (total > mostBytes) {
    throw imagesTrouble(
      'archive-too-large',
      `${archive} unpacks to more than ${mostBytes / 1024 ** 3} GiB of pictures`,
      'that is no calibration set; about 100 pictures are usual',
      'pack fewer pictures',
    );
  }
  return { files, skipped };
}
