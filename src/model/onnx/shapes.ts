import type { Graph, Node } from './graph';
import { broadcast, elements, known, mostElements, type Known, type Rule, type Seen } from './known';
import { layoutRules } from './layout-rules';
import { windowRules } from './window-rules';

const arithmetic: Readonly<Record<string, (a: number, b: number, whole: boolean) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b, whole) => (whole ? Math.trunc(a / b) : a / b),
  Mod: (a, b) => a % b,
  Min: (a, b) => Math.min(a, b),
  Max: (a, b) => Math.max(a, b),
  Equal: (a, b) => Number(a === b),
  Greater: (a, b) => Number(a > b),
  Less: (a, b) => Number(a < b),
};

const elementwise = ['Pow', 'PRelu', 'And', 'Or', 'Sum', 'GreaterOrEqual', 'LessOrEqual', ...Object.keys(arithmetic)];

const unchanged = [
  ...['Sigmoid', 'Relu', 'LeakyRelu', 'Clip', 'HardSigmoid', 'HardSwish', 'Softmax', 'LogSoftmax', 'Tanh', 'Erf'],
  ...['Exp', 'Log', 'Sqrt', 'Neg', 'Abs', 'Softplus', 'Elu', 'Mish', 'Gelu', 'Cos', 'Sin', 'Sign', 'Round', 'Not'],
  ...['BatchNormalization', 'InstanceNormalization', 'LayerNormalization', 'Dropout', 'Reciprocal', 'CumSum'],
  ...['QuantizeLinear', 'DequantizeLinear', 'ScatterND', 'ScatterElements'],
];

const sameShape: Rule = ({ inputs: [input] }) => (input ? [known(input.shape)] : null);

const sameValues: Rule = ({ inputs: [input] }) => (input ? [input] : null);

const rounded =
  (round: (value: number) => number): Rule =>
  ({ inputs: [input] }) =>
    input ? [known(input.shape, input.values?.map(round) ?? null, input.whole)] : null;

const cast: Rule = (seen) => {
  const input = seen.inputs[0];
  if (!input) return null;
  const whole = [2, 3, 5, 6, 7, 12, 13].includes(seen.integer('to', 1));
  return [known(input.shape, whole ? (input.values?.map(Math.trunc) ?? null) : input.values, whole)];
};

function pairwise(operator: string): Rule {
  return ({ inputs: [a, b] }) => {
    if (!a) return null;
    if (!b) return null;
    const shape = broadcast(a.shape, b.shape);
    if (!shape) return null;
    const combine = arithmetic[operator];
    const count = elements(shape);
    const simple = [a, b].every((side) => side.values?.length === 1 || side.values?.length === count);
    if (!combine || !simple || count > mostElements) return [known(shape)];
    const at = (side: Known, index: number): number => side.values?.[side.values.length === 1 ? 0 : index] ?? NaN;
    const whole = a.whole && b.whole;
    const values = Array.from({ length: count }, (_, index) => combine(at(a, index), at(b, index), whole));
    return [known(shape, values.every(Number.isFinite) ? values : null, whole)];
  };
}

const where: Rule = ({ inputs: [condition, yes, no] }) => {
  if (!condition || !yes || !no) return null;
  const inner = broadcast(yes.shape, no.shape);
  const shape = inner ? broadcast(condition.shape, inner) : null;
  if (!shape) return null;
  const count = elements(shape);
  const flat = [condition, yes, no].every((side) => side.values?.length === count);
  if (!flat) return [known(shape)];
  const values = condition.values?.map((chosen, at) => (chosen ? yes.values?.[at] : no.values?.[at]) ?? 0) ?? null;
  return [known(shape, values, yes.whole && no.whole)];
};

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...unchanged.map((name): [string, Rule] => [name, sameShape]),
  ...elementwise.map((name): [string, Rule] => [name, pairwise(name)]),
  ...Object.entries(windowRules),
  ...Object.entries(layoutRules),
  ['Identity', sameValues],
  ['Floor', rounded(Math.floor)],
  ['Ceil', rounded(Math.ceil)],
  ['Cast', cast],
  ['Where', where],
]);

function sensible(result: Known | null): result is Known {
  return (
    result !== null && result.shape.length <= 16 && result.shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0)
  );
}

function seenBy(node: Node, find: (name: string) => Known | null): Seen {
  const inputs = node.inputs.map((name) => (name === '' ? null : find(name)));
  return {
    node,
    inputs,
    integer: (name, fallback) => node.attributes.get(name)?.integer ?? fallback,
    list: (name, input) =>
      node.attributes.get(name)?.integers ?? (input === undefined ? null : (inputs[input]?.values ?? null)),
  };
}

/**
 * Shapes of all tensors that can be told, given the shapes of the graph's inputs. Nothing runs: shapes are computed
 * from shapes, and index arithmetic (Shape, Gather, Concat, …) from small values. What a rule cannot tell is left out.
 */
export function inferShapes(
  graph: Graph,
  inputs: ReadonlyMap<string, readonly number[]>,
): Map<string, readonly number[]> {
  const facts = new Map<string, Known>();
  for (const tensor of graph.tensors.values()) {
    facts.set(tensor.name, known(tensor.dims, tensor.values, tensor.type === 6 || tensor.type === 7));
  }
  for (const [name, shape] of inputs) facts.set(name, known(shape));
  const find = (name: string): Known | null => facts.get(name) ?? null;
  for (const node of graph.nodes) {
    const rule = node.domain === '' ? rules.get(node.operator) : undefined;
    const results = rule?.(seenBy(node, find)) ?? [];
    for (const [at, name] of node.outputs.entries()) {
      const result = results[at] ?? null;
      const fallback = graph.declared.get(name)?.shape;
      if (sensible(result)) facts.set(name, result);
      else if (fallback?.every((dim) => typeof dim === 'number')) facts.set(name, known(fallback));
    }
  }
  return new Map([...facts].map(([name, fact]) => [name, fact.shape]));
}
