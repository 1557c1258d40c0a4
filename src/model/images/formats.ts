/** Is it a whole picture? Looked at from its first byte to its last, without decoding. */

export type PictureKind = 'jpg' | 'png' | 'bmp';

export type Picture =
  | { readonly kind: PictureKind; readonly width: number; readonly height: number }
  /** Why it is none, to stand after "skipped:". */
  | { readonly kind: null; readonly why: string };

const largestSide = 30_000;

function broken(why: string): Picture {
  return { kind: null, why };
}

function sized(kind: PictureKind, width: number, height: number): Picture {
  const sane = width > 0 && height > 0 && width <= largestSide && height <= largestSide;
  return sane ? { kind, width, height } : broken(`it claims to be ${width}x${height} pixels`);
}

/** Markers of a JPEG frame that decoders know: baseline, extended, progressive. */
const frames = new Set([0xc0, 0xc1, 0xc2]);
const otherFrames = new Set([0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf]);

/** First place at or after `at` where a marker other than a restart stands inside compressed data; -1 if none. */
function markerAfter(bytes: Buffer, at: number): number {
  for (let place = bytes.indexOf(0xff, at); place >= 0; place = bytes.indexOf(0xff, place + 1)) {
    const next = bytes[place + 1];
    if (next !== undefined && next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return place;
  }
  return -1;
}

function jpeg(bytes: Buffer): Picture {
  const cut = broken('the end of the JPEG is missing');
  let size: Picture | null = null;
  let scanned = false;
  let at = 2;
  while (at + 4 <= bytes.length || (bytes[at] === 0xff && bytes[at + 1] === 0xd9)) {
    if (bytes[at] !== 0xff) return broken('the JPEG is damaged');
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0xd9) return size !== null && scanned ? size : broken('the JPEG ends before its picture');
    const length = bytes.readUInt16BE(at + 2);
    if (length < 2 || at + 2 + length > bytes.length) return cut;
    if (otherFrames.has(marker)) return broken('it is a JPEG of a rare kind (lossless, hierarchical or arithmetic)');
    if (frames.has(marker)) {
      if (length < 8) return broken('the JPEG is damaged');
      size = sized('jpg', bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5));
      if (size.kind === null) return size;
    }
    at += 2 + length;
    if (marker === 0xda) {
      scanned = true;
      at = markerAfter(bytes, at);
      if (at < 0) return cut;
    }
  }
  return cut;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes: Buffer): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (crcTable[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

function png(bytes: Buffer): Picture {
  let size: Picture | null = null;
  let data = false;
  let at = 8;
  while (at + 12 <= bytes.length) {
    const length = bytes.readUInt32BE(at);
    if (at + 12 + length > bytes.length) break;
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (crc32(bytes.subarray(at + 4, at + 8 + length)) !== bytes.readUInt32BE(at + 8 + length)) {
      return broken('the PNG is damaged (a checksum does not fit)');
    }
    if (at === 8) {
      if (type !== 'IHDR' || length !== 13) return broken('the PNG is damaged');
      size = sized('png', bytes.readUInt32BE(at + 8), bytes.readUInt32BE(at + 12));
      if (size.kind === null) return size;
    }
    if (type === 'IDAT') data = true;
    if (type === 'IEND') return size !== null && data ? size : broken('the PNG holds no picture');
    at += 12 + length;
  }
  return broken('the end of the PNG is missing');
}

function bmp(bytes: Buffer): Picture {
  if (bytes.length < 30) return broken('the end of the BMP is missing');
  const start = bytes.readUInt32LE(10);
  const header = bytes.readUInt32LE(14);
  const old = header === 12;
  if (!old && header < 40) return broken('the BMP is damaged');
  if (!old && bytes.length < 54) return broken('the end of the BMP is missing');
  const width = old ? bytes.readUInt16LE(18) : bytes.readInt32LE(18);
  const height = Math.abs(old ? bytes.readInt16LE(20) : bytes.readInt32LE(22));
  const bits = bytes.readUInt16LE(old ? 24 : 28);
  const compression = old ? 0 : bytes.readUInt32LE(30);
  if (![1, 4, 8, 16, 24, 32].includes(bits)) return broken('the BMP is damaged');
  const size = sized('bmp', width, height);
  if (size.kind === null) return size;
  const packed = compression === 1 || compression === 2;
  const needed = packed ? bytes.readUInt32LE(34) : Math.ceil((width * bits) / 32) * 4 * height;
  return start + needed <= bytes.length ? size : broken('the end of the BMP is missing');
}

const strangers: readonly (readonly [magic: string, at: number, name: string])[] = [
  ['GIF8', 0, 'a GIF'],
  ['WEBP', 8, 'a WebP picture'],
  ['II*\0', 0, 'a TIFF picture'],
  ['MM\0*', 0, 'a TIFF picture'],
  ['ftyp', 4, 'a HEIC or AVIF picture'],
  ['PK\x03\x04', 0, 'an archive'],
];

/** What the whole file's bytes are. Its name is not asked. */
export function inspectPicture(bytes: Buffer): Picture {
  if (bytes.length === 0) return broken('it is empty');
  if (bytes.length >= 4 && bytes.readUInt16BE(0) === 0xffd8) return jpeg(bytes);
  if (bytes.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'))) return png(bytes);
  if (bytes.toString('latin1', 0, 2) === 'BM') return bmp(bytes);
  const stranger = strangers.find(([magic, at]) => bytes.toString('latin1', at, at + magic.length) === magic);
  return broken(stranger ? `it is ${stranger[2]}; JPEG, PNG and BMP are read` : 'it is no JPEG, PNG or BMP');
}
