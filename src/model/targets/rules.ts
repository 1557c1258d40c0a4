import { isDistributed } from './outputs';
import { refuse, warn, type FitRule } from './target';

/** Rules that more than one board has. */

const anchorFix =
  'Train or export the anchor-free form (yolov5nu.pt, or YOLO11): yolo export model=yolov5nu.pt format=onnx opset=17.';

/** Classic YOLOv5 and YOLOv7: one convolution a stride, boxes relative to anchors. */
export const noAnchors: FitRule = ({ facts }) =>
  facts.family === 'yolov5'
    ? refuse(
        'anchor-based',
        'This is a classic YOLOv5 or v7 with anchors, which the board reads wrongly or not at all',
        anchorFix,
      )
    : null;

/** Three heads at strides 8, 16 and 32; a fourth at 64 is ignored. */
export const usualStrides: FitRule = ({ facts: { heads } }) => {
  if (heads.length === 0) return null;
  const strides = heads.map(({ stride }) => stride).join(', ');
  if (strides === '8, 16, 32') return null;
  if (strides === '8, 16, 32, 64') {
    return warn(
      'stride-64-ignored',
      'The board reads three heads and ignores the one of stride 64 (large objects)',
      'Use the model without P6.',
    );
  }
  return refuse(
    'unusual-strides',
    `The board reads heads of the strides 8, 16, 32; this model has ${strides}`,
    'Use a model without P2 or other extra heads.',
  );
};

/** The distribution of a box side has 16 bins. */
export const sixteenBins: FitRule = ({ facts }) => {
  const [head] = facts.heads;
  return !head || head.boxChannels === 64 || head.boxChannels === 4
    ? null
    : refuse(
        'box-channels',
        `The board reads boxes of 64 or 4 channels; this model has ${head.boxChannels}`,
        'Train with the default reg_max of 16.',
      );
};

/** YOLO26 is read for detection alone. */
export const detectOnlyWithoutDfl: FitRule = ({ facts }) =>
  facts.heads.length > 0 && !isDistributed(facts) && facts.task !== 'detect'
    ? refuse(
        'yolo26-detect-only',
        `The board reads YOLO26 for detection alone, not for ${facts.task}`,
        'Use YOLO11 for this task.',
      )
    : null;

/** Names matter where people read results. */
export const namedClasses: FitRule = ({ facts: { classes, classCount } }) => {
  if (classCount === null || classes.length === classCount) return null;
  return warn(
    'class-names',
    classes.length === 0
      ? `The model names none of its ${classCount} classes`
      : `The model names ${classes.length} classes but scores ${classCount}`,
    'Write the names into the companion file before you install it.',
  );
};
