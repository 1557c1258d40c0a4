import type { Props } from '../core/ledger';
import { isProps } from '../core/shape';
import type { CloudRequest } from './judge';

/**
 * What a plugin makes of the inputs of its resource types. What a translation does not know goes on under its own name,
 * so that it is refused and not lost.
 */
export type Translation = Readonly<Record<string, (inputs: Props) => CloudRequest[]>>;

export const bag = (value: unknown): Props => (isProps(value) ? value : {});
export const bags = (value: unknown): Props[] => (Array.isArray(value) ? value.map(bag) : []);
export const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** Without some: what is no part of a request. */
export function omit(inputs: Props, names: readonly string[]): Props {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => !names.includes(name)));
}

/** A number or a flag as the text that some clouds want. */
export const asText = (value: unknown): string | undefined =>
  typeof value === 'number' || typeof value === 'boolean' ? value.toString() : undefined;

/** Without the bridges' own bookkeeping, at any depth. */
export function without(inputs: Props): Props {
  const clean = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(clean);
    return isProps(value) ? without(value) : value;
  };
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, value]) => (name.startsWith('__') ? [] : [[name, clean(value)]])),
  );
}
