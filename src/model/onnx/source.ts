import * as fs from 'node:fs';
import { createHash } from 'node:crypto';

const chunkBytes = 1 << 20;
const largestTake = 256 * 1024 * 1024;

/** The bytes are not what the format says; `ending` means that the file stops before its content does. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
  constructor(
    message: string,
    readonly ending = false,
  ) {
    super(message);
  }
}

/** Reads a file once from front to back, hashing all of it and keeping only what is taken. */
export class ByteSource {
  private readonly chunk = Buffer.allocUnsafe(chunkBytes);
  private readonly hash = createHash('sha256');
  private from = 0;
  private until = 0;
  private taken = 0;

  constructor(
    private readonly file: number,
    readonly size: number,
  ) {}

  /** Bytes consumed so far. */
  get position(): number {
    return this.taken;
  }

  byte(): number {
    if (this.from === this.until) this.fill();
    const value = this.chunk[this.from] ?? 0;
    this.from += 1;
    this.taken += 1;
    return value;
  }

  /** A protobuf varint, as long as it is a safe integer; larger ones (negative numbers) come out inexact. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count += 1) {
      const next = this.byte();
      value += (next & 0x7f) * scale;
      if (next < 0x80) return value;
      scale *= 128;
    }
    throw new Malformed('a number has more than ten bytes');
  }

  /** The next `count` bytes, copied. */
  take(count: number): Buffer {
    this.expect(count);
    if (count > largestTake) throw new Malformed(`one piece claims ${count} bytes`);
    const bytes = Buffer.allocUnsafe(count);
    let done = 0;
    this.pass(count, (piece) => {
      piece.copy(bytes, done);
      done += piece.length;
    });
    return bytes;
  }

  /** Passes over `count` bytes: they are hashed, not kept. */
  skip(count: number): void {
    this.expect(count);
    this.pass(count);
  }

  /** Hash of the whole file, hex; reads what is left. */
  sha256(): string {
    this.pass(this.size - this.taken);
    return this.hash.digest('hex');
  }

  private expect(count: number): void {
    if (count > this.size - this.taken) {
      throw new Malformed(`it should go on for ${count} bytes, but only ${this.size - this.taken} are left`, true);
    }
  }

  private pass(count: number, each?: (piece: Buffer) => void): void {
    let left = count;
    while (left > 0) {
      if (this.from === this.until) this.fill();
      const length = Math.min(left, this.until - this.from);
      each?.(this.chunk.subarray(this.from, this.from + length));
      this.from += length;
      this.taken += length;
      left -= length;
    }
  }

  private fill(): void {
    const count = fs.readSync(this.file, this.chunk, 0, chunkBytes, null);
    if (count === 0) throw new Malformed('the file ends here', true);
    this.hash.update(this.chunk.subarray(0, count));
    this.from = 0;
    this.until = count;
  }
}
