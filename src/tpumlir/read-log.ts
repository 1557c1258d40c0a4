import { Bug } from '../errors';
import type { Calibrator, Comparison, Similarity, StageName } from './types';

/** One output of the finished model against the float model, on the test picture, in the simulator. */
export interface VerifiedOutput {
  readonly name: string;
  readonly shape: readonly number[];
  /** Holds neither NaN nor infinity: with one that does, the step fails. */
  readonly finite: true;
  readonly cosine: number;
  readonly euclidean: number;
  /** dB; null where there is no noise (the two are equal) or no signal. */
  readonly sqnr: number | null;
}

/** What the `verify` step found. */
export interface Verification {
  /** As model_tool names it, e.g. `cv181x`. */
  readonly chip: string;
  readonly mlirVersion: string | null;
  readonly cvimodelVersion: string | null;
  /** ION memory that the model needs on the board, bytes. */
  readonly ionBytes: number | null;
  readonly minCosine: number | null;
  /** In the order of the file. */
  readonly outputs: readonly VerifiedOutput[];
  /** Outputs that no numbers of the float model go with, so that nothing can be said of them. */
  readonly unmatched: readonly string[];
}

export interface StageLog {
  readonly comparisons: readonly Comparison[];
  readonly warnings: readonly string[];
  readonly verification: Verification | null;
}

/** The JSON lines that our own programs print among a step's output; what is no such line is passed over. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text.split(/[\r\n]+/).flatMap((line) => {
    if (!line.startsWith('{"type":')) return [];
    try {
      return [JSON.parse(line) as Record<string, unknown>];
    } catch {
      return []; // cut in half at the end of what was read so far
    }
  });
}

/** The comparisons of npz_tool in order: transform makes one (float), deploy two (quantised, then the built model). */
export function readComparisons(text: string): readonly Comparison[] {
  const found: Comparison[] = [];
  const pattern = /^(\d+) compared\n(\d+) passed$([\s\S]*?)(?=^\d+ compared$|(?![\s\S]))/gm;
  for (const match of text.replaceAll('\r', '\n').matchAll(pattern)) {
    found.push({ compared: Number(match[1]), passed: Number(match[2]), min: minimum(match[3] ?? '') });
  }
  return found;
}

/** The tool spells it so; the triple is cosine, euclidean, SQNR, each the least over all tensors. */
function minimum(text: string): Similarity | null {
  const match = /^min_similiarity = \(([^,]+), ([^,]+), ([^)]+)\)$/m.exec(text);
  if (match === null) return null;
  const number = (word: string | undefined): number => (word === 'inf' ? Infinity : Number(word));
  return { cosine: number(match[1]), euclidean: number(match[2]), sqnr: number(match[3]) };
}

/**
 * What the `verify` step found, from its output.
 * @throws Bug when it holds none although the step ended well
 */
export function readVerification(text: string): Verification {
  const found = findVerification(text);
  if (found === null) throw new Bug('the verify step printed no result');
  return found;
}

function findVerification(text: string): Verification | null {
  const line = jsonLines(text).find(({ type }) => type === 'verified');
  if (line === undefined) return null;
  // Both ends of this line are ours (remote/cvicast_remote/verify.py).
  return Object.fromEntries(Object.entries(line).filter(([name]) => name !== 'type')) as unknown as Verification;
}

/** How a calibration was done. */
export interface CalibrationFacts {
  readonly calibrator: Calibrator;
  /** More about it, and why it was another calibrator than the one asked for; null when it did not say. */
  readonly note: string | null;
  /** Operators whose numpy form failed its start-up proof, or could not have one: the toolchain's module did them. */
  readonly unprovenForms: readonly string[];
}

/** How the calibration was done, for the receipt, from what was asked for and its output: ours hands some models to stock. */
export function readCalibration(wanted: Calibrator, text: string): CalibrationFacts {
  const done = jsonLines(text).find(({ type }) => type === 'done');
  if (done === undefined) return saysNothing(wanted);
  const why = typeof done['why'] === 'string' && done['why'] !== '' ? `: ${done['why']}` : '';
  if (done['calibrator'] === 'stock') return { ...saysNothing('stock'), note: `stock${why}` };
  const unproven = Array.isArray(done['unprovenForms']) ? done['unprovenForms'].map(String) : [];
  const plan = `fast, ${String(done['mode'])}, ${String(done['processes'])} processes`;
  return { calibrator: wanted, note: `${plan}${why}${byModule(unproven)}`, unprovenForms: unproven };
}

/** A calibration of which no more is known than who did it. */
export function saysNothing(calibrator: Calibrator): CalibrationFacts {
  return { calibrator, note: null, unprovenForms: [] };
}

function byModule(unproven: readonly string[]): string {
  return unproven.length === 0 ? '' : `; not in numpy, for want of proof: ${someOf(unproven)}`;
}

/** A few of the names, as a line has room for. */
function someOf(names: readonly string[]): string {
  return `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;
}

/** What a stage's whole output says. */
export function readLog(stage: StageName, text: string): StageLog {
  const verification = stage === 'verify' ? findVerification(text) : null;
  return {
    comparisons: stage === 'transform' || stage === 'deploy' ? readComparisons(text) : [],
    warnings: stage === 'calibrate' ? calibrationWarnings(text) : verification === null ? [] : blindSpots(verification),
    verification,
  };
}

/** What the trial in the simulator could not compare: the model runs, and its figures are wanting there. */
function blindSpots({ outputs, unmatched }: Verification): string[] {
  if (unmatched.length === 0 && outputs.length > 0) return [];
  const which = unmatched.length === 0 ? 'its outputs' : someOf(unmatched);
  return [
    `the finished model runs, but ${which} could not be compared with the float model: try it on the board, or with detections you know`,
  ];
}

/** Layers whose calibration saw nothing but zeros are quantised blindly; the tools say so in passing. */
function calibrationWarnings(text: string): string[] {
  const layers = [...text.matchAll(/WARNING: layer (\S+) is all zeros/g)].map((match) => match[1] ?? '');
  if (layers.length === 0) return [];
  return [
    `${layers.length === 1 ? 'a layer' : `${layers.length} layers`} saw only zeros in calibration (${someOf(layers)}): are these pictures like those the model will see?`,
  ];
}
