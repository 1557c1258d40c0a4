/** An ONNX graph without its weights: what is left after reading, before anything is concluded from it. */

export interface Tensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** ONNX element type number (1 float32, 7 int64, 10 float16, …). */
  readonly type: number;
  /** Kept for small tensors only (at most `keptElements`). */
  readonly values: readonly number[] | null;
  /** The data is in another file. */
  readonly external: boolean;
}

export interface Attribute {
  readonly float?: number;
  readonly integer?: number;
  readonly text?: string;
  readonly integers?: readonly number[];
  readonly tensor?: Tensor;
}

export interface Node {
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** Nodes of its sub-graphs (If, Loop), flattened. */
  readonly inner: readonly Node[];
}

export interface ValueInfo {
  readonly name: string;
  readonly type: number;
  /** Known dimensions as numbers, others as their symbol or `?`. */
  readonly shape: readonly (number | string)[];
}

export interface Graph {
  /** In the order of execution. */
  readonly nodes: readonly Node[];
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly declared: ReadonlyMap<string, ValueInfo>;
}

export interface OnnxFile {
  readonly irVersion: number;
  /** Version of ONNX's own operator set; 0 when the file names none. */
  readonly opset: number;
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly graph: Graph;
  readonly sha256: string;
}

/** Tensors up to this many elements keep their values: shapes, strides and the weights of the `dfl` convolution. */
export const keptElements = 512;

const typeNames: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  16: 'bfloat16',
};

/** Name of an ONNX element type, e.g. `float32`; `type-99` when unknown. */
export function typeName(type: number): string {
  return typeNames[type] ?? `type-${type}`;
}

/** Everything a node reads, what its sub-graphs capture included. */
export function readsOf(node: Node): readonly string[] {
  return node.inner.length === 0 ? node.inputs : [...node.inputs, ...node.inner.flatMap((inner) => inner.inputs)];
}

/** Which node makes each tensor. */
export function producersOf(nodes: readonly Node[]): Map<string, Node> {
  const producers = new Map<string, Node>();
  for (const node of nodes) for (const output of node.outputs) if (output !== '') producers.set(output, node);
  return producers;
}

/** Nodes in the order of execution (some exporters append casts at the end); nodes of a cycle are left out. */
export function ordered(nodes: readonly Node[]): Node[] {
  const producers = producersOf(nodes);
  const waitingFor = new Map<Node, number>();
  const readers = new Map<Node, Node[]>();
  for (const node of nodes) {
    const sources = new Set<Node>();
    for (const input of readsOf(node)) {
      const source = producers.get(input);
      if (source) sources.add(source);
    }
    waitingFor.set(node, sources.size);
    for (const source of sources) {
      const known = readers.get(source);
      if (known) known.push(node);
      else readers.set(source, [node]);
    }
  }
  const ready = nodes.filter((node) => waitingFor.get(node) === 0);
  for (let index = 0; index < ready.length; index += 1) {
    for (const reader of readers.get(ready[index] as Node) ?? []) {
      const left = (waitingFor.get(reader) ?? 0) - 1;
      waitingFor.set(reader, left);
      if (left === 0) ready.push(reader);
    }
  }
  return ready;
}
