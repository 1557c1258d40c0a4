import * as fs from 'node:fs';
import { messageOf, UserError } from '../errors';
import type { ModelFacts, NodeFact, TensorFact } from './types';
import { anatomyOf } from './heads/roles';
import { familyOf, taskOf } from './family';
import { macsOf } from './macs';
import { readOnnx } from './onnx/file';
import { readsOf, typeName, type Graph, type Node, type OnnxFile, type ValueInfo } from './onnx/graph';
import { inferShapes } from './onnx/shapes';
import { lookalike } from './onnx/sniff';
import { ByteSource, Malformed } from './onnx/source';
import { pictureAxes } from './picture';
import { classNames, parsePythonLiteral } from './python-literal';

export interface ReadOptions {
  /** Height and width for a graph that leaves them open, pixels. */
  readonly inputSize?: readonly [number, number];
}

const fallbackSize = 640;

function refusal(code: string, what: string, why: string, fix: string, cause?: unknown): UserError {
  return new UserError({ code, what, why, fix, exit: 'input' }, { cause });
}

function open(file: string): number {
  try {
    // A pipe would block for ever, so look before opening.
    const stat = fs.statSync(file);
    if (stat.isDirectory()) {
      throw refusal(
        'is-a-folder',
        `${file} is a folder`,
        'the model must be one .onnx file',
        'pass the .onnx file in it',
      );
    }
    if (!stat.isFile())
      throw refusal(
        'unreadable',
        `${file} is no regular file`,
        'it is a pipe, socket or device',
        'pass a regular file',
      );
    if (stat.size === 0) {
      throw refusal(
        'empty-model',
        `${file} is empty`,
        'it holds 0 bytes; its export or download did not finish',
        'export or copy the model again',
      );
    }
    return fs.openSync(file, 'r');
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'ERR_INVALID_ARG_VALUE') {
      throw refusal(
        'no-such-model',
        `There is no model ${file}`,
        'no file has this name',
        'check the path of the .onnx file',
        thrown,
      );
    }
    throw refusal(
      'unreadable',
      `${file} cannot be read`,
      messageOf(thrown),
      'make the file readable for your user',
      thrown,
    );
  }
}

function contentTrouble(file: string, first: number, thrown: unknown): UserError {
  const why = messageOf(thrown);
  // Every ONNX file begins with the number of its IR version, field 1.
  if (first !== 0x08) {
    return refusal(
      'not-onnx',
      `${file} is no ONNX model`,
      `its bytes do not form one (${why})`,
      'pass the .onnx file that your training tool exports',
      thrown,
    );
  }
  if (thrown instanceof Malformed && thrown.ending) {
    return refusal(
      'truncated-model',
      `${file} is cut off`,
      why,
      'copy, download or export the model again; compare its size with the original',
      thrown,
    );
  }
  return refusal(
    'damaged-model',
    `${file} is damaged`,
    `it begins like an ONNX model, but ${why}`,
    'copy, download or export the model again',
    thrown,
  );
}

function parse(file: string): OnnxFile & { readonly bytes: number } {
  const handle = open(file);
  try {
    const bytes = fs.fstatSync(handle).size;
    const head = Buffer.alloc(Math.min(4096, bytes));
    fs.readSync(handle, head, 0, head.length, 0);
    const other = lookalike(head);
    if (other) throw refusal('not-onnx', `${file} is no ONNX model`, `its content is ${other.what}`, other.fix);
    try {
      return { ...readOnnx(new ByteSource(handle, bytes)), bytes };
    } catch (thrown) {
      throw contentTrouble(file, head[0] ?? 0, thrown);
    }
  } finally {
    fs.closeSync(handle);
  }
}

function exportedSize(metadata: Readonly<Record<string, string>>): readonly [number, number] | null {
  const size = parsePythonLiteral(metadata['imgsz'] ?? '');
  const [height, width] = Array.isArray(size) ? size : [size, size];
  return typeof height === 'number' && typeof width === 'number' && height > 0 && width > 0 ? [height, width] : null;
}

/** The input's shape with every open dimension closed. */
function closed(input: ValueInfo, size: readonly [number, number]): number[] {
  const axes = pictureAxes(input.shape);
  return input.shape.map((dim, at) => {
    if (typeof dim === 'number') return dim;
    if (at === axes.height) return size[0];
    if (at === axes.width) return size[1];
    return at === axes.channels ? 3 : 1;
  });
}

function tensorFact({ name, shape, type }: ValueInfo): TensorFact {
  return { name, shape, type: typeName(type) };
}

function qualified(node: Node): string {
  return node.domain === '' ? node.operator : `${node.domain}::${node.operator}`;
}

function nodeFact(node: Node): NodeFact {
  return {
    operator: node.operator,
    domain: node.domain,
    inputs: readsOf(node),
    outputs: node.outputs,
    inner: node.inner.map(qualified),
  };
}

function isHalf(graph: Graph): boolean {
  const half = (type: number): boolean => type === 10 || type === 16;
  const weights = [...graph.tensors.values()].some(({ type, dims }) => half(type) && dims.length > 1);
  return weights || graph.inputs.some(({ type }) => half(type));
}

function sorted(names: Iterable<string>): string[] {
  return [...new Set(names)].sort();
}

/** Whole of the graph: what it takes, what it gives, what it is made of. */
function factsOf(file: string, model: ReturnType<typeof parse>, options: ReadOptions): ModelFacts {
  const { graph, metadata } = model;
  const [input] = graph.inputs;
  const asked = options.inputSize ?? exportedSize(metadata) ?? [fallbackSize, fallbackSize];
  const inputs = new Map(graph.inputs.map((info) => [info.name, closed(info, asked)]));
  const shapes = inferShapes(graph, inputs);
  const axes = pictureAxes(input?.shape ?? []);
  const shape = inputs.get(input?.name ?? '') ?? [];
  const size: [number, number] = [shape[axes.height] ?? asked[0], shape[axes.width] ?? asked[1]];
  const names = classNames(metadata['names']);
  const anatomy = anatomyOf(graph, shapes, size, names.length || null);
  const task = taskOf(graph, anatomy, shapes, metadata['task']);
  const dynamic = graph.inputs.some((info) => info.shape.some((dim) => typeof dim === 'string'));
  const anchors = anatomy.anchored[0];
  const classified = task === 'classify' ? shapes.get(graph.outputs[0]?.name ?? '')?.[1] : undefined;
  const every = graph.nodes.flatMap((node) => [node, ...node.inner]);
  return {
    path: file,
    bytes: model.bytes,
    sha256: model.sha256,
    irVersion: model.irVersion,
    opset: model.opset,
    producer: model.producer,
    metadata,
    inputs: graph.inputs.map(tensorFact),
    outputs: graph.outputs.map(tensorFact),
    dynamic,
    halfPrecision: isHalf(graph),
    family: familyOf(graph, anatomy, metadata['description'] ?? ''),
    task,
    classes: names,
    classCount:
      anatomy.heads[0]?.classChannels ??
      (anchors === undefined ? undefined : anchors / 3 - 5) ??
      classified ??
      (names.length || null),
    heads: anatomy.heads,
    decoded: anatomy.decoded,
    nodes: graph.nodes.map(nodeFact),
    shapes,
    operators: sorted(every.map(qualified)),
    customDomains: sorted(every.map(({ domain }) => domain).filter((domain) => domain !== '')),
    hasNms: every.some(({ operator }) => /non_?max_?suppression|nms/i.test(operator)),
    macs: dynamic && !options.inputSize ? null : macsOf(graph, shapes),
  };
}

/**
 * Reads what can be known of an ONNX model without running it. Weights are hashed and passed over, never kept.
 * @param file path of the model
 * @throws UserError (exit `input`) `no-such-model`, `is-a-folder`, `empty-model`, `unreadable`, `not-onnx`,
 *   `truncated-model`, `damaged-model`, `external-weights`
 */
export function readModel(file: string, options: ReadOptions = {}): Promise<ModelFacts> {
  return Promise.resolve().then(() => {
    const model = parse(file);
    const outside = [...model.graph.tensors.values()].some(({ external }) => external);
    if (outside) {
      throw refusal(
        'external-weights',
        `${file} has its weights in another file`,
        'only the graph is in the .onnx file; the toolchain gets one file',
        `put them together: python -c "import onnx; onnx.save(onnx.load('model.onnx'), 'whole.onnx')"`,
      );
    }
    return factsOf(file, model, options);
  });
}
