import { UserError } from '../errors';
import { knownFailures } from './error-catalogue';
import { readComparisons } from './read-log';
import type { Explanation, StageName } from './types';

/** How the stage shows itself in a log, the later ones first: a deploy log names files of transform too. */
const stageSigns: readonly (readonly [string, RegExp])[] = [
  ['install', /^cvicast-result: /m],
  ['verify', /"type": ?"verif(?:ied|y-failed)"|cvicast_remote\/verify/],
  ['deploy', /model_deploy\.py|--convert-top-to-tpu|_tpu\.mlir/],
  ['calibrate', /run_calibration\.py|cvicast_remote\/calibrate|activation_collect_and_calc_th|real input_num = /],
  ['transform', /model_transform\.py|_origin\.mlir|same to net input dims|cvicast_remote\/convert_version/],
];

/**
 * What a log of the toolchain (or of a board) means, or null when it holds no failure that is known.
 * @param exitStatus of the program, where it is known: null when a signal ended it
 */
export function explainLog(text: string, exitStatus?: number | null): Explanation | null {
  if (exitStatus === 0) return null;
  const stage = stageSigns.find(([, sign]) => sign.test(text))?.[0] ?? 'unknown';
  for (const known of knownFailures) {
    const match = known.sign.exec(text);
    if (match === null || (known.also !== undefined && !known.also.test(text))) continue;
    // Words of our own programs come as JSON.
    const detail = (match.slice(1).find(Boolean) ?? '').replace(/\\(["\\])/g, '$1');
    return {
      stage: known.stage ?? stage,
      code: known.code,
      cause: known.cause.replace('$1', () => detail.slice(0, 300)),
      fix: known.fix,
    };
  }
  // The tools' own launchers turn a killed child into status 1 without a word.
  const silent = !/Traceback|[Ee]rror|FAILED/.test(text);
  if (exitStatus === null || exitStatus === 137 || (exitStatus === 1 && silent)) {
    return {
      stage,
      code: 'killed',
      cause: 'The tool was ended from outside without a word; most often the system was out of memory.',
      fix: 'Take a size with more memory (4 GB at 640x640), or fewer pictures (--calibration-count 50).',
    };
  }
  return null;
}

/**
 * A step of the conversion failed: what it means to the user. Answers rather than throws: the caller tears down first.
 * @param status exit status; null when a signal ended it
 */
export function conversionFailed(stage: StageName, output: string, status: number | null): UserError {
  const known = explainLog(output, status);
  const ended = status === null ? 'was ended by a signal' : `ended with status ${status}`;
  return new UserError({
    code: known?.code ?? `${stage}-failed`,
    what: `The step "${stage}" failed`,
    why: known === null ? `it ${ended}; its last words: ${lastWords(output)}` : `${known.cause}${figures(output)}`,
    fix: known?.fix ?? `Read its log (\`cvicast explain\` knows many), and report it if it looks like a fault of ours.`,
    exit: 'conversion',
  });
}

/** The numbers of a comparison that did not pass. */
function figures(output: string): string {
  const failed = readComparisons(output).find(({ compared, passed }) => passed < compared);
  if (failed === undefined) return '';
  const { compared, passed, min } = failed;
  const least = min === null ? '' : `; least cosine ${min.cosine.toFixed(4)}, euclidean ${min.euclidean.toFixed(4)}`;
  return ` (${compared - passed} of ${compared} tensors${least})`;
}

function lastWords(output: string): string {
  const lines = output.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  return lines.at(-1)?.trim().slice(0, 300) ?? 'none';
}
