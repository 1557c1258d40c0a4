import type { Task } from './types';
import type { Anatomy } from './heads/roles';
import type { Graph, Node } from './onnx/graph';
import type { Shapes } from './heads/walk';

/** What the graph is built of, as far as it tells the generations of YOLO apart. */
interface Traits {
  readonly attention: boolean;
  /** Depth-wise convolution that halves the picture: YOLOv10's SCDown. */
  readonly depthwiseDown: boolean;
  /** Depth-wise convolution of 7 × 7: the position code of YOLO12's area attention. */
  readonly depthwise7: boolean;
  /** First convolution of 6 × 6: YOLOv5's stem. */
  readonly stem6: boolean;
  /** Averaging while it goes down: YOLOv9. */
  readonly averages: boolean;
}

function traitsOf(graph: Graph): Traits {
  const kernel = (conv: Node): number => graph.tensors.get(conv.inputs[1] ?? '')?.dims[2] ?? 0;
  const convolutions = graph.nodes.filter(({ operator }) => operator === 'Conv');
  const depthwise = convolutions.filter((conv) => (conv.attributes.get('group')?.integer ?? 1) > 1);
  const first = convolutions[0];
  return {
    attention: graph.nodes.filter(({ operator }) => operator === 'MatMul').length >= 2,
    depthwiseDown: depthwise.some((conv) => conv.attributes.get('strides')?.integers?.[0] === 2),
    depthwise7: depthwise.some((conv) => kernel(conv) === 7),
    stem6: first !== undefined && kernel(first) === 6,
    averages: graph.nodes.some(({ operator }) => operator === 'AveragePool'),
  };
}

/** The model's generation from its structure: the names in a file say what its author wished. `unknown` if none fits. */
export function familyOf(graph: Graph, { heads, decoded, anchored }: Anatomy, described: string): string {
  const traits = traitsOf(graph);
  const [head] = heads;
  if (anchored.length > 0) return 'yolov5';
  if (!head)
    return (
      /\bYOLO(v?\d+)[a-z]*-cls\b/i
        .exec(described)?.[0]
        .toLowerCase()
        .replace(/[a-z]-cls$/, '') ?? 'unknown'
    );
  const distributed = decoded.dfl !== null || head.boxChannels > 4;
  if (!distributed) return traits.attention ? 'yolo26' : 'unknown';
  if (traits.attention && traits.depthwiseDown) return 'yolov10';
  if (traits.attention) return traits.depthwise7 ? 'yolo12' : 'yolo11';
  if (traits.stem6) return 'yolov5u';
  return traits.averages ? 'yolov9' : 'yolov8';
}

const tasks: readonly string[] = ['detect', 'segment', 'pose', 'obb', 'classify'];

function isTask(text: string | undefined): text is Task {
  return text !== undefined && tasks.includes(text);
}

/** What the model is for: from its heads; the metadata is asked where they leave a choice. */
export function taskOf(
  graph: Graph,
  { heads, decoded, angled, anchored }: Anatomy,
  shapes: Shapes,
  said: string | undefined,
): Task {
  const extra = heads[0]?.extraChannels;
  if (anchored.length > 0) return 'detect';
  if (heads.length > 0 && (extra === null || extra === undefined)) return 'detect';
  if (extra !== null && extra !== undefined) {
    if (decoded.proto !== null) return 'segment';
    if (angled || extra === 1) return 'obb';
    if (isTask(said) && said !== 'classify' && said !== 'detect') return said;
    return extra % 3 === 0 || extra % 2 === 0 ? 'pose' : 'unknown';
  }
  const [output] = graph.outputs;
  const shape = shapes.get(output?.name ?? '') ?? [];
  const flat = graph.outputs.length === 1 && shape.length >= 2 && shape.slice(2).every((dim) => dim === 1);
  const last = graph.nodes.find(({ outputs }) => outputs.includes(output?.name ?? ''));
  return flat && (said === 'classify' || last?.operator === 'Softmax') ? 'classify' : 'unknown';
}
