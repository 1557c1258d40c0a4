import * as fs from 'node:fs';
import * as path from 'node:path';
import * as zlib from 'node:zlib';
import { examples } from './files';

/** Small whole pictures, and archives of them, made byte by byte. */

export function jpeg(): Buffer {
  return fs.readFileSync(path.join(examples, 'calibration', 'calib_0000.jpg'));
}

function crc32(bytes: Buffer): number {
  let value = ~0;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return ~value >>> 0;
}

function numbers(...values: readonly [size: 2 | 4, value: number][]): Buffer {
  return Buffer.concat(
    values.map(([size, value]) => {
      const bytes = Buffer.alloc(size);
      bytes.writeUIntLE(value, 0, size);
      return bytes;
    }),
  );
}

export function png(width = 8, height = 8): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const rows = zlib.deflateSync(Buffer.alloc((width * 3 + 1) * height));
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', rows),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

export function bmp(width = 8, height = 8): Buffer {
  const pixels = Buffer.alloc(Math.ceil((width * 3) / 4) * 4 * height);
  const file = numbers([4, 54 + pixels.length], [4, 0], [4, 54]);
  const info = numbers(
    [4, 40],
    [4, width],
    [4, height],
    [2, 1],
    [2, 24],
    [4, 0],
    [4, pixels.length],
    [4, 0],
    [4, 0],
    [4, 0],
    [4, 0],
  );
  return Buffer.concat([Buffer.from('BM'), file, info, pixels]);
}

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Buffer;
  readonly encrypted?: boolean;
  /** What the archive claims; default: the truth. */
  readonly claims?: number;
}

export function zip(entries: readonly ZipEntry[]): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes, encrypted = false, claims = bytes.length } of entries) {
    const packed = zlib.deflateRawSync(bytes);
    const raw = Buffer.from(name, 'utf8');
    const flags = 0x0800 | (encrypted ? 1 : 0);
    const common = numbers(
      [2, 20],
      [2, flags],
      [2, 8],
      [4, 0],
      [4, crc32(bytes)],
      [4, packed.length],
      [4, claims],
      [2, raw.length],
      [2, 0],
    );
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, raw, packed]);
    const rest = numbers([2, 0], [2, 0], [2, 0], [4, 0], [4, offset]);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02', 'latin1'), numbers([2, 20]), common, rest, raw]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = numbers(
    [2, 0],
    [2, 0],
    [2, entries.length],
    [2, entries.length],
    [4, directory.length],
    [4, offset],
    [2, 0],
  );
  return Buffer.concat([...locals, directory, Buffer.from('PK\x05\x06', 'latin1'), end]);
}
