import type { DecodedTensors, Head } from '../types';
import { producersOf, type Graph, type Node } from '../onnx/graph';
import { convolutionsBehind, dflBins, moves, type Reached, type Shapes } from './walk';

/** What the end of the graph is made of. */
export interface Anatomy {
  /** By rising stride; empty when the outputs are not built from box and class convolutions. */
  readonly heads: readonly Head[];
  readonly decoded: DecodedTensors;
  /** The extra branch is an angle (its sigmoid is shifted before use). */
  readonly angled: boolean;
  /** Channels of each single convolution a stride, as classic YOLOv5 and v7 have; empty otherwise. */
  readonly anchored: readonly number[];
}

interface Roles {
  readonly box: Reached;
  readonly class: Reached;
  readonly extra: Reached | null;
}

const nothing: DecodedTensors = { dfl: null, scores: null, extra: null, proto: null };

function only(from: readonly Reached[], fits: (conv: Reached) => boolean): Reached | undefined {
  const fitting = from.filter(fits);
  return fitting.length === 1 ? fitting[0] : undefined;
}

function startsWith(conv: Reached, operator: string): boolean {
  return [...conv.uses].some((use) => use === operator || use.startsWith(`${operator}>`));
}

/** A class score is used through its sigmoid alone; an angle's sigmoid is shifted by a quarter. */
function onlyScored(conv: Reached): boolean {
  return conv.uses.size > 0 && [...conv.uses].every((use) => /^Sigmoid(>(?!Sub)|$)/.test(use));
}

function isShifted(conv: Reached): boolean {
  return [...conv.uses].some((use) => use.startsWith('Sigmoid>Sub'));
}

function rolesOf(group: readonly Reached[], boxChannels: number, classCount: number | null): Roles | null {
  const box =
    only(group, (conv) => startsWith(conv, 'Softmax')) ??
    only(group, (conv) => conv.channels === boxChannels && !startsWith(conv, 'Sigmoid') && conv.uses.size > 0) ??
    group.find((conv) => conv.channels === boxChannels);
  if (!box) return null;
  const rest = group.filter((conv) => conv !== box);
  if (rest.length === 0 || rest.length > 2) return null;
  const scored =
    only(rest, onlyScored) ?? only(rest, (conv) => conv.channels === classCount && !isShifted(conv)) ?? rest[0];
  if (!scored) return null;
  const extra = rest.find((conv) => conv !== scored) ?? null;
  // Two branches of pure scores: objectness beside classes (YOLOX), which is not ours.
  if (extra && onlyScored(extra)) return null;
  return { box, class: scored, extra };
}

function byGrid(reached: readonly Reached[]): Reached[][] {
  const groups = new Map<string, Reached[]>();
  for (const conv of reached) {
    const key = `${conv.height}x${conv.width}`;
    groups.set(key, [...(groups.get(key) ?? []), conv]);
  }
  return [...groups.values()].sort((a, b) => (b[0]?.width ?? 0) - (a[0]?.width ?? 0));
}

/** All tensors that hold the elements of `from`, moved but unchanged. */
function movedFrom(from: string, readers: ReadonlyMap<string, readonly Node[]>): Set<string> {
  const reached = new Set([from]);
  for (const tensor of reached) {
    for (const node of readers.get(tensor) ?? []) {
      if (moves.has(node.operator)) for (const output of node.outputs) reached.add(output);
    }
  }
  return reached;
}

/** Tensors that hold elements of all the given ones, in the order of execution. */
function joined(names: readonly string[], graph: Graph): string[] {
  const readers = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    const [input] = node.inputs;
    const moving = node.operator === 'Concat' ? node.inputs : input === undefined ? [] : [input];
    for (const name of moving) readers.set(name, [...(readers.get(name) ?? []), node]);
  }
  const sets = names.map((name) => movedFrom(name, readers));
  return graph.nodes.flatMap((node) => node.outputs).filter((name) => sets.every((set) => set.has(name)));
}

function decodedOf(roles: readonly Roles[], graph: Graph, shapes: Shapes): DecodedTensors {
  const producers = producersOf(graph.nodes);
  const dfl = graph.nodes.find((node) => dflBins(node, graph, producers) !== null)?.outputs[0] ?? null;
  const classes = new Set(
    joined(
      roles.map((role) => role.class.output),
      graph,
    ),
  );
  const count = roles[0]?.class.channels;
  const scores = graph.nodes.find(
    ({ operator, inputs: [input = ''] }) =>
      operator === 'Sigmoid' && classes.has(input) && shapes.get(input)?.[1] === count,
  );
  const extras = roles.flatMap(({ extra }) => (extra ? [extra] : []));
  const extra = joined(
    extras.map(({ output }) => output),
    graph,
  ).find((name) => {
    const shape = shapes.get(name);
    return shape?.length === 3 && shape[1] === extras[0]?.channels;
  });
  const own = new Set(roles.flatMap((role) => [role.box.output, role.class.output, role.extra?.output ?? '']));
  const proto = graph.outputs.find(({ name }) => {
    const shape = shapes.get(name);
    return shape?.length === 4 && !own.has(name) && shape[1] === extras[0]?.channels;
  });
  return {
    dfl,
    scores: scores?.outputs[0] ?? null,
    extra: extras.length > 0 ? (extra ?? null) : null,
    proto: extras.length > 0 ? (proto?.name ?? null) : null,
  };
}

function uniform(roles: readonly Roles[]): boolean {
  const key = ({ box, class: scores, extra }: Roles): string => `${box.channels} ${scores.channels} ${extra?.channels}`;
  return new Set(roles.map(key)).size === 1;
}

/**
 * Finds the heads: the last convolutions before the outputs, sorted by grid and told apart by what is done to them
 * (softmax over bins = box, sigmoid alone = class) and by their channels. Names are not looked at: other exporters
 * rename every tensor.
 * @param inputSize height and width that `shapes` were computed for, pixels
 * @param classCount as the metadata says, if it does; settles ties only
 */
export function anatomyOf(
  graph: Graph,
  shapes: Shapes,
  inputSize: readonly [number, number],
  classCount: number | null,
): Anatomy {
  const producers = producersOf(graph.nodes);
  const reached = convolutionsBehind(
    graph.outputs.map(({ name }) => name),
    graph,
    shapes,
  );
  const groups = byGrid(reached);
  const bins = graph.nodes.map((node) => dflBins(node, graph, producers)).find((count) => count !== null);
  const joint = groups.some((group) => group.length > 1);
  const boxChannels = typeof bins === 'number' ? bins * 4 : hasChannels(groups, 64) ? 64 : 4;
  const roles = groups.flatMap((group) => rolesOf(group, boxChannels, classCount) ?? []);
  const single = !joint && groups.length >= 2 && new Set(reached.map(({ channels }) => channels)).size === 1;
  const anchored =
    single && (reached[0]?.channels ?? 0) % 3 === 0 && reached.every((conv) => startsWith(conv, 'Sigmoid'));
  if (roles.length === 0 || !uniform(roles)) {
    return {
      heads: [],
      decoded: nothing,
      angled: false,
      anchored: anchored ? reached.map(({ channels }) => channels) : [],
    };
  }
  const heads = roles.map((role) => ({
    stride: strideOf(inputSize[1], role.box.width),
    box: role.box.output,
    class: role.class.output,
    extra: role.extra?.output ?? null,
    boxChannels: role.box.channels,
    classChannels: role.class.channels,
    extraChannels: role.extra?.channels ?? null,
  }));
  const angled = roles.some(({ extra }) => extra !== null && isShifted(extra));
  return { heads, decoded: decodedOf(roles, graph, shapes), angled, anchored: [] };
}

function hasChannels(groups: readonly Reached[][], channels: number): boolean {
  const wide = groups.filter((group) => group.length > 1);
  return wide.length > 0 && wide.every((group) => group.some((conv) => conv.channels === channels));
}

/** Every halving rounds up, so sides that are no multiple of the stride give a little less than it. */
function strideOf(side: number, cells: number): number {
  return 2 ** Math.round(Math.log2(side / cells));
}
