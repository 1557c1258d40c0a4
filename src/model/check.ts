import { changesOf, inputProblems, nodesBehind, operatorProblems, precisionProblems } from './graph-rules';
import { nearMatches } from '../near-matches';
import { pictureAxes } from './picture';
import { targetNamed } from './targets';
import { refuse, warn, type Target, type TargetName } from './targets/target';
import type { CheckReport, ModelFacts, Problem } from './types';

export interface CheckOptions {
  /** Default: `recamera`. */
  readonly target?: TargetName;
  /** Height and width, pixels. */
  readonly inputSize?: readonly [number, number];
  /** Tensors to cut at instead of those that the target's own decoder reads. */
  readonly outputNames?: readonly string[];
}

/**
 * Says whether and how a model can be converted for a board. Never throws for a model that cannot: the report's
 * `problems` say why, and its verdict is `refused` when one of them is an error.
 */
export function checkModel(facts: ModelFacts, options: CheckOptions = {}): CheckReport {
  const target = targetNamed(options.target ?? 'recamera');
  const own = options.outputNames !== undefined && options.outputNames.length > 0 ? options.outputNames : null;
  const names = own ?? target.outputNames(facts);
  const cut = names.length > 0 ? names : facts.outputs.map(({ name }) => name);
  const kept = nodesBehind(facts, cut);
  const problems = [
    ...inputProblems(facts, options.inputSize),
    ...precisionProblems(facts),
    ...(own ? ownOutputProblems(facts, own, target) : []),
    ...operatorProblems(kept),
    ...fitProblems(facts, options.inputSize, target, own !== null),
  ];
  const changes = changesOf(facts, kept, options.inputSize);
  const refused = problems.some(({ severity }) => severity === 'error');
  const [input] = facts.inputs;
  return {
    verdict: refused ? 'refused' : changes.length > 0 ? 'converts-with-changes' : 'converts',
    family: facts.family,
    task: facts.task,
    classes: facts.classes,
    input: { name: input?.name ?? '', shape: input?.shape ?? [], dynamic: facts.dynamic },
    outputs: facts.outputs,
    metadata: facts.metadata,
    irVersion: facts.irVersion,
    opset: facts.opset,
    outputNames: names,
    heads: facts.heads,
    changes,
    problems,
  };
}

/** The target's own rules. Who names the outputs has a decoder of their own, so refusals become warnings. */
function fitProblems(
  facts: ModelFacts,
  asked: readonly [number, number] | undefined,
  target: Target,
  ownOutputs: boolean,
): Problem[] {
  if (!isReadable(facts)) {
    return ownOutputs ? [] : [notYolo(facts, target)];
  }
  const shape = facts.inputs[0]?.shape ?? [];
  const axes = pictureAxes(shape);
  const [height, width] = asked ?? [shape[axes.height], shape[axes.width]];
  const size = typeof height === 'number' && typeof width === 'number' ? ([height, width] as const) : null;
  const found = target.rules.map((rule) => rule({ facts, size })).filter((problem) => problem !== null);
  return ownOutputs ? found.map((problem) => ({ ...problem, severity: 'warning' })) : found;
}

/** A kind of model that boards have decoders for. */
function isReadable({ heads, task, family }: ModelFacts): boolean {
  return heads.length > 0 || task === 'classify' || family === 'yolov5';
}

function notYolo(facts: ModelFacts, target: Target): Problem {
  const outputs = facts.outputs.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(', ');
  return refuse(
    'not-a-yolo',
    `No YOLO heads and no classifier were found behind the outputs (${outputs.slice(0, 300)}), so ${target.title} could not read the result`,
    'For a decoder of your own, name the tensors that it reads: --output-names NAME,…',
  );
}

function ownOutputProblems(facts: ModelFacts, own: readonly string[], target: Target): Problem[] {
  const known = new Set(facts.nodes.flatMap(({ outputs }) => outputs).filter((name) => name !== ''));
  const missing = own.filter((name) => !known.has(name));
  if (missing.length > 0) {
    return missing.map((name) => {
      const near = nearMatches(name, known);
      return refuse(
        'no-such-output',
        `The graph has no tensor ${JSON.stringify(name.slice(0, 200))}`,
        `${near.length > 0 ? `Did you mean ${near.join(' or ')}? ` : ''}Leave --output-names out to have the heads found.`,
      );
    });
  }
  if (!isReadable(facts)) return [];
  const usual = target.outputNames(facts);
  const same = usual.length === own.length && usual.every((name, at) => name === own[at]);
  return same
    ? []
    : [
        warn(
          'outputs-differ',
          `These are not the outputs that ${target.title}'s own software reads`,
          usual.length > 0 ? `It reads, in this order: ${usual.join(',')}.` : "It reads the graph's own outputs.",
        ),
      ];
}
