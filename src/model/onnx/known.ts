import type { Node } from './graph';

/** What is known of a tensor before anything runs: its shape, and its elements where they are few. */
export interface Known {
  readonly shape: readonly number[];
  /** Elements in row order, for tensors that hold shapes and indices. */
  readonly values: readonly number[] | null;
  /** Whether division truncates. */
  readonly whole: boolean;
}

/** What a rule sees of a node. */
export interface Seen {
  readonly node: Node;
  /** Null where nothing is known, or the optional input is absent. */
  readonly inputs: readonly (Known | null)[];
  integer(name: string, fallback: number): number;
  /** An attribute's list, else the elements of the input that took its place in later operator sets. */
  list(name: string, input?: number): readonly number[] | null;
}

/** One result per output; null where it cannot be told. */
export type Rule = (seen: Seen) => readonly (Known | null)[] | null;

export const mostElements = 4096;

export function known(shape: readonly number[], values: readonly number[] | null = null, whole = false): Known {
  return { shape, values: values !== null && values.length <= mostElements ? values : null, whole };
}

export function elements(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** Axis counted from the end when negative; null when out of range. */
export function axisOf(axis: number, rank: number): number | null {
  const at = axis < 0 ? axis + rank : axis;
  return Number.isInteger(at) && at >= 0 && at < rank ? at : null;
}

export function withDim(shape: readonly number[], axis: number, size: number): number[] {
  return shape.map((dim, at) => (at === axis ? size : dim));
}

/** Shape of two operands side by side, numpy's way; null when they do not fit. */
export function broadcast(a: readonly number[], b: readonly number[]): number[] | null {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let at = 0; at < rank; at += 1) {
    const left = a[at - rank + a.length] ?? 1;
    const right = b[at - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) return null;
    shape.push(left === 1 ? right : left);
  }
  return shape;
}
