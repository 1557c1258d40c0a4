import { Writer } from 'protobufjs/minimal';

/** Writes small ONNX files for tests: the cases that no fixture has. Field numbers are those of onnx.proto3. */

export type Attributes = Readonly<Record<string, number | string | readonly number[]>>;

export interface FileOptions {
  readonly opset?: number;
  readonly irVersion?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

const float = 1;
const int64 = 7;

function valueInfo(name: string, shape: readonly (number | string)[], type: number): Uint8Array {
  const dims = Writer.create();
  for (const dim of shape) {
    const writer = dims.uint32(10).fork();
    if (typeof dim === 'number') writer.uint32(8).int64(dim);
    else writer.uint32(18).string(dim);
    writer.ldelim();
  }
  const tensor = Writer.create().uint32(8).int32(type).uint32(18).bytes(dims.finish()).finish();
  const typed = Writer.create().uint32(10).bytes(tensor).finish();
  return Writer.create().uint32(10).string(name).uint32(18).bytes(typed).finish();
}

function tensor(name: string, dims: readonly number[], type: number, raw: Uint8Array, external = false): Uint8Array {
  const writer = Writer.create();
  for (const dim of dims) writer.uint32(8).int64(dim);
  writer.uint32(16).int32(type).uint32(66).string(name);
  if (external) writer.uint32(112).int32(1);
  else writer.uint32(74).bytes(raw);
  return writer.finish();
}

function attribute(name: string, value: number | string | readonly number[]): Uint8Array {
  const writer = Writer.create().uint32(10).string(name);
  if (typeof value === 'number') writer.uint32(24).int64(value).uint32(160).int32(2);
  else if (typeof value === 'string') writer.uint32(34).string(value).uint32(160).int32(3);
  else {
    for (const item of value) writer.uint32(64).int64(item);
    writer.uint32(160).int32(7);
  }
  return writer.finish();
}

interface ConvOptions {
  readonly kernel?: number;
  readonly stride?: number;
  readonly group?: number;
  readonly bias?: boolean;
  readonly type?: number;
  readonly values?: readonly number[];
}

export class OnnxBuilder {
  private readonly nodes: Uint8Array[] = [];
  private readonly tensors: Uint8Array[] = [];
  private readonly inputs: Uint8Array[] = [];
  private readonly outputs: Uint8Array[] = [];
  private count = 0;

  /** Names say nothing: t17. */
  private fresh(): string {
    this.count += 1;
    return `t${this.count}`;
  }

  input(name: string, shape: readonly (number | string)[], type = float): string {
    this.inputs.push(valueInfo(name, shape, type));
    return name;
  }

  output(name: string, shape: readonly (number | string)[] = []): void {
    this.outputs.push(valueInfo(name, shape, float));
  }

  weight(
    dims: readonly number[],
    options: { values?: readonly number[]; type?: number; external?: boolean } = {},
  ): string {
    const name = this.fresh();
    const type = options.type ?? float;
    const size = dims.reduce((product, dim) => product * dim, 1) * (type === 10 ? 2 : 4);
    const raw = options.values ? Buffer.from(new Float32Array(options.values).buffer) : Buffer.alloc(size);
    this.tensors.push(tensor(name, dims, type, raw, options.external));
    return name;
  }

  integers(values: readonly number[]): string {
    const name = this.fresh();
    const raw = Buffer.from(new BigInt64Array(values.map(BigInt)).buffer);
    this.tensors.push(tensor(name, [values.length], int64, raw));
    return name;
  }

  /** Adds a node; answers the names of its outputs. */
  node(operator: string, inputs: readonly string[], attributes: Attributes = {}, outputs = 1, domain = ''): string[] {
    const names = Array.from({ length: outputs }, () => this.fresh());
    const writer = Writer.create();
    for (const name of inputs) writer.uint32(10).string(name);
    for (const name of names) writer.uint32(18).string(name);
    writer.uint32(34).string(operator);
    for (const [name, value] of Object.entries(attributes)) writer.uint32(42).bytes(attribute(name, value));
    if (domain !== '') writer.uint32(58).string(domain);
    this.nodes.push(writer.finish());
    return names;
  }

  op(operator: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.node(operator, inputs, attributes)[0]!;
  }

  conv(input: string, from: number, to: number, options: ConvOptions = {}): string {
    const { kernel = 1, stride = 1, group = 1, bias = true, type = float, values } = options;
    const weight = this.weight([to, from / group, kernel, kernel], { type, ...(values ? { values } : {}) });
    const pad = Math.floor(kernel / 2);
    const shape = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad], group };
    return this.op('Conv', bias ? [input, weight, this.weight([to], { type })] : [input, weight], shape);
  }

  finish({ opset = 17, irVersion = 8, metadata = {} }: FileOptions = {}): Buffer {
    const graph = Writer.create();
    for (const node of this.nodes) graph.uint32(10).bytes(node);
    graph.uint32(18).string('graph');
    for (const each of this.tensors) graph.uint32(42).bytes(each);
    for (const each of this.inputs) graph.uint32(90).bytes(each);
    for (const each of this.outputs) graph.uint32(98).bytes(each);
    const model = Writer.create().uint32(8).int64(irVersion).uint32(18).string('test').uint32(58).bytes(graph.finish());
    model.uint32(66).bytes(Writer.create().uint32(10).string('').uint32(16).int64(opset).finish());
    for (const [key, value] of Object.entries(metadata)) {
      model.uint32(114).bytes(Writer.create().uint32(10).string(key).uint32(18).string(value).finish());
    }
    return Buffer.from(model.finish());
  }
}
