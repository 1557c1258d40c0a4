import type { Head, ModelFacts } from '../types';

/** Orders of head tensors. */

/** box8, class8, box16, class16, … (extras left out). */
export function interleaved(heads: readonly Head[]): string[] {
  return heads.flatMap((head) => [head.box, head.class]);
}

/** box8, box16, …, class8, class16, …, extra8, … */
export function grouped(heads: readonly Head[]): string[] {
  const extras = heads.flatMap(({ extra }) => (extra === null ? [] : [extra]));
  return [...heads.map((head) => head.box), ...heads.map((head) => head.class), ...extras];
}

/** Tensors after the heads: dfl, scores, then extra and prototypes where the task has them; empty when one is missing. */
export function decoded({ decoded: { dfl, scores, extra, proto }, task, heads }: ModelFacts): string[] {
  const wanted = [dfl, scores, ...(heads[0]?.extra == null ? [] : [extra]), ...(task === 'segment' ? [proto] : [])];
  const found = wanted.filter((name) => name !== null);
  return found.length === wanted.length ? found : [];
}

/** The box is a distribution over bins (v5u to 12) and not four distances (YOLO26). */
export function isDistributed(facts: ModelFacts): boolean {
  return (facts.heads[0]?.boxChannels ?? 0) > 4;
}

/** Class names for companion files: those of the model, made up where it names none. */
export function labelsOf(facts: ModelFacts): string[] {
  const count = facts.classCount ?? facts.classes.length;
  return Array.from({ length: count }, (_, at) => facts.classes[at] ?? `class${at}`);
}

/** Number of places where a box may be, over all heads, at the given size; null when the size is not known. */
export function anchorsOf({ heads }: ModelFacts, size: readonly [number, number] | null): number | null {
  if (size === null) return null;
  return heads.reduce((sum, { stride }) => sum + (size[0] / stride) * (size[1] / stride), 0);
}
