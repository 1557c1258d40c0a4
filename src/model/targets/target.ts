import type { CheckReport, ModelFacts, Problem } from '../types';

export type TargetName = 'recamera' | 'maixcam' | 'milkv';

/** What a target's rules look at. */
export interface Fit {
  readonly facts: ModelFacts;
  /** Height and width that the model will run at, pixels; null when it is not known yet. */
  readonly size: readonly [number, number] | null;
}

export interface CompanionFile {
  /** Plain name of the file, to lie beside the model. */
  readonly name: string;
  readonly text: string;
}

export interface CompanionOptions {
  /** Name of the model's file, e.g. `yolo11n_cv181x_int8.cvimodel`. */
  readonly modelFile: string;
  /** How the picture is prepared. */
  readonly options: {
    readonly mean: readonly number[];
    readonly scale: readonly number[];
    readonly pixelFormat: string;
  };
  readonly check?: CheckReport;
}

/** One rule of a board: what it refuses or warns of; null when the model is fine. */
export type FitRule = (fit: Fit) => Problem | null;

/** A board's software that reads the converted model: one file a target, all of it in the table of `targets/index.ts`. */
export interface Target {
  readonly name: TargetName;
  readonly title: string;
  /** Tensors that its decoder reads, in its order; empty = the graph's own outputs. */
  outputNames(facts: ModelFacts): readonly string[];
  readonly rules: readonly FitRule[];
  companions(facts: ModelFacts, options: CompanionOptions): CompanionFile[];
}

export function refuse(code: string, message: string, fix: string): Problem {
  return { code, severity: 'error', message, fix };
}

export function warn(code: string, message: string, fix: string): Problem {
  return { code, severity: 'warning', message, fix };
}
