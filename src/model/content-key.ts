import { createHash } from 'node:crypto';

export interface KeyParts {
  /** SHA-256 of the model, hex. */
  readonly model: string;
  /** The pictures' bytes, in their order. */
  readonly pictures: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** What changes the result: plain JSON values; the order of its keys does not matter. */
  readonly options: unknown;
  /** Which toolchain, exactly. */
  readonly toolVersion: string;
}

/**
 * SHA-256 (hex) of all that a calibration table depends on: the same key, the same table. Each part is hashed by
 * itself first, so that no two different inputs run together into one text.
 */
export async function contentKey({ model, pictures, options, toolVersion }: KeyParts): Promise<string> {
  const key = createHash('sha256');
  key.update(JSON.stringify({ form: 1, model, options: sorted(options), toolVersion }));
  for await (const picture of pictures) key.update(createHash('sha256').update(picture).digest());
  return key.digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, inner]) => [name, sorted(inner)]);
}
