import { OnnxBuilder, type FileOptions } from './onnx-builder';

/** The end of a YOLO on a backbone of some convolutions, with names that say nothing. */
export interface TinyYolo extends FileOptions {
  readonly classes?: number;
  /** Bins of the box distribution; 1 = four plain distances, as YOLO26. */
  readonly bins?: number;
  readonly extra?: 'pose' | 'segment' | 'obb' | null;
  readonly points?: number;
  readonly size?: readonly [number, number];
  readonly batch?: number;
  readonly strides?: readonly number[];
  /** Boxes and classes of a stride joined first and split later, as exporters did until 2024; which of them leads. */
  readonly joinedFirst?: 'boxes' | 'classes';
  /** The dfl's weights hold 0, 1, 2, … (else zeros, as in a fixture without weights). */
  readonly realDfl?: boolean;
  /** Adds matrix products as attention has. */
  readonly attention?: boolean;
  /** Ends in the selection of the best, as end-to-end exports do. */
  readonly endToEnd?: boolean;
  /** Gives the heads themselves. */
  readonly raw?: boolean;
}

export interface Built {
  readonly bytes: Buffer;
  readonly boxes: string[];
  readonly classes: string[];
  readonly extras: string[];
}

const width = 8;

function channelsOf(kind: TinyYolo['extra'], points: number): number {
  if (kind === 'pose') return points * 3;
  return kind === 'segment' ? 32 : kind === 'obb' ? 1 : 0;
}

function withAttention(graph: OnnxBuilder, feature: string, batch: number, side: readonly number[]): string {
  const flat = graph.op('Reshape', [feature, graph.integers([batch, width, -1])]);
  const turned = graph.op('Transpose', [flat], { perm: [0, 2, 1] });
  const weights = graph.op('Softmax', [graph.op('MatMul', [turned, flat])], { axis: 2 });
  const mixed = graph.op('Transpose', [graph.op('MatMul', [weights, turned])], { perm: [0, 2, 1] });
  return graph.op('Add', [feature, graph.op('Reshape', [mixed, graph.integers([batch, width, ...side])])]);
}

function withExtra(graph: OnnxBuilder, kind: TinyYolo['extra'], joined: string, points: number, batch: number): string {
  if (kind === 'segment') return joined;
  if (kind === 'obb') {
    return graph.op('Mul', [graph.op('Sub', [graph.op('Sigmoid', [joined]), graph.weight([1])]), graph.weight([1])]);
  }
  const all = graph.op('Reshape', [joined, graph.integers([batch, points, 3, -1])]);
  const [place, seen] = graph.node('Split', [all, graph.integers([2, 1])], { axis: 2 }, 2);
  const moved = graph.op('Add', [place!, graph.weight([1])]);
  const both = graph.op('Concat', [moved, graph.op('Sigmoid', [seen!])], { axis: 2 });
  return graph.op('Reshape', [both, graph.integers([batch, points * 3, -1])]);
}

function withSelection(graph: OnnxBuilder, last: string, rest: number): string {
  const turned = graph.op('Transpose', [last], { perm: [0, 2, 1] });
  const [, scores] = graph.node('Split', [turned, graph.integers([4, rest])], { axis: 2 }, 2);
  const best = graph.op('ReduceMax', [scores!], { axes: [2], keepdims: 0 });
  const [, index] = graph.node('TopK', [best, graph.integers([5])], { axis: 1 }, 2);
  return graph.op('Gather', [turned, graph.op('Mod', [index!, graph.integers([7])])], { axis: 1 });
}

function distancesOf(graph: OnnxBuilder, boxes: string, bins: number, batch: number, real: boolean): string {
  const split = graph.op('Reshape', [boxes, graph.integers([batch, 4, bins, -1])]);
  const likely = graph.op('Softmax', [graph.op('Transpose', [split], { perm: [0, 2, 1, 3] })], { axis: 1 });
  const values = Array.from({ length: bins }, (_, bin) => (real ? bin : 0));
  const sums = graph.conv(likely, bins, 1, { bias: false, values });
  return graph.op('Reshape', [sums, graph.integers([batch, 4, -1])]);
}

export function tinyYolo(options: TinyYolo = {}): Built {
  const { classes = 3, bins = 16, extra = null, points = 17, size = [64, 64], batch = 1 } = options;
  const graph = new OnnxBuilder();
  const built = { boxes: [] as string[], classes: [] as string[], extras: [] as string[] };
  const more = channelsOf(extra, points);
  let feature = graph.conv(graph.input('images', [batch, 3, ...size]), 3, width, { kernel: 3, stride: 2 });
  if (options.attention) feature = withAttention(graph, feature, batch, [size[0] / 2, size[1] / 2]);
  let at = 2;
  for (const stride of options.strides ?? [8, 16, 32]) {
    for (; at < stride; at *= 2) {
      feature = graph.op('Relu', [graph.conv(feature, width, width, { kernel: 3, stride: 2 })]);
    }
    built.boxes.push(graph.conv(feature, width, bins * 4));
    built.classes.push(graph.conv(feature, width, classes));
    if (extra !== null) built.extras.push(graph.conv(feature, width, more));
  }
  if (options.raw) {
    for (const name of [...built.boxes, ...built.classes, ...built.extras]) graph.output(name);
    return { bytes: graph.finish(options), ...built };
  }
  const join = (names: readonly string[], channels: number): string => {
    const flat = names.map((name) => graph.op('Reshape', [name, graph.integers([batch, channels, -1])]));
    return graph.op('Concat', flat, { axis: 2 });
  };
  let boxes: string;
  let scores: string;
  if (options.joinedFirst) {
    const lead = options.joinedFirst === 'boxes';
    const order = <T>(box: T, scored: T): T[] => (lead ? [box, scored] : [scored, box]);
    const each = built.boxes.map((box, at) => graph.op('Concat', order(box, built.classes[at]!), { axis: 1 }));
    const sizes = graph.integers(order(bins * 4, classes));
    const parts = graph.node('Split', [join(each, bins * 4 + classes), sizes], { axis: 1 }, 2) as [string, string];
    [boxes, scores] = order(...parts) as [string, string];
  } else {
    boxes = join(built.boxes, bins * 4);
    scores = join(built.classes, classes);
  }
  const distances = bins > 1 ? distancesOf(graph, boxes, bins, batch, options.realDfl ?? false) : boxes;
  const [near, far] = graph.node('Split', [distances, graph.integers([2, 2])], { axis: 1 }, 2);
  const anchor = graph.weight([1, 2, 1]);
  let decoded = graph.op('Concat', [graph.op('Sub', [anchor, near!]), graph.op('Add', [anchor, far!])], { axis: 1 });
  const extras = extra === null ? [] : [withExtra(graph, extra, join(built.extras, more), points, batch)];
  if (extra === 'obb') decoded = graph.op('Mul', [decoded, graph.op('Cos', extras)]);
  let last = graph.op('Concat', [decoded, graph.op('Sigmoid', [scores]), ...extras], { axis: 1 });
  if (options.endToEnd) last = withSelection(graph, last, classes + more);
  graph.output(last);
  if (extra === 'segment') {
    const mask = graph.conv('images', 3, 32, { kernel: 3, stride: 4 });
    graph.output(graph.op('Mul', [mask, graph.op('Sigmoid', [mask])]));
  }
  return { bytes: graph.finish(options), ...built };
}
