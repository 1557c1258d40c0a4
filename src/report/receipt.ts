/** The receipt of a job: what went in, what came out, what it cost, and that nothing is left. See docs/reference.md. */
export interface Receipt {
  readonly schemaVersion: 1;
  readonly job: string;
  /** `delivered`, or how the job ended instead. */
  readonly result: string;
  readonly provider: string;
  readonly region: string;
  readonly size: string;
  readonly target: string;
  readonly startedAt: string;
  readonly endedAt: string;
  /** The .cvimodel; null when none was delivered. */
  readonly model: WrittenFile | null;
  /** What was delivered, the .cvimodel first, then what its board's software wants beside it; without logs and receipt. */
  readonly outputs: readonly WrittenFile[];
  readonly inputs: readonly {
    readonly kind: 'model' | 'image' | 'test-image';
    readonly path: string;
    readonly sha256: string;
    readonly bytes: number;
  }[];
  readonly versions: Readonly<Record<string, string>>;
  /** The commands that ran on the machine, quoted for a POSIX shell. */
  readonly commands: readonly string[];
  readonly stages: readonly { readonly name: string; readonly seconds: number; readonly result: string }[];
  readonly similarity: SimilarityFigures | null;
  /** `--min-cosine` and what came of it; null where none was asked for, or nothing was compared. */
  readonly qualityGate: QualityGate | null;
  readonly calibration: {
    readonly calibrator: string;
    readonly reused: boolean;
    readonly images: number;
    readonly note: string | null;
    readonly unprovenForms: readonly string[];
  } | null;
  readonly cost: { readonly estimate: number; readonly actual: number; readonly currency: string };
  readonly teardown: {
    readonly checkedAt: string | null;
    readonly left: readonly { readonly type: string; readonly id: string }[];
  };
  readonly problem: {
    readonly code: string;
    readonly message: string;
    readonly cause: string;
    readonly fix: string;
  } | null;
}

export interface WrittenFile {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

export interface QualityGate {
  readonly minCosine: number;
  /** The weakest of all figures. */
  readonly cosine: number;
  readonly held: boolean;
}

/** How close the quantised model is to the float one. */
export interface SimilarityFigures {
  /** Least similarity over the outputs, as `model_deploy` compared them: the quantised model against FP32. */
  readonly cosine: number;
  readonly euclidean: number;
  /** Signal to quantisation noise, dB. */
  readonly sqnr: number;
  /** Cosine of each output of the finished file, run by the simulator, against FP32. */
  readonly outputs: readonly { readonly name: string; readonly cosine: number }[];
}

/** A duration as a person says it: `7.3 s`, `2 min 5 s`. */
export function durationText(seconds: number): string {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : String(Math.round(seconds))} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** A size as a person says it: `2.9 MB` (10⁶ bytes). */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** An amount as a bill shows it; fractions of a cent stay visible. */
export function moneyText(amount: number, currency: string): string {
  const digits = amount > 0 && amount < 0.1 ? 4 : 2;
  return currency === 'USD' ? `$${amount.toFixed(digits)}` : `${amount.toFixed(digits)} ${currency}`;
}

/** What the model was quantised to: only INT8 is calibrated. */
export function quantization({ calibration }: Pick<Receipt, 'calibration'>): string {
  return calibration === null ? 'BF16' : 'INT8';
}

/** The receipt as lines for a terminal: the file, how good it is, where the time went, what was torn down. */
export function receiptLines(receipt: Receipt): string[] {
  const lines: string[] = [];
  if (receipt.model !== null) {
    lines.push(`model       ${receipt.model.path}`);
    lines.push(`            ${bytesText(receipt.model.bytes)}, sha256 ${receipt.model.sha256}`);
  }
  if (receipt.similarity !== null) {
    const { cosine, euclidean, sqnr, outputs } = receipt.similarity;
    lines.push(
      `similarity  ${quantization(receipt)} to FP32: cosine ${cosine.toFixed(4)}, euclidean ${euclidean.toFixed(4)}, ${sqnr.toFixed(1)} dB (the least of all outputs)`,
    );
    const least = outputs.reduce<{ name: string; cosine: number } | null>(
      (worst, one) => (worst === null || one.cosine < worst.cosine ? one : worst),
      null,
    );
    if (least !== null)
      lines.push(
        `            the file itself, in the simulator: cosine ${least.cosine.toFixed(4)} at its weakest output (${least.name})`,
      );
  }
  if (receipt.calibration !== null) {
    const { calibrator, images, reused, note } = receipt.calibration;
    lines.push(
      `calibration ${reused ? 'the table of an earlier run with the same model, pictures and options' : `${images} pictures, ${calibrator} calibrator`}${note === null ? '' : ` (${note})`}`,
    );
  }
  lines.push(
    `time        ${receipt.stages.map((stage) => `${stage.name} ${stage.result === 'skipped' ? 'skipped' : durationText(stage.seconds)}`).join(', ')}`,
  );
  if (receipt.provider !== 'local' && receipt.provider !== 'host') {
    lines.push(
      `cost        ${moneyText(receipt.cost.actual, receipt.cost.currency)} (estimate ${moneyText(receipt.cost.estimate, receipt.cost.currency)})`,
    );
  }
  const { left, checkedAt } = receipt.teardown;
  lines.push(
    left.length > 0
      ? `torn down   NOT ALL: ${left.map((one) => `${one.type} ${one.id}`).join(', ')}`
      : receipt.provider === 'host'
        ? 'torn down   our files on your machine were removed'
        : `torn down   everything; checked ${checkedAt ?? 'never'}: nothing is left`,
  );
  return lines;
}
