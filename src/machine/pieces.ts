import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { UserError, messageOf } from '../errors';
import { assertPlainPath } from './names';
import type { FileToSend } from './types';

/** A file travels in pieces of this many bytes: a cut line costs no more than one of them. */
export const pieceBytes = 1024 * 1024;

/** A part of a file, known by its content. */
export interface Piece {
  readonly sha256: string;
  readonly bytes: number;
  /** Where it begins in its file. */
  readonly offset: number;
  readonly from: FileToSend['from'];
}

export interface ReadyFile {
  readonly to: string;
  readonly mode: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly pieces: readonly Piece[];
}

function unreadable(file: string, why: string, cause?: unknown): UserError {
  return new UserError(
    {
      code: 'file-unreadable',
      what: `${file} cannot be sent`,
      why,
      fix: 'Leave it as it is while it is sent, and start again.',
      exit: 'input',
    },
    { cause },
  );
}

function changed(file: string): UserError {
  return unreadable(file, 'it was changed meanwhile');
}

/**
 * Reads a file once, for the hashes of the whole and of its pieces.
 *
 * @throws UserError `file-unreadable`, also when it is not what it was; Bug when its name on the machine is not plain.
 */
export async function prepare(file: FileToSend): Promise<ReadyFile> {
  assertPlainPath(file.to);
  const { from } = file;
  const whole = createHash('sha256');
  const pieces: Piece[] = [];
  let part = createHash('sha256');
  let inPart = 0;
  let total = 0;
  const cut = (): void => {
    pieces.push({ sha256: part.digest('hex'), bytes: inPart, offset: total - inPart, from });
    part = createHash('sha256');
    inPart = 0;
  };
  const source: AsyncIterable<Buffer> | Buffer[] = 'bytes' in from ? [from.bytes] : fs.createReadStream(from.path);
  try {
    for await (const chunk of source) {
      whole.update(chunk);
      for (let at = 0; at < chunk.length;) {
        const slice = chunk.subarray(at, at + pieceBytes - inPart);
        part.update(slice);
        at += slice.length;
        inPart += slice.length;
        total += slice.length;
        if (inPart === pieceBytes) cut();
      }
    }
  } catch (problem) {
    throw unreadable('path' in from ? from.path : file.to, messageOf(problem), problem);
  }
  if (inPart > 0 || pieces.length === 0) cut();
  const sha256 = whole.digest('hex');
  if (file.sha256 !== undefined && file.sha256 !== sha256) throw changed('path' in from ? from.path : file.to);
  return { to: file.to, mode: file.mode ?? 0o600, bytes: total, sha256, pieces };
}

/**
 * The bytes of a piece, read anew.
 *
 * @throws UserError `file-unreadable`, also when they are no longer what was hashed.
 */
export async function contentOf({ from, offset, bytes, sha256 }: Piece): Promise<Buffer> {
  if ('bytes' in from) return from.bytes.subarray(offset, offset + bytes);
  const content = Buffer.alloc(bytes);
  try {
    const handle = await fs.promises.open(from.path);
    try {
      await handle.read(content, 0, bytes, offset);
    } finally {
      await handle.close();
    }
  } catch (problem) {
    throw unreadable(from.path, messageOf(problem), problem);
  }
  if (createHash('sha256').update(content).digest('hex') !== sha256) throw changed(from.path);
  return content;
}
