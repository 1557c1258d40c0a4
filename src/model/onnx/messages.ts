import { Reader } from 'protobufjs/minimal';
import { keptElements, type Attribute, type Node, type Tensor, type ValueInfo } from './graph';
import { Malformed } from './source';

/**
 * ONNX's protobuf messages, read field by field (numbers from onnx.proto3, ONNX 1.16): a schema would copy every
 * weight into memory first.
 */

const deepest = 16;
const mostNodes = 100_000;

type Fields = Readonly<Record<number, (reader: Reader, wire: number) => void>>;

function each(reader: Reader, fields: Fields): void {
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const field = fields[tag >>> 3];
    if (field) field(reader, tag & 7);
    else reader.skipType(tag & 7);
  }
}

function part(reader: Reader): Reader {
  return Reader.create(reader.bytes());
}

function integer(reader: Reader): number {
  return Number(reader.int64());
}

/** Repeated numbers arrive packed (one block) or one at a time. */
function repeated(reader: Reader, wire: number, read: (from: Reader) => number, into: number[]): void {
  if (wire !== 2) {
    into.push(read(reader));
  } else {
    const block = part(reader);
    while (block.pos < block.len) into.push(read(block));
  }
  if (into.length > mostNodes * 10) throw new Malformed('a list is too long');
}

const rawWidth: Readonly<Record<number, number>> = { 1: 4, 6: 4, 7: 8, 10: 2, 11: 8, 2: 1, 3: 1, 9: 1 };

function fromRaw(raw: Uint8Array, type: number): number[] | null {
  const width = rawWidth[type];
  if (width === undefined) return null;
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  const values: number[] = [];
  for (let at = 0; at + width <= bytes.length; at += width) {
    if (type === 1) values.push(bytes.readFloatLE(at));
    else if (type === 6) values.push(bytes.readInt32LE(at));
    else if (type === 7) values.push(Number(bytes.readBigInt64LE(at)));
    else if (type === 11) values.push(bytes.readDoubleLE(at));
    else if (type === 10) values.push(halfToNumber(bytes.readUInt16LE(at)));
    else if (type === 3) values.push(bytes.readInt8(at));
    else values.push(bytes.readUInt8(at));
  }
  return values;
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** TensorProto; values only where there are at most `keptElements`. */
export function readTensor(reader: Reader): Tensor {
  const dims: number[] = [];
  let type = 0;
  let name = '';
  const raws: Uint8Array[] = [];
  let external = false;
  const listed: number[] = [];
  const list = (read: (from: Reader) => number) => (from: Reader, wire: number) => {
    if (wire === 2 && from.pos < from.len) {
      const block = from.bytes();
      if (block.length > keptElements * 10) return;
      const inside = Reader.create(block);
      while (inside.pos < inside.len) listed.push(read(inside));
    } else if (listed.length <= keptElements) listed.push(read(from));
    else from.skipType(wire);
  };
  each(reader, {
    1: (from, wire) => repeated(from, wire, integer, dims),
    2: (from) => (type = from.int32()),
    4: list((from) => from.float()),
    5: list((from) => from.int32()),
    7: list(integer),
    8: (from) => (name = from.string()),
    9: (from) => raws.push(from.bytes()),
    10: list((from) => from.double()),
    13: (from, wire) => {
      external = true;
      from.skipType(wire);
    },
    14: (from) => (external = from.int32() === 1 || external),
  });
  const count = dims.reduce((product, dim) => product * dim, 1);
  const [raw] = raws;
  const found = raw === undefined ? listed : raw.length <= keptElements * 8 ? fromRaw(raw, type) : null;
  const values = found !== null && found.length === count && count <= keptElements ? found : null;
  return { name, dims, type, values, external };
}

/** ValueInfoProto: name, element type and shape of a tensor. */
export function readValueInfo(reader: Reader): ValueInfo {
  let name = '';
  let type = 0;
  const shape: (number | string)[] = [];
  const dimension = (from: Reader): void => {
    let size: number | string = '?';
    each(part(from), {
      1: (inner) => (size = integer(inner)),
      2: (inner) => (size = inner.string() || '?'),
    });
    shape.push(typeof size === 'number' && size <= 0 ? '?' : size);
  };
  each(reader, {
    1: (from) => (name = from.string()),
    2: (from) =>
      each(part(from), {
        1: (typed) =>
          each(part(typed), {
            1: (inner) => (type = inner.int32()),
            2: (inner) => each(part(inner), { 1: dimension }),
          }),
      }),
  });
  return { name, type, shape };
}

function readAttribute(reader: Reader, depth: number): { name: string; attribute: Attribute; nodes: Node[] } {
  let name = '';
  let attribute: Attribute = {};
  const integers: number[] = [];
  const nodes: Node[] = [];
  const graph = (from: Reader): void => {
    each(part(from), { 1: (inner) => nodes.push(readNode(part(inner), depth + 1)) });
  };
  each(reader, {
    1: (from) => (name = from.string()),
    2: (from) => (attribute = { ...attribute, float: from.float() }),
    3: (from) => (attribute = { ...attribute, integer: integer(from) }),
    4: (from) => (attribute = { ...attribute, text: from.string() }),
    5: (from) => (attribute = { ...attribute, tensor: readTensor(part(from)) }),
    6: graph,
    8: (from, wire) => repeated(from, wire, integer, integers),
    11: graph,
  });
  return { name, attribute: integers.length > 0 ? { ...attribute, integers } : attribute, nodes };
}

/** NodeProto, sub-graphs flattened into `inner`. */
export function readNode(reader: Reader, depth = 0): Node {
  if (depth > deepest) throw new Malformed('graphs are nested too deeply');
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, Attribute>();
  const inner: Node[] = [];
  let operator = '';
  let domain = '';
  each(reader, {
    1: (from) => inputs.push(from.string()),
    2: (from) => outputs.push(from.string()),
    4: (from) => (operator = from.string()),
    5: (from) => {
      const read = readAttribute(part(from), depth);
      attributes.set(read.name, read.attribute);
      for (const node of read.nodes) inner.push(node, ...node.inner);
      if (inner.length > mostNodes) throw new Malformed('there are too many nodes');
    },
    7: (from) => (domain = from.string()),
  });
  return { operator, domain: domain === 'ai.onnx' ? '' : domain, inputs, outputs, attributes, inner };
}

/** StringStringEntryProto or OperatorSetIdProto: `1` is text, `2` text or number. */
export function readPair(reader: Reader): { key: string; text: string; number: number } {
  let key = '';
  let text = '';
  let number = 0;
  each(reader, {
    1: (from) => (key = from.string()),
    2: (from, wire) => {
      if (wire === 2) text = from.string();
      else number = integer(from);
    },
  });
  return { key, text, number };
}
