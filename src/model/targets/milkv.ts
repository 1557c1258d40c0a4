import { grouped, isDistributed } from './outputs';
import { detectOnlyWithoutDfl, noAnchors, sixteenBins, usualStrides } from './rules';
import { refuse, type FitRule, type Target } from './target';

/**
 * Milk-V Duo and other boards with Sophgo's tdl_sdk: raw heads in any order, matched by channels and stride.
 * Read from sophgo/tdl_sdk (a20881a), August 2026.
 */

const notObb: FitRule = ({ facts }) =>
  facts.task === 'obb'
    ? refuse(
        'obb-unsupported',
        'tdl_sdk has no decoder for rotated boxes',
        'Use --target maixcam, or your own decoder with --output-names.',
      )
    : null;

const tellable: FitRule = ({ facts }) => {
  const [head] = facts.heads;
  return head && head.boxChannels === head.classChannels
    ? refuse(
        'scores-ambiguous',
        `tdl_sdk tells boxes from classes by their channels, and both have ${head.boxChannels}`,
        `Train with another number of classes than ${isDistributed(facts) ? 64 : 4}.`,
      )
    : null;
};

export const milkv: Target = {
  name: 'milkv',
  title: 'Milk-V Duo',
  outputNames: ({ task, heads, decoded: { proto } }) =>
    task === 'classify' ? [] : [...grouped(heads), ...(task === 'segment' && proto !== null ? [proto] : [])],
  rules: [notObb, noAnchors, usualStrides, sixteenBins, detectOnlyWithoutDfl, tellable],
  companions: () => [],
};
