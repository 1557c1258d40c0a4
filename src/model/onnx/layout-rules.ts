import { axisOf, broadcast, elements, known, mostElements, withDim, type Known, type Rule } from './known';

/** Shapes (and, for index arithmetic, values) of operations that move or combine elements. */

const reshape: Rule = (seen) => {
  const input = seen.inputs[0];
  const wanted = seen.list('shape', 1);
  if (!input || !wanted) return null;
  const keepZero = seen.integer('allowzero', 0) === 1;
  const shape = wanted.map((dim, at) => (dim === 0 && !keepZero ? (input.shape[at] ?? 1) : dim));
  const free = shape.indexOf(-1);
  if (free >= 0) {
    const rest = elements(shape.filter((_, at) => at !== free));
    shape[free] = rest > 0 ? elements(input.shape) / rest : 0;
  }
  return elements(shape) === elements(input.shape) ? [known(shape, input.values, input.whole)] : null;
};

const flatten: Rule = (seen) => {
  const input = seen.inputs[0];
  if (!input) return null;
  const axis = seen.integer('axis', 1);
  const at = axis < 0 ? axis + input.shape.length : axis;
  return [known([elements(input.shape.slice(0, at)), elements(input.shape.slice(at))])];
};

const transpose: Rule = (seen) => {
  const input = seen.inputs[0];
  if (!input) return null;
  const order = seen.list('perm') ?? input.shape.map((_, at) => input.shape.length - 1 - at);
  const shape = order.map((at) => input.shape[at]);
  return shape.every((dim) => dim !== undefined) ? [known(shape)] : null;
};

const concat: Rule = (seen) => {
  const parts = seen.inputs.filter((part) => part !== null);
  const first = parts[0];
  if (!first || parts.length !== seen.node.inputs.length) return null;
  const axis = axisOf(seen.integer('axis', 0), first.shape.length);
  if (axis === null) return null;
  const size = parts.reduce((sum, part) => sum + (part.shape[axis] ?? 0), 0);
  const flat = first.shape.length === 1 && parts.every((part) => part.values !== null);
  return [
    known(withDim(first.shape, axis, size), flat ? parts.flatMap((part) => part.values ?? []) : null, first.whole),
  ];
};

const split: Rule = (seen) => {
  const input = seen.inputs[0];
  const axis = input ? axisOf(seen.integer('axis', 0), input.shape.length) : null;
  if (!input || axis === null) return null;
  const count = seen.node.outputs.length;
  const size = input.shape[axis] ?? 0;
  const even = Math.ceil(size / count);
  const sizes = seen.list('split', 1) ?? seen.node.outputs.map((_, at) => Math.min(even, size - even * at));
  return sizes.slice(0, count).map((part) => known(withDim(input.shape, axis, part)));
};

const slice: Rule = (seen) => {
  const input = seen.inputs[0];
  const starts = seen.list('starts', 1);
  const ends = seen.list('ends', 2);
  if (!input || !starts || !ends) return null;
  const axes = seen.list('axes', 3) ?? starts.map((_, at) => at);
  const steps = seen.list('steps', 4) ?? starts.map(() => 1);
  let shape = [...input.shape];
  let values = input.shape.length === 1 ? input.values : null;
  for (const [index, start] of starts.entries()) {
    const axis = axisOf(axes[index] ?? -1, shape.length);
    const step = steps[index] ?? 1;
    if (axis === null || step <= 0) return null;
    const size = shape[axis] ?? 0;
    const place = (at: number): number => Math.max(0, Math.min(size, at < 0 ? at + size : at));
    const from = place(start);
    const to = place(ends[index] ?? size);
    shape = withDim(shape, axis, Math.max(0, Math.ceil((to - from) / step)));
    values = values?.slice(from, to).filter((_, at) => at % step === 0) ?? null;
  }
  return [known(shape, values, input.whole)];
};

const squeeze: Rule = (seen) => {
  const input = seen.inputs[0];
  if (!input) return null;
  const axes = seen.list('axes', 1)?.map((axis) => axisOf(axis, input.shape.length));
  const shape = input.shape.filter((dim, at) => (axes ? !axes.includes(at) : dim !== 1));
  return [known(shape, input.values, input.whole)];
};

const unsqueeze: Rule = (seen) => {
  const input = seen.inputs[0];
  const wanted = seen.list('axes', 1);
  if (!input || !wanted) return null;
  const rank = input.shape.length + wanted.length;
  const shape = [...input.shape];
  for (const axis of wanted.map((at) => axisOf(at, rank)).sort((a, b) => (a ?? 0) - (b ?? 0))) {
    if (axis === null) return null;
    shape.splice(axis, 0, 1);
  }
  return [known(shape, input.values, input.whole)];
};

const gather: Rule = (seen) => {
  const [input, indices] = seen.inputs;
  const axis = input ? axisOf(seen.integer('axis', 0), input.shape.length) : null;
  if (!input || !indices || axis === null) return null;
  const shape = [...input.shape.slice(0, axis), ...indices.shape, ...input.shape.slice(axis + 1)];
  const from = input.shape.length === 1 ? input.values : null;
  const picked = from && indices.values ? indices.values.map((at) => from[at < 0 ? at + from.length : at]) : null;
  return [known(shape, picked?.every((value) => value !== undefined) ? picked : null, input.whole)];
};

const matmul: Rule = ({ inputs: [a, b] }) => {
  if (!a || !b || a.shape.length < 2 || b.shape.length < 2) return null;
  const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return batch ? [known([...batch, a.shape.at(-2) ?? 1, b.shape.at(-1) ?? 1])] : null;
};

const expand: Rule = (seen) => {
  const input = seen.inputs[0];
  const wanted = seen.list('shape', 1);
  const shape = input && wanted ? broadcast(input.shape, wanted) : null;
  return shape ? [known(shape)] : null;
};

const tile: Rule = (seen) => {
  const input = seen.inputs[0];
  const repeats = seen.list('repeats', 1);
  return input && repeats ? [known(input.shape.map((dim, at) => dim * (repeats[at] ?? 1)))] : null;
};

const shapeOf: Rule = (seen) => {
  const input = seen.inputs[0];
  if (!input) return null;
  const dims = input.shape.slice(seen.integer('start', 0), seen.node.attributes.get('end')?.integer);
  return [known([dims.length], dims, true)];
};

const constantOfShape: Rule = (seen) => {
  const shape = seen.inputs[0]?.values;
  if (!shape || shape.some((dim) => dim < 0)) return null;
  const value = seen.node.attributes.get('value')?.tensor;
  const count = elements(shape);
  const fill = value?.values?.[0] ?? 0;
  return [known(shape, count <= mostElements ? Array.from({ length: count }, () => fill) : null, value?.type === 7)];
};

const range: Rule = ({ inputs: [start, limit, delta] }) => {
  const [from, to, step] = [start?.values?.[0], limit?.values?.[0], delta?.values?.[0]];
  if (from === undefined || to === undefined || !step) return null;
  const count = Math.max(0, Math.ceil((to - from) / step));
  const values = count <= mostElements ? Array.from({ length: count }, (_, at) => from + at * step) : null;
  return [known([count], values, start?.whole)];
};

const reduce: Rule = (seen) => {
  const input = seen.inputs[0];
  if (!input) return null;
  const axes = seen.list('axes', 1)?.map((axis) => axisOf(axis, input.shape.length));
  return [removed(input, (at) => axes?.includes(at) ?? true, seen.integer('keepdims', 1) === 1)];
};

const arg: Rule = (seen) => {
  const input = seen.inputs[0];
  if (!input) return null;
  const axis = axisOf(seen.integer('axis', 0), input.shape.length);
  return [removed(input, (at) => at === axis, seen.integer('keepdims', 1) === 1)];
};

function removed(input: Known, gone: (axis: number) => boolean, keep: boolean): Known {
  return known(keep ? input.shape.map((dim, at) => (gone(at) ? 1 : dim)) : input.shape.filter((_, at) => !gone(at)));
}

const topK: Rule = (seen) => {
  const input = seen.inputs[0];
  const axis = input ? axisOf(seen.integer('axis', -1), input.shape.length) : null;
  const count = seen.list('k', 1)?.[0] ?? seen.integer('k', 0);
  if (!input || axis === null || count <= 0) return null;
  const shape = withDim(input.shape, axis, count);
  return [known(shape), known(shape)];
};

const constant: Rule = ({ node: { attributes } }) => {
  const tensor = attributes.get('value')?.tensor;
  if (tensor) return [known(tensor.dims, tensor.values, tensor.type === 6 || tensor.type === 7)];
  const whole = attributes.get('value_int')?.integer;
  if (whole !== undefined) return [known([], [whole], true)];
  const real = attributes.get('value_float')?.float;
  if (real !== undefined) return [known([], [real])];
  const list = attributes.get('value_ints')?.integers;
  return list ? [known([list.length], list, true)] : null;
};

export const layoutRules: Readonly<Record<string, Rule>> = {
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Gather: gather,
  GatherElements: ({ inputs: [, indices] }) => (indices ? [known(indices.shape)] : null),
  MatMul: matmul,
  Expand: expand,
  Tile: tile,
  Shape: shapeOf,
  ConstantOfShape: constantOfShape,
  Range: range,
  ReduceMax: reduce,
  ReduceMean: reduce,
  ReduceMin: reduce,
  ReduceSum: reduce,
  ReduceProd: reduce,
  ArgMax: arg,
  ArgMin: arg,
  TopK: topK,
  Constant: constant,
};
