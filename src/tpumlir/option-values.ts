import { UserError } from '../errors';
import { nearMatches } from '../near-matches';

/** A refused option: exit code input, nothing was created. */
export function refused(code: string, what: string, why: string, fix: string): UserError {
  return new UserError({ code, what, why, fix, exit: 'input' });
}

/** The number that the text is, or null: plain decimals only (no hex, no Infinity, nothing around it). */
function numberOf(text: string): number | null {
  const trimmed = text.trim();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/.test(trimmed)) return null;
  const value = Number(trimmed);
  return Number.isFinite(value) && Math.abs(value) <= 1e9 ? value : null;
}

/**
 * `0,0,0` or one number for all channels.
 * @throws UserError `bad-<option>` (exit input)
 */
export function channelValues(option: string, text: string, channels: number): readonly number[] {
  const values = text.split(',').map(numberOf);
  if (values.some((value) => value === null) || (values.length !== 1 && values.length !== channels)) {
    throw refused(
      `bad-${option}`,
      `--${option} ${JSON.stringify(text)} is no list of numbers for this model`,
      `it takes one number, or ${channels} with commas between (the input has ${channels} channel${channels === 1 ? '' : 's'})`,
      `Write --${option} ${Array.from({ length: channels }, () => (option === 'scale' ? '0.0039216' : '0')).join(',')}.`,
    );
  }
  const known = values as number[];
  return known.length === channels ? known : Array.from({ length: channels }, () => known[0] ?? 0);
}

/** `0.8,0.5` → least cosine and euclidean similarity, each 0…1. */
export function toleranceOf(text: string): readonly [number, number] {
  const values = text.split(',').map(numberOf);
  const [cosine, euclidean] = values;
  const within = (value: number | null | undefined): value is number =>
    typeof value === 'number' && value >= 0 && value <= 1;
  if (values.length === 2 && within(cosine) && within(euclidean)) return [cosine, euclidean];
  throw refused(
    'bad-tolerance',
    `--tolerance ${JSON.stringify(text)} is no pair of similarities`,
    'it takes the least cosine and the least euclidean similarity, both between 0 and 1 (above 1 nothing could pass)',
    'Write for example --tolerance 0.8,0.5.',
  );
}

/** `640` (square) or `HEIGHTxWIDTH`, pixels, multiples of 32. */
export function inputSizeOf(text: string): readonly [number, number] {
  const match = /^(\d{1,5})(?:[x,](\d{1,5}))?$/.exec(text.trim().toLowerCase());
  const size = match === null ? [] : [Number(match[1]), Number(match[2] ?? match[1])];
  const [height, width] = size;
  if (height === undefined || width === undefined) {
    throw refused(
      'bad-input-size',
      `--input-size ${JSON.stringify(text)} is no picture size`,
      'it takes one number for a square, or HEIGHTxWIDTH (height first, as in the model)',
      'Write for example --input-size 640 or --input-size 480x640.',
    );
  }
  checkMultiple(height, width);
  return [height, width];
}

/** @throws UserError `bad-input-size` unless both are multiples of 32 between 32 and 4096. */
export function checkMultiple(height: number, width: number): void {
  const odd = [height, width].filter((side) => side % 32 !== 0 || side < 32 || side > 4096);
  if (odd.length === 0) return;
  const near = (side: number): number => Math.min(4096, Math.max(32, Math.round(side / 32) * 32));
  throw refused(
    'bad-input-size',
    `An input of ${height}x${width} (height x width) does not convert`,
    'both sides must be multiples of 32, from 32 to 4096: YOLO halves the picture five times',
    `Export the model with imgsz=${near(height)},${near(width)}, or give --input-size ${near(height)}x${near(width)} for a dynamic one.`,
  );
}

/** @throws UserError `bad-calibration-count` */
export function countOf(value: string | number): number {
  const count = numberOf(String(value));
  if (count !== null && Number.isInteger(count) && count >= 1 && count <= 10_000) return count;
  throw refused(
    'bad-calibration-count',
    `--calibration-count ${JSON.stringify(value)} is no count of pictures`,
    'it takes a whole number from 1 to 10000; about 100 is usual, and memory grows with it',
    'Write --calibration-count 100.',
  );
}

/** One word of a list, in any case; near matches are named. */
export function oneOf<T extends string>(option: string, text: string, words: readonly T[]): T {
  const found = words.find((word) => word.toLowerCase() === text.trim().toLowerCase());
  if (found !== undefined) return found;
  const [near] = nearMatches(text, words, 1);
  throw refused(
    `bad-${option}`,
    `--${option} ${JSON.stringify(text)} is not one of its values`,
    `it takes ${words.join(', ')}`,
    near === undefined ? `Leave it out, or take one of these.` : `Did you mean --${option} ${near}?`,
  );
}

/** Name of the model inside the .cvimodel. It becomes part of file names in shell lines of the tools, so it is plain. */
export function modelNameOf(text: string): string {
  if (/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(text)) return text;
  throw refused(
    'bad-name',
    `--name ${JSON.stringify(text)} cannot be a model's name`,
    'a name is a letter, then letters, digits and underscores, at most 64 in all',
    `Write --name ${plainName(text)}.`,
  );
}

/** A plain name made from any text (a file name, say). */
export function plainName(text: string): string {
  const plain = text
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 60);
  return /^[A-Za-z]/.test(plain) ? plain : plain === '' ? 'model' : `m_${plain}`;
}

/** `a,b,c` → names of tensors, each once. Which of them the graph has is the caller's knowledge (`known`). */
export function outputNamesOf(text: string, known?: ReadonlySet<string>): readonly string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const strange = names.find((name) => name.length > 512 || /\p{Cc}/u.test(name));
  if (names.length === 0 || strange !== undefined || new Set(names).size !== names.length) {
    throw refused(
      'bad-output-names',
      `--output-names ${JSON.stringify(text.slice(0, 200))} is no list of tensor names`,
      names.length === 0 ? 'it is empty' : 'a name is there twice, or holds what no name holds',
      'Leave it out: cvicast finds the heads in the graph. `cvicast check MODEL` prints them.',
    );
  }
  const missing = known === undefined ? undefined : names.find((name) => !known.has(name));
  if (known !== undefined && missing !== undefined) {
    const [near] = nearMatches(missing, known, 1);
    throw refused(
      'unknown-output-name',
      `The model has no tensor ${JSON.stringify(missing)}`,
      'names differ between exporter versions, so names from a guide seldom fit',
      `${near === undefined ? '' : `Did you mean ${near}? `}Leave --output-names out: cvicast finds the heads in the graph.`,
    );
  }
  return names;
}
