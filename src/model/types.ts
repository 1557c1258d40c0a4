/** What can be known of a model before money is spent. */

export interface TensorFact {
  readonly name: string;
  /** Known dimensions as numbers, others as their symbol or `?`. */
  readonly shape: readonly (number | string)[];
  /** ONNX element type, e.g. `float32`. */
  readonly type: string;
}

export interface Head {
  readonly stride: number;
  readonly box: string;
  readonly class: string;
  /** Keypoints, mask coefficients or angle, where the task has them. */
  readonly extra: string | null;
  /** Channels of each: 4 × bins of the distribution (64) or 4; one a class; 3 a keypoint, 32 masks, 1 angle. */
  readonly boxChannels: number;
  readonly classChannels: number;
  readonly extraChannels: number | null;
}

/** One operation of the graph, in the order of execution. */
export interface NodeFact {
  readonly operator: string;
  /** Empty for ONNX's own operators. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Operators (`domain::Name` for foreign ones) inside its sub-graphs. */
  readonly inner: readonly string[];
}

/** Tensors after the heads that some boards read instead of the heads. */
export interface DecodedTensors {
  /** Output of the `dfl` convolution, `[1, 1, 4, A]`. */
  readonly dfl: string | null;
  /** Class scores of all strides after their sigmoid, `[1, classes, A]`. */
  readonly scores: string | null;
  /** Keypoints, mask coefficients or angle of all strides, joined but not decoded, `[1, n, A]`. */
  readonly extra: string | null;
  /** Mask prototypes, `[1, 32, H/4, W/4]`. */
  readonly proto: string | null;
}

export type Task = 'detect' | 'segment' | 'pose' | 'obb' | 'classify' | 'unknown';

export interface ModelFacts {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly irVersion: number;
  readonly opset: number;
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly inputs: readonly TensorFact[];
  readonly outputs: readonly TensorFact[];
  readonly dynamic: boolean;
  readonly halfPrecision: boolean;
  /** e.g. `yolo11`, `yolov8`, `yolov5u`, `yolo26`, `yolo12`, `unknown`: told from the graph, names only as a hint. */
  readonly family: string;
  readonly task: Task;
  readonly classes: readonly string[];
  readonly classCount: number | null;
  readonly heads: readonly Head[];
  readonly decoded: DecodedTensors;
  readonly nodes: readonly NodeFact[];
  /** Every shape that could be computed; of a dynamic graph, at the size asked for, else its `imgsz`, else 640. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly operators: readonly string[];
  readonly customDomains: readonly string[];
  readonly hasNms: boolean;
  /** Multiply-accumulates of one picture, for the estimate of minutes; null when shapes are unknown. */
  readonly macs: number | null;
}

export interface Problem {
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly fix: string;
}

export type Verdict = 'converts' | 'converts-with-changes' | 'refused';

/** The JSON of `cvicast check` (a contract). */
export interface CheckReport {
  readonly verdict: Verdict;
  readonly family: string;
  readonly task: Task;
  readonly classes: readonly string[];
  readonly input: { readonly name: string; readonly shape: readonly (number | string)[]; readonly dynamic: boolean };
  /** The graph's own outputs, whole. */
  readonly outputs: readonly TensorFact[];
  /** What the exporter wrote into the file. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly irVersion: number;
  readonly opset: number;
  /** In the board's order; empty when the graph's own outputs are taken. */
  readonly outputNames: readonly string[];
  readonly heads: readonly Head[];
  readonly changes: readonly string[];
  readonly problems: readonly Problem[];
}

export interface CalibrationImage {
  /** Path as the user knows it (in an archive: its entry). */
  readonly source: string;
  /** The picture's own file; null when it lies in an archive. */
  readonly file: string | null;
  /** Name on the machine, `0001.jpg`. */
  readonly plainName: string;
  readonly bytes: number;
  readonly read: () => Promise<Buffer>;
}

export interface CalibrationSet {
  readonly images: readonly CalibrationImage[];
  /** How many readable pictures there were in all. */
  readonly found: number;
  readonly skipped: readonly { readonly source: string; readonly why: string }[];
  readonly warnings: readonly string[];
}
