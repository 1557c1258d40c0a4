import { Reader } from 'protobufjs/minimal';
import { ordered, type Node, type OnnxFile, type Tensor, type ValueInfo } from './graph';
import { readNode, readPair, readTensor, readValueInfo } from './messages';
import { type ByteSource, Malformed } from './source';

const longestData = 8192;
const mostParts = 100_000;
/** TensorProto's fields that hold elements: float, int32, string, int64, raw, double, uint64. */
const dataFields = new Set([4, 5, 6, 7, 9, 10, 11]);

interface FieldHead {
  readonly field: number;
  readonly wire: number;
  /** Bytes of a length-delimited field, the number of a varint, bytes of a fixed one. */
  readonly value: number;
}

function nextField(source: ByteSource): FieldHead {
  const tag = source.varint();
  const field = Math.floor(tag / 8);
  const wire = tag % 8;
  if (field === 0 || field > 536_870_911) throw new Malformed('a field has no number');
  if (wire === 0 || wire === 2) return { field, wire, value: source.varint() };
  if (wire === 1) return { field, wire, value: 8 };
  if (wire === 5) return { field, wire, value: 4 };
  throw new Malformed(`a field has the unknown kind ${wire}`);
}

function pass(source: ByteSource, { wire, value }: FieldHead): void {
  if (wire !== 0) source.skip(value);
}

function within(source: ByteSource, bytes: number): number {
  if (bytes > source.size - source.position) {
    throw new Malformed(`a part of ${bytes} bytes begins, but only ${source.size - source.position} are left`, true);
  }
  return source.position + bytes;
}

function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}

/** Takes a TensorProto without its elements, unless they are few. */
function takeTensor(source: ByteSource, bytes: number): Tensor {
  const end = within(source, bytes);
  const kept: Uint8Array[] = [];
  while (source.position < end) {
    const head = nextField(source);
    if (dataFields.has(head.field) && head.wire === 2 && head.value > longestData) {
      source.skip(head.value);
      continue;
    }
    kept.push(
      Uint8Array.from([
        ...varintBytes(head.field * 8 + head.wire),
        ...(head.wire === 0 || head.wire === 2 ? varintBytes(head.value) : []),
      ]),
    );
    if (head.wire !== 0) kept.push(source.take(head.value));
    if (kept.length > mostParts) throw new Malformed('a tensor has too many parts');
  }
  if (source.position !== end) throw new Malformed('a tensor is longer than it says');
  return readTensor(Reader.create(Buffer.concat(kept)));
}

interface GraphParts {
  readonly nodes: Node[];
  readonly tensors: Map<string, Tensor>;
  readonly inputs: ValueInfo[];
  readonly outputs: ValueInfo[];
  readonly declared: Map<string, ValueInfo>;
}

function readGraph(source: ByteSource, bytes: number, parts: GraphParts): void {
  const end = within(source, bytes);
  const message = (size: number): Reader => Reader.create(source.take(size));
  while (source.position < end) {
    const head = nextField(source);
    if (head.wire !== 2) pass(source, head);
    else if (head.field === 1) parts.nodes.push(readNode(message(head.value)));
    else if (head.field === 5) {
      const tensor = takeTensor(source, head.value);
      parts.tensors.set(tensor.name, tensor);
    } else if (head.field === 11) parts.inputs.push(readValueInfo(message(head.value)));
    else if (head.field === 12) parts.outputs.push(readValueInfo(message(head.value)));
    else if (head.field === 13) {
      const info = readValueInfo(message(head.value));
      parts.declared.set(info.name, info);
    } else pass(source, head);
    const count = parts.nodes.length + parts.inputs.length + parts.outputs.length;
    if (count > mostParts || parts.tensors.size > mostParts || parts.declared.size > mostParts) {
      throw new Malformed('the graph has more parts than any network');
    }
  }
  if (source.position !== end) throw new Malformed('the graph is longer than it says');
}

/**
 * Reads an ONNX ModelProto in one pass without copying weights.
 * @throws Malformed when the bytes are no ModelProto; RangeError or Error from the protobuf reader likewise.
 */
export function readOnnx(source: ByteSource): OnnxFile {
  const parts: GraphParts = { nodes: [], tensors: new Map(), inputs: [], outputs: [], declared: new Map() };
  let irVersion = 0;
  let opset = 0;
  let producer = '';
  const metadata = new Map<string, string>();
  while (source.position < source.size) {
    const head = nextField(source);
    if (head.field === 1 && head.wire === 0) irVersion = head.value;
    else if (head.field === 7 && head.wire === 2) readGraph(source, head.value, parts);
    else if (head.field === 2 && head.wire === 2) producer = source.take(head.value).toString('utf8');
    else if (head.field === 8 && head.wire === 2) {
      const { key: domain, number } = readPair(Reader.create(source.take(head.value)));
      if (domain === '' || domain === 'ai.onnx') opset = number;
    } else if (head.field === 14 && head.wire === 2) {
      const { key, text } = readPair(Reader.create(source.take(head.value)));
      metadata.set(key, text);
    } else pass(source, head);
  }
  if (parts.nodes.length === 0) throw new Malformed('it holds no graph');
  if (opset === 0) throw new Malformed('the version of its operators, which follows the graph, is missing', true);
  const inputs = parts.inputs.filter(({ name }) => !parts.tensors.has(name));
  return {
    irVersion,
    opset,
    producer,
    metadata: Object.fromEntries(metadata),
    graph: { ...parts, inputs, nodes: ordered(parts.nodes) },
    sha256: source.sha256(),
  };
}
