import type { ModelFacts } from '../types';
import { decoded, grouped, isDistributed, labelsOf } from './outputs';
import { detectOnlyWithoutDfl, namedClasses, noAnchors, sixteenBins, usualStrides } from './rules';
import { refuse, warn, type FitRule, type Target } from './target';

/**
 * Sipeed MaixCAM and MaixCAM-Pro: MaixPy's decoders find tensors by count and shape; names matter where shapes tie.
 * Read from MaixCDK (d9741a2) and MaixPy (7337fc8), August 2026.
 */

const types = { detect: 'detector', pose: 'pose', segment: 'seg', obb: 'obb' } as const;

const wanted: FitRule = ({ facts }) =>
  facts.heads.length > 0 && isDistributed(facts) && decoded(facts).length === 0
    ? refuse(
        'outputs-not-found',
        'MaixCAM reads the tensors behind the heads (dfl, scores), and this graph has no such tensors',
        'Export the whole model, not one that was cut already.',
      )
    : null;

/** Scores are told from other tensors of the same shape by "Sigmoid" in their name. */
const tellable: FitRule = ({ facts: { task, heads, decoded: tensors } }) => {
  const count = heads[0]?.classChannels ?? 0;
  const name = tensors.scores ?? '';
  const hidden =
    (task === 'segment' && count === 32 && !name.includes('Sigmoid')) ||
    (task === 'obb' && count === 1 && !name.includes('Sigmoid_1'));
  if (hidden) {
    return refuse(
      'scores-ambiguous',
      `MaixCAM cannot tell the ${count} class scores from another tensor of their shape (names decide, and this one is ${name})`,
      'Export with Ultralytics, which names the tensor Sigmoid.',
    );
  }
  return task === 'pose' && count % 3 === 0
    ? warn(
        'scores-ambiguous',
        `MaixCAM may take ${count} class scores for key points, since ${count} is a multiple of 3`,
        'Train with another number of classes if poses look wrong.',
      )
    : null;
};

const fourClasses: FitRule = ({ facts }) =>
  facts.heads[0]?.classChannels === 4 && !isDistributed(facts)
    ? warn(
        'yolo26-four-classes',
        'MaixPy up to 4.12.5 cannot read YOLO26 with exactly 4 classes',
        'Update MaixPy on the board.',
      )
    : null;

const noSoftmaxBefore: FitRule = ({ facts }) =>
  facts.task === 'classify' && logitsOf(facts) === null
    ? warn(
        'classifier-output',
        'MaixCAM applies the softmax itself, and this graph does not end in one to cut',
        'Make sure that the output is what comes before a softmax.',
      )
    : null;

/** What a final softmax is computed from. */
function logitsOf({ outputs, nodes }: ModelFacts): string | null {
  const [output] = outputs;
  const last = nodes.find((node) => output !== undefined && node.outputs.includes(output.name));
  return last?.operator === 'Softmax' ? (last.inputs[0] ?? null) : null;
}

function outputNames(facts: ModelFacts): readonly string[] {
  const logits = logitsOf(facts);
  if (facts.task === 'classify') return logits === null ? [] : [logits];
  return isDistributed(facts) ? decoded(facts) : grouped(facts.heads);
}

function modelType(facts: ModelFacts): string {
  if (facts.task === 'classify') return 'classifier';
  if (!isDistributed(facts)) return 'yolo26';
  return ['yolo11', 'yolo12'].includes(facts.family) ? 'yolo11' : 'yolov8';
}

/** Means and scales as the board applies them, (pixel − mean) × scale; commas inside a label would make two of it. */
function mud(
  facts: ModelFacts,
  modelFile: string,
  mean: readonly number[],
  scale: readonly number[],
  inputType: string,
): string {
  const type = facts.task in types ? types[facts.task as keyof typeof types] : null;
  const plain = (label: string): string => label.replace(/[\s,]+/g, ' ').trim();
  return [
    '[basic]',
    'type = cvimodel',
    `model = ${modelFile}`,
    '',
    '[extra]',
    `model_type = ${modelType(facts)}`,
    ...(type === null ? [] : [`type = ${type}`]),
    `input_type = ${inputType}`,
    `mean = ${mean.join(', ')}`,
    `scale = ${scale.join(', ')}`,
    `labels = ${labelsOf(facts).map(plain).join(', ')}`,
    '',
  ].join('\n');
}

export const maixcam: Target = {
  name: 'maixcam',
  title: 'Sipeed MaixCAM',
  outputNames,
  rules: [
    noAnchors,
    usualStrides,
    sixteenBins,
    detectOnlyWithoutDfl,
    wanted,
    tellable,
    fourClasses,
    noSoftmaxBefore,
    namedClasses,
  ],
  companions: (facts, { modelFile, options: { mean, scale, pixelFormat } }) => [
    { name: `${modelFile.replace(/\.cvimodel$/, '')}.mud`, text: mud(facts, modelFile, mean, scale, pixelFormat) },
  ],
};
