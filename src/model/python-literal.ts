/** A value that Python's `repr` wrote: what Ultralytics puts into ONNX metadata. */
export type PythonValue = string | number | boolean | null | PythonValue[] | Map<string | number, PythonValue>;

const longest = 1_000_000;
const deepest = 20;

/**
 * Parses a Python literal (dict, list, tuple, text, number, True, False, None) as data; nothing is evaluated.
 * Returns undefined when the text is something else.
 */
export function parsePythonLiteral(text: string): PythonValue | undefined {
  if (text.length > longest) return undefined;
  const reader = new LiteralReader(text);
  try {
    const value = reader.value(0);
    return reader.atEnd() ? value : undefined;
  } catch (thrown) {
    if (thrown instanceof NotALiteral) return undefined;
    throw thrown;
  }
}

class NotALiteral extends Error {}

const simpleEscapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '0': '\0',
};
const codeLengths: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

class LiteralReader {
  private at = 0;

  constructor(private readonly text: string) {}

  atEnd(): boolean {
    this.space();
    return this.at === this.text.length;
  }

  value(depth: number): PythonValue {
    this.space();
    const next = this.text[this.at];
    if (depth > deepest || next === undefined) throw new NotALiteral();
    if (next === '{') return this.dict(depth);
    if (next === '[') return this.list(']', depth);
    if (next === '(') return this.list(')', depth);
    if (next === "'" || next === '"') return this.quoted(next);
    return this.word();
  }

  private space(): void {
    while (/\s/.test(this.text[this.at] ?? '')) this.at += 1;
  }

  private eat(symbol: string): boolean {
    this.space();
    if (this.text[this.at] !== symbol) return false;
    this.at += 1;
    return true;
  }

  private dict(depth: number): Map<string | number, PythonValue> {
    const entries = new Map<string | number, PythonValue>();
    this.at += 1;
    while (!this.eat('}')) {
      const key = this.value(depth + 1);
      if ((typeof key !== 'string' && typeof key !== 'number') || !this.eat(':')) throw new NotALiteral();
      entries.set(key, this.value(depth + 1));
      if (!this.eat(',') && this.peek() !== '}') throw new NotALiteral();
    }
    return entries;
  }

  private list(close: string, depth: number): PythonValue[] {
    const items: PythonValue[] = [];
    this.at += 1;
    while (!this.eat(close)) {
      items.push(this.value(depth + 1));
      if (!this.eat(',') && this.peek() !== close) throw new NotALiteral();
    }
    return items;
  }

  private peek(): string | undefined {
    this.space();
    return this.text[this.at];
  }

  private quoted(quote: string): string {
    let text = '';
    this.at += 1;
    for (;;) {
      const next = this.text[this.at];
      if (next === undefined) throw new NotALiteral();
      this.at += 1;
      if (next === quote) return text;
      text += next === '\\' ? this.escaped() : next;
    }
  }

  private escaped(): string {
    const kind = this.text[this.at] ?? '';
    this.at += 1;
    const length = codeLengths[kind];
    if (length === undefined) return simpleEscapes[kind] ?? (/['"\\]/.test(kind) ? kind : `\\${kind}`);
    const digits = this.text.slice(this.at, this.at + length);
    const code = parseInt(digits, 16);
    if (!/^[0-9a-f]+$/i.test(digits) || digits.length !== length || code > 0x10ffff) throw new NotALiteral();
    this.at += length;
    return String.fromCodePoint(code);
  }

  private word(): PythonValue {
    const [word = ''] = /^[-+.\w]+/.exec(this.text.slice(this.at, this.at + 64)) ?? [];
    this.at += word.length;
    if (word === 'True' || word === 'False') return word === 'True';
    if (word === 'None') return null;
    if (!/^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(word)) throw new NotALiteral();
    return Number(word);
  }
}

/** Class names of Ultralytics' `names` (`{0: 'cat', 1: 'dog'}` or `['cat', 'dog']`), by index; empty when it is neither. */
export function classNames(text: string | undefined): string[] {
  const value = text === undefined ? undefined : parsePythonLiteral(text);
  const entries = Array.isArray(value)
    ? value.map((name, at) => [at, name] as const)
    : [...(value instanceof Map ? value : [])];
  const names: string[] = [];
  for (const [key, name] of entries) {
    const at = Number(key);
    const plain = typeof name === 'string' || typeof name === 'number';
    if (!plain || !Number.isInteger(at) || at < 0 || at >= entries.length || names[at] !== undefined) return [];
    names[at] = String(name);
  }
  return names;
}
