import type { Props } from './ledger';

/** What the engine sends in a preview for a value that is not known yet. */
export const unknownValue = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

/** Looks at one value; answers what is wrong with it, each with its path. */
export type Shape = (value: unknown, path: string) => Problem[];

export interface Problem {
  readonly property: string;
  readonly reason: string;
}

const known =
  (look: Shape): Shape =>
  (value, path) =>
    value === unknownValue ? [] : look(value, path);

const problem = (property: string, reason: string): Problem[] => [{ property, reason }];

/** A text, perhaps of a pattern or out of a list. */
export function text(allowed?: RegExp | readonly string[]): Shape {
  return known((value, path) => {
    if (typeof value !== 'string') return problem(path, `expected a string, got ${JSON.stringify(value)}`);
    if (allowed instanceof RegExp && !allowed.test(value))
      return problem(path, `invalid value ${JSON.stringify(value)}`);
    if (Array.isArray(allowed) && !allowed.includes(value)) {
      return problem(path, `expected one of ${allowed.join(', ')}, got ${JSON.stringify(value)}`);
    }
    return [];
  });
}

export function number(least = -Infinity, most = Infinity): Shape {
  return known((value, path) => {
    if (typeof value !== 'number') return problem(path, `expected a number, got ${JSON.stringify(value)}`);
    return value < least || value > most ? problem(path, `expected ${least} to ${most}, got ${value}`) : [];
  });
}

export const flag: Shape = known((value, path) =>
  typeof value === 'boolean' ? [] : problem(path, `expected a boolean, got ${JSON.stringify(value)}`),
);

/** Keys and values of tags, labels or metadata. */
export function map(key: RegExp = /^.{1,128}$/s, value: RegExp = /^.*$/s): Shape {
  return known((given, path) => {
    if (!isProps(given)) return problem(path, 'expected a map');
    return Object.entries(given).flatMap(([name, item]) => [
      ...(key.test(name) ? [] : problem(`${path}.${name}`, `invalid key ${JSON.stringify(name)}`)),
      ...text(value)(item, `${path}.${name}`),
    ]);
  });
}

export function list(item: Shape, least = 0): Shape {
  return known((value, path) => {
    if (!Array.isArray(value)) return problem(path, 'expected a list');
    if (value.length < least) return problem(path, `expected at least ${least} item(s)`);
    return value.flatMap((one, index) => item(one, `${path}[${index}]`));
  });
}

/** Required and optional fields; any other is refused. */
export function object(required: Record<string, Shape>, optional: Record<string, Shape> = {}): Shape {
  return known((value, path) => {
    if (!isProps(value)) return problem(path, 'expected an object');
    const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
    const fields = { ...required, ...optional };
    return [
      ...Object.keys(required)
        .filter((name) => value[name] === undefined || value[name] === null)
        .map((name) => ({ property: at(name), reason: 'missing required property' })),
      ...Object.entries(value).flatMap(([name, item]) => {
        // The bridges' own bookkeeping.
        if (name.startsWith('__') || item === null) return [];
        const shape = Object.hasOwn(fields, name) ? fields[name] : undefined;
        return shape ? shape(item, at(name)) : problem(at(name), 'unknown property');
      }),
    ];
  });
}

export function isProps(value: unknown): value is Props {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text input; empty when it was left out. Shapes have seen to it that it is nothing else. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
