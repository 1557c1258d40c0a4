/** The toolchain: what is installed, which commands run, what their output means. */

export type ToolchainKind = 'venv' | 'docker';
export type Quantize = 'int8' | 'bf16';
export type PixelFormat = 'rgb' | 'bgr';
export type Calibrator = 'fast' | 'stock' | 'both';

/** Every option of the conversion, complete and validated. */
export interface ConversionOptions {
  /** Name of the model inside the .cvimodel: `[A-Za-z][A-Za-z0-9_]{0,63}`. */
  readonly name: string;
  /** Height and width, pixels. */
  readonly inputSize: readonly [number, number];
  /** Channels of the input (1 or 3). */
  readonly channels: number;
  readonly mean: readonly number[];
  readonly scale: readonly number[];
  readonly pixelFormat: PixelFormat;
  readonly keepAspectRatio: boolean;
  /** Empty: the graph's own outputs. */
  readonly outputNames: readonly string[];
  readonly calibrationCount: number;
  readonly quantize: Quantize;
  readonly quantInput: boolean;
  readonly quantOutput: boolean;
  readonly customizationFormat: string | null;
  readonly fusePreprocess: boolean;
  readonly alignedInput: boolean;
  /** Least cosine and euclidean similarity at deploy, 0…1. */
  readonly tolerance: readonly [number, number];
  readonly calibrator: Calibrator;
  readonly processor: 'cv181x';
}

export type StageName = 'transform' | 'calibrate' | 'deploy' | 'verify';

/** One command on the machine. File names are ours: `model.onnx`, `images/0001.jpg`, `test.jpg`. */
export interface PipelineStep {
  readonly stage: StageName;
  /** Unit name, unique in the job. */
  readonly unit: string;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Files (relative to the job's folder on the machine) that it leaves and the client wants as soon as they exist. */
  readonly brings: readonly string[];
  /** May be left out when these files came along from an earlier run. */
  readonly skipWhen?: readonly string[];
}

export interface Similarity {
  readonly cosine: number;
  readonly euclidean: number;
  /** Signal to quantisation noise, dB. */
  readonly sqnr: number;
}

export interface Comparison {
  readonly compared: number;
  readonly passed: number;
  readonly min: Similarity | null;
}

export interface Explanation {
  readonly stage: string;
  readonly code: string;
  readonly cause: string;
  readonly fix: string;
}
