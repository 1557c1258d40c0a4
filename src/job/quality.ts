import { UserError } from '../errors';
import type { QualityGate, Receipt, SimilarityFigures } from '../report/receipt';

/** `--min-cosine` as a number; throws for what no cosine similarity can reach, or all do. */
export function checkMinCosine(value: number | undefined): number | undefined {
  if (value === undefined || (value > 0 && value <= 1)) return value;
  throw new UserError({
    code: 'bad-min-cosine',
    what: `--min-cosine ${value} cannot be used`,
    why: 'a cosine similarity that says something lies above 0, and 1 is the most',
    fix: 'give a number above 0 and up to 1, for example --min-cosine 0.95',
    exit: 'input',
  });
}

/** The weakest of all figures, of the deploy's comparison and of the finished file in the simulator, against the gate. */
export function qualityGate(
  minCosine: number | undefined,
  similarity: SimilarityFigures | null | undefined,
): QualityGate | null {
  if (minCosine === undefined || !similarity) return null;
  const cosine = Math.min(similarity.cosine, ...similarity.outputs.map((output) => output.cosine));
  return { minCosine, cosine, held: cosine >= minCosine };
}

/** What is told of a model that was delivered and is below its gate; null where it holds, or none was set. */
export function belowGate({ qualityGate: gate, model }: Pick<Receipt, 'qualityGate' | 'model'>): UserError | null {
  if (gate === null || gate.held || model === null) return null;
  return new UserError({
    code: 'below-quality-gate',
    what: `${model.path} was delivered, and is below its quality gate`,
    why: `the weakest cosine similarity to FP32 is ${gate.cosine.toFixed(4)}, and --min-cosine ${gate.minCosine} was asked for`,
    fix: 'calibrate with more pictures like those of the camera, try --quantize bf16, or lower --min-cosine',
    exit: 'quality',
  });
}
