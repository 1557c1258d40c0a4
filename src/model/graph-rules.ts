import { pictureAxes } from './picture';
import { knownOperators } from './onnx/operators';
import { refuse, warn } from './targets/target';
import type { ModelFacts, NodeFact, Problem } from './types';

/** What the toolchain refuses whatever the board. Each rule answers the problems it finds. */

/** Newest versions of ONNX that TPU-MLIR 1.7 reads (with onnx 1.14.1); `convert_version.py` brings a model down to them. */
const newestOnnx = { opset: 18, irVersion: 8 } as const;

/** Whether the model's version has to be converted before the toolchain reads it. */
export function needsOlderVersion({ opset, irVersion }: Pick<ModelFacts, 'opset' | 'irVersion'>): boolean {
  return opset > newestOnnx.opset || irVersion > newestOnnx.irVersion;
}

/** Nodes that the given tensors are computed from: what is left of the graph after a cut. */
export function nodesBehind(facts: ModelFacts, outputs: readonly string[]): NodeFact[] {
  const wanted = new Set(outputs);
  return facts.nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some((name) => wanted.has(name))) return false;
      for (const input of node.inputs) wanted.add(input);
      return true;
    })
    .reverse();
}

export function inputProblems(facts: ModelFacts, asked: readonly [number, number] | undefined): Problem[] {
  const [input, second] = facts.inputs;
  if (!input) return [refuse('no-input', 'The graph has no input', 'Export the model again.')];
  if (second) {
    const names = facts.inputs.map(({ name }) => name).join(', ');
    return [
      refuse(
        'several-inputs',
        `The graph has ${facts.inputs.length} inputs (${names}); one picture is expected`,
        'Export the model with the picture as its only input.',
      ),
    ];
  }
  const { shape, type } = input;
  const axes = pictureAxes(shape);
  const [channels, height, width] = [shape[axes.channels], shape[axes.height], shape[axes.width]];
  if (shape.length !== 4 || (channels !== 1 && channels !== 3 && typeof channels === 'number')) {
    return [
      refuse(
        'input-no-picture',
        `The input ${input.name} [${shape.join(', ')}] is no picture of 1 or 3 channels`,
        'Export a model that takes [1, 3, height, width].',
      ),
    ];
  }
  const found: Problem[] = [];
  if (axes.height === 1) {
    found.push(
      refuse(
        'channels-last',
        `The input [${shape.join(', ')}] has its channels last`,
        'Export the model with channels first: [1, 3, height, width].',
      ),
    );
  }
  if (typeof shape[0] === 'number' && shape[0] > 1) {
    found.push(
      refuse(
        'batch-size',
        `The graph takes ${shape[0]} pictures at once; the board gives one`,
        'Export it again with batch=1.',
      ),
    );
  }
  if (type === 'uint8' || type === 'int8') {
    found.push(refuse('input-type', `The input is ${type}, not float32`, 'Export the model before it is quantised.'));
  }
  return [...found, ...sizeProblems(height, width, asked, facts)];
}

function sizeProblems(
  height: number | string | undefined,
  width: number | string | undefined,
  asked: readonly [number, number] | undefined,
  facts: ModelFacts,
): Problem[] {
  const size = asked ?? [height, width];
  if (typeof size[0] !== 'number' || typeof size[1] !== 'number') {
    const trained = /^\[(\d+), (\d+)\]$/.exec(facts.metadata['imgsz'] ?? '');
    return [
      refuse(
        'dynamic-input',
        `The graph leaves its input size open (${String(height)} x ${String(width)}), and a .cvimodel has one fixed size`,
        `Say which: --input-size ${trained ? `${trained[1] ?? ''}x${trained[2] ?? ''}` : '640x640'}${trained ? ' is the size of the export' : ''}.`,
      ),
    ];
  }
  const fixed = typeof height === 'number' && typeof width === 'number';
  if (fixed && (height !== size[0] || width !== size[1])) {
    return [
      refuse(
        'input-size-fixed',
        `The graph is fixed at ${height}x${width} (height x width), so it cannot run at ${size[0]}x${size[1]}`,
        `Leave --input-size out, or export again: imgsz=${size[0]},${size[1]}.`,
      ),
    ];
  }
  const odd = size[0] % 32 !== 0 || size[1] % 32 !== 0;
  return odd && facts.heads.length > 0
    ? [
        refuse(
          'input-size-multiple',
          `The input of ${size[0]}x${size[1]} is not a multiple of 32 on both sides`,
          'Choose multiples of 32, e.g. 320x320 or 640x640.',
        ),
      ]
    : [];
}

export function precisionProblems(facts: ModelFacts): Problem[] {
  if (facts.halfPrecision) {
    return [
      refuse(
        'half-precision',
        'The model was exported in half precision (float16), which the toolchain does not read',
        'Export it again in full precision: leave half=True (or quantize=16) out. INT8 is made from float32.',
      ),
    ];
  }
  return facts.operators.includes('QuantizeLinear')
    ? [
        warn(
          'quantised-already',
          'The model is quantised already; a second quantisation costs accuracy',
          'Export the float32 model.',
        ),
      ]
    : [];
}

/** Of the operators that remain after the cut. */
export function operatorProblems(kept: readonly NodeFact[]): Problem[] {
  const found: Problem[] = [];
  const foreign = named(
    kept.filter(({ domain }) => domain !== '').map(({ domain, operator }) => `${domain}::${operator}`),
  );
  if (foreign !== '') {
    found.push(
      refuse(
        'custom-operator',
        `The graph uses operators that are not ONNX's own: ${foreign}`,
        'Export the model without custom operators or plugins.',
      ),
    );
  }
  const all = kept.filter(({ domain }) => domain === '').flatMap(({ operator, inner }) => [operator, ...inner]);
  const unknown = named(all.filter((operator) => !knownOperators.has(operator)));
  if (unknown !== '') {
    found.push(
      refuse(
        'unsupported-operator',
        `The toolchain does not know the operators ${unknown}`,
        'Cut the graph before them with --output-names, or export with another opset (opset=17).',
      ),
    );
  }
  if (all.some((operator) => ['NonMaxSuppression', 'If', 'Loop'].includes(operator))) {
    found.push(
      refuse(
        'post-processing-inside',
        'The graph ends in non-maximum suppression or control flow, which does not run on the chip',
        'Export it again without: nms=False, end2end=False.',
      ),
    );
  }
  return found;
}

function named(names: readonly string[]): string {
  return [...new Set(names)].sort().join(', ');
}

/** What will be done to the graph before the conversion, in words. */
export function changesOf(
  facts: ModelFacts,
  kept: readonly NodeFact[],
  asked: readonly [number, number] | undefined,
): string[] {
  const { opset, irVersion, dynamic } = facts;
  const changes: string[] = [];
  if (needsOlderVersion(facts)) {
    changes.push(
      `its version is converted from opset ${opset}, IR ${irVersion} to what the toolchain reads (opset ${newestOnnx.opset}, IR ${newestOnnx.irVersion})`,
    );
  }
  const keptNodes = new Set(kept);
  const gone = facts.nodes
    .filter((node) => !keptNodes.has(node))
    .flatMap(({ operator, inner }) => [operator, ...inner]);
  const post = named(gone.filter((operator) => ['NonMaxSuppression', 'TopK', 'If', 'Loop', 'Mod'].includes(operator)));
  if (post !== '') changes.push(`the post-processing inside the graph (${post}) is cut off: the board does it itself`);
  if (dynamic && asked)
    changes.push(`its open dimensions are fixed: one picture of ${asked[0]}x${asked[1]} (height x width)`);
  return changes;
}
