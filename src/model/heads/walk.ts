import { producersOf, readsOf, type Graph, type Node } from '../onnx/graph';
import { axisOf } from '../onnx/known';

/** A convolution that the outputs are made of, found by walking back from them. */
export interface Reached {
  readonly conv: Node;
  readonly output: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** What happens to it next, apart from being moved about: `Sigmoid`, `Softmax>Conv`, `Sub>Add`, … */
  readonly uses: ReadonlySet<string>;
}

export type Shapes = ReadonlyMap<string, readonly number[]>;

/** Operators that move elements and change none. */
export const moves: ReadonlySet<string> = new Set([
  ...[
    'Reshape',
    'Transpose',
    'Concat',
    'Split',
    'Slice',
    'Flatten',
    'Identity',
    'Cast',
    'Squeeze',
    'Unsqueeze',
    'Dropout',
  ],
]);

const mostStates = 100_000;

/** Channels `from` up to `to`; null = all or unknown. */
type Range = readonly [from: number, to: number] | null;

interface State {
  readonly tensor: string;
  readonly range: Range;
  readonly next: string;
  readonly afterNext: string;
}

/** Bins of the distribution that a `dfl` convolution sums up (16); null when the node is another convolution. */
export function dflBins(node: Node, graph: Graph, producers: ReadonlyMap<string, Node>): number | null {
  if (node.operator !== 'Conv') return null;
  const weight = graph.tensors.get(node.inputs[1] ?? '');
  const [out, bins = 0, ...kernel] = weight?.dims ?? [];
  if (out !== 1 || bins < 2 || kernel.some((size) => size !== 1)) return null;
  if (weight?.values?.every((value, at) => value === at)) return bins;
  let source = producers.get(node.inputs[0] ?? '');
  for (let step = 0; step < 4 && source && moves.has(source.operator); step += 1) {
    source = producers.get(source.inputs[0] ?? '');
  }
  return source?.operator === 'Softmax' && node.inputs.length < 3 ? bins : null;
}

/** Which inputs of a node the given channels of one of its outputs come from. */
function origins(node: Node, output: string, range: Range, shapes: Shapes): { tensor: string; range: Range }[] {
  const shape = shapes.get(output);
  const axis = shape ? axisOf(node.attributes.get('axis')?.integer ?? 0, shape.length) : null;
  if (node.operator === 'Concat' && axis === 1) return partsOf(node.inputs, range, shapes);
  if (node.operator === 'Split' && axis === 1) {
    const before = node.outputs.slice(0, node.outputs.indexOf(output)).map((name) => shapes.get(name)?.[1] ?? NaN);
    const start = before.reduce((sum, size) => sum + size, 0);
    const [from, to] = range ?? [0, shape?.[1] ?? NaN];
    return [{ tensor: node.inputs[0] ?? '', range: Number.isNaN(start + to) ? null : [start + from, start + to] }];
  }
  const order = node.attributes.get('perm')?.integers;
  const turned = node.operator === 'Transpose' && order?.[1] !== 1;
  return readsOf(node).map((tensor) => ({
    tensor,
    range: !turned && range !== null && shapes.get(tensor)?.[1] === shape?.[1] ? range : null,
  }));
}

function partsOf(inputs: readonly string[], range: Range, shapes: Shapes): { tensor: string; range: Range }[] {
  const sizes = inputs.map((name) => shapes.get(name)?.[1]);
  if (range === null || sizes.includes(undefined)) return inputs.map((tensor) => ({ tensor, range: null }));
  const found: { tensor: string; range: Range }[] = [];
  let start = 0;
  for (const [at, tensor] of inputs.entries()) {
    const size = sizes[at] ?? 0;
    const from = Math.max(range[0] - start, 0);
    const to = Math.min(range[1] - start, size);
    if (from < to) found.push({ tensor, range: [from, to] });
    start += size;
  }
  return found;
}

/**
 * Walks back from the given tensors to the first convolutions that are not the `dfl`. Follows channels through Concat
 * and Split, so that boxes and classes which travel together for a while are told apart. Does not walk through Shape:
 * in a dynamic graph it leads to the backbone. First found, first listed.
 */
export function convolutionsBehind(outputs: readonly string[], graph: Graph, shapes: Shapes): Reached[] {
  const producers = producersOf(graph.nodes);
  const found = new Map<Node, Set<string>>();
  const seen = new Set<string>();
  const stack: State[] = outputs.map((tensor) => ({ tensor, range: null, next: '', afterNext: '' })).reverse();
  for (let state = stack.pop(); state; state = stack.pop()) {
    const { tensor, range, next, afterNext } = state;
    const key = JSON.stringify([tensor, range, next, afterNext]);
    const node = producers.get(tensor);
    if (!node || seen.has(key) || seen.size > mostStates) continue;
    seen.add(key);
    if (node.operator === 'Shape' || node.operator === 'Size') continue;
    if (node.operator === 'Conv' && dflBins(node, graph, producers) === null) {
      const uses = found.get(node) ?? new Set<string>();
      if (next !== '') uses.add(afterNext === '' ? next : `${next}>${afterNext}`);
      found.set(node, uses);
      continue;
    }
    const moved = moves.has(node.operator);
    for (const origin of origins(node, tensor, range, shapes).reverse()) {
      stack.push({ ...origin, next: moved ? next : node.operator, afterNext: moved ? afterNext : next });
    }
  }
  return [...found].flatMap(([conv, uses]) => {
    const output = conv.outputs[0] ?? '';
    const [, channels, height, width] = shapes.get(output) ?? [];
    if (channels === undefined || height === undefined || width === undefined) return [];
    return [{ conv, output, channels, height, width, uses }];
  });
}
