import type { ModelFacts } from '../types';
import { anchorsOf, grouped, interleaved, isDistributed, labelsOf } from './outputs';
import { detectOnlyWithoutDfl, namedClasses, noAnchors, sixteenBins, usualStrides } from './rules';
import { refuse, warn, type FitRule, type Target } from './target';

/**
 * Seeed reCamera: `sscma-node`, which picks its decoder from the shapes of the outputs alone.
 * Read from SSCMA-Micro (60e2ede) and sscma-example-sg200x (c705d18), August 2026.
 */

const otherBoard = 'Use a target that reads it (--target maixcam), or your own decoder with --output-names.';

const notObb: FitRule = ({ facts }) =>
  facts.task === 'obb'
    ? refuse(
        'obb-unsupported',
        'reCamera has no decoder for rotated boxes: it would take the model for another kind and show garbage',
        otherBoard,
      )
    : null;

const square: FitRule = ({ facts, size }) =>
  size !== null && size[0] !== size[1] && facts.task !== 'classify'
    ? refuse(
        'not-square',
        `reCamera computes its grids from the width alone, so the input must be square; this one is ${size[0]}x${size[1]} (height x width)`,
        `Export it again with imgsz=${Math.max(...size)}, or use --target maixcam.`,
      )
    : null;

const onePoseClass: FitRule = ({ facts }) =>
  facts.task === 'pose' && facts.classCount !== 1
    ? refuse(
        'pose-classes',
        `reCamera reads poses of one class; this model has ${facts.classCount ?? 'several'}`,
        'Train the pose model with one class (person, say).',
      )
    : null;

const pointsOfThree: FitRule = ({ facts }) => {
  const extra = facts.heads[0]?.extraChannels ?? 3;
  return facts.task === 'pose' && extra % 3 !== 0
    ? refuse(
        'pose-points',
        `reCamera reads three numbers a key point; ${extra} channels are not a multiple of 3`,
        'Train with kpt_shape [N, 3].',
      )
    : null;
};

/** Pose and segment are read uncut, so the graph's own outputs must have the decoder's shapes. */
const uncutShape: FitRule = ({ facts, size }) => {
  const [head] = facts.heads;
  if (!head || (facts.task !== 'pose' && facts.task !== 'segment')) return null;
  const channels = 4 + head.classChannels + (head.extraChannels ?? 0);
  const first = facts.shapes.get(facts.outputs[0]?.name ?? '');
  const outputs = facts.task === 'segment' ? 2 : 1;
  const anchors = anchorsOf(facts, size);
  const fits =
    first?.length === 3 && first[1] === channels && (anchors === null || first[2] === anchors || facts.dynamic);
  if (fits && facts.outputs.length === outputs) return null;
  return refuse(
    'outputs-not-readable',
    `reCamera reads ${facts.task} models by their full output [1, ${channels}, ${anchors ?? 'anchors'}]; this one gives [${first?.join(', ') ?? '?'}]`,
    'Export it again without post-processing: nms=False, end2end=False.',
  );
};

const classifier: FitRule = ({ facts }) => {
  if (facts.task !== 'classify') return null;
  const output = facts.outputs[0]?.name;
  const last = facts.nodes.find(({ outputs }) => output !== undefined && outputs.includes(output));
  if ((facts.classCount ?? 0) < 2) {
    return refuse(
      'class-count',
      'reCamera reads classifiers of two classes or more',
      'Train with at least two classes.',
    );
  }
  return last?.operator === 'Softmax'
    ? null
    : refuse(
        'no-softmax',
        'reCamera reads probabilities, and this classifier does not end in a softmax',
        'Export it with its softmax, as Ultralytics does.',
      );
};

const youngDecoder: FitRule = ({ facts }) =>
  facts.heads.length > 0 && !isDistributed(facts)
    ? warn(
        'yolo26-experimental',
        'YOLO26 needs reCamera software (sscma-node) built after 29 January 2026',
        'Update reCamera OS, or use YOLO11 if the board says "Model not supported".',
      )
    : null;

function outputNames(facts: ModelFacts): readonly string[] {
  if (facts.task !== 'detect') return [];
  const heads = facts.heads.slice(0, 3);
  const [head] = heads;
  // Interleaved heads of 64 + 64 or 4 + 4 channels look grouped to the decoder; grouped ones are read either way.
  const ambiguous = head?.boxChannels === head?.classChannels;
  return isDistributed(facts) && !ambiguous
    ? interleaved(heads)
    : grouped(heads.map((each) => ({ ...each, extra: null })));
}

export const recamera: Target = {
  name: 'recamera',
  title: 'Seeed reCamera',
  outputNames,
  rules: [
    ...[notObb, noAnchors, square, usualStrides, sixteenBins, detectOnlyWithoutDfl, onePoseClass, pointsOfThree],
    ...[uncutShape, classifier, youngDecoder, namedClasses],
  ],
  /** `sscma-node` reads `classes` alone, from the JSON of the model's name; the rest is for the board's web page. */
  companions: (facts, { modelFile }) => {
    const stem = modelFile.replace(/\.cvimodel$/, '');
    const info = {
      model_id: facts.sha256.slice(0, 12),
      model_name: stem,
      version: '1.0.0',
      model_format: 'cvimodel',
      ai_framwork: 6,
      author: facts.metadata['author'] ?? '',
      description: `${facts.family} ${facts.task}, converted by cvicast`,
      classes: labelsOf(facts),
    };
    return [{ name: `${stem}.json`, text: `${JSON.stringify(info, null, 2)}\n` }];
  },
};
