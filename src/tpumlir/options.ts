import * as path from 'node:path';
import type { Task } from '../model/types';
import { preprocessOptions } from './preprocess-options';
import {
  channelValues,
  checkMultiple,
  countOf,
  inputSizeOf,
  modelNameOf,
  oneOf,
  outputNamesOf,
  plainName,
  refused,
  toleranceOf,
} from './option-values';
import { targetDefaults, type TargetName } from './target-defaults';
import type { Calibrator, ConversionOptions, PixelFormat, Quantize } from './types';

/** The flags as the user gave them; what was left out is undefined. */
export interface RawConversionOptions {
  readonly name?: string | undefined;
  readonly inputSize?: string | undefined;
  readonly mean?: string | undefined;
  readonly scale?: string | undefined;
  readonly pixelFormat?: string | undefined;
  readonly keepAspectRatio?: boolean | undefined;
  /** Tensor names with commas between. */
  readonly outputNames?: string | undefined;
  readonly calibrationCount?: string | number | undefined;
  readonly quantize?: string | undefined;
  readonly quantInput?: boolean | undefined;
  readonly quantOutput?: boolean | undefined;
  readonly customizationFormat?: string | undefined;
  readonly fusePreprocess?: boolean | undefined;
  readonly alignedInput?: boolean | undefined;
  readonly tolerance?: string | undefined;
  readonly calibrator?: string | undefined;
}

/** What is known of the model that the options are for. */
export interface ConversionFacts {
  /** The model's file, for its default name. */
  readonly modelPath: string;
  /** Shape of its one input, NCHW; unknown dimensions as text. */
  readonly inputShape: readonly (number | string)[];
  readonly task: Task;
  readonly family: string;
  /** Outputs that the target's decoder reads; empty: the graph's own. */
  readonly outputNames: readonly string[];
  /** Every tensor of the graph, to refuse names that it does not have; left out: not checked. */
  readonly tensorNames?: ReadonlySet<string>;
}

/**
 * All options, from flags, model and the target's defaults.
 * @throws UserError (exit input) for each value or combination that the tools or the board would refuse, misread, or
 *   take for something else: `bad-…`, `quantize-unsupported`, `input-size-needed`, `input-size-fixed`, …
 */
export function conversionOptions(
  raw: RawConversionOptions,
  facts: ConversionFacts,
  target: TargetName,
): { readonly options: ConversionOptions; readonly warnings: readonly string[] } {
  const defaults = targetDefaults[target];
  const warnings: string[] = [];
  const channels = channelsOf(facts.inputShape);
  const quantize = raw.quantize === undefined ? 'int8' : quantizeOf(raw.quantize);
  const scale = channelValues('scale', raw.scale ?? String(defaults.scale), channels);
  checkScale(scale, warnings);
  const options: ConversionOptions = {
    name: raw.name === undefined ? plainName(path.parse(facts.modelPath).name) : modelNameOf(raw.name),
    inputSize: sizeOf(raw.inputSize, facts.inputShape),
    channels,
    mean: channelValues('mean', raw.mean ?? String(defaults.mean), channels),
    scale,
    pixelFormat:
      raw.pixelFormat === undefined
        ? defaults.pixelFormat
        : oneOf<PixelFormat>('pixel-format', raw.pixelFormat, ['rgb', 'bgr']),
    keepAspectRatio: raw.keepAspectRatio ?? defaults.keepAspectRatio,
    outputNames: raw.outputNames === undefined ? facts.outputNames : outputNamesOf(raw.outputNames, facts.tensorNames),
    calibrationCount: countOf(raw.calibrationCount ?? 100),
    quantize,
    quantInput: raw.quantInput ?? (quantize === 'bf16' && !defaults.quantInputWithBf16 ? false : defaults.quantInput),
    quantOutput: raw.quantOutput ?? (quantize === 'bf16' ? false : defaults.quantOutput),
    ...preprocessOptions(raw, defaults, channels, target, warnings),
    tolerance: raw.tolerance === undefined ? defaults.tolerance : toleranceOf(raw.tolerance),
    calibrator:
      raw.calibrator === undefined
        ? 'fast'
        : oneOf<Calibrator>('calibrator', raw.calibrator, ['fast', 'stock', 'both']),
    processor: 'cv181x',
  };
  checkQuantOutput(options, facts, target, warnings);
  return { options, warnings };
}

function channelsOf(shape: ConversionFacts['inputShape']): number {
  const channels = typeof shape[1] === 'number' ? shape[1] : 3;
  if (shape.length === 4 && (channels === 1 || channels === 3)) return channels;
  throw refused(
    'unsupported-input',
    `The model's input has the shape ${shape.join('x')}`,
    'a picture is batch, channels, height, width, with 3 channels or 1',
    'Export the model with one picture input in NCHW order.',
  );
}

function sizeOf(text: string | undefined, shape: ConversionFacts['inputShape']): readonly [number, number] {
  const [height, width] = [shape[2], shape[3]];
  const fixed = typeof height === 'number' && typeof width === 'number' ? ([height, width] as const) : null;
  if (text === undefined) {
    if (fixed === null) {
      throw refused(
        'input-size-needed',
        "The model's input size is dynamic",
        'the board runs one size only, and the file does not say which',
        'Give --input-size with the size it was trained at, e.g. --input-size 640.',
      );
    }
    checkMultiple(...fixed);
    return fixed;
  }
  const size = inputSizeOf(text);
  if (fixed !== null && (fixed[0] !== size[0] || fixed[1] !== size[1])) {
    const swapped = fixed[0] === size[1] && fixed[1] === size[0];
    throw refused(
      'input-size-fixed',
      `--input-size ${text} does not fit the model`,
      `its input is fixed at ${fixed[0]}x${fixed[1]} (height x width)${swapped ? '; height comes first' : ''}`,
      `Leave --input-size out, or export again with imgsz=${size[0]},${size[1]} (or dynamic=True).`,
    );
  }
  return size;
}

function quantizeOf(text: string): Quantize {
  const word = text.trim().toLowerCase();
  if (/^(f16|fp16|half|f32|fp32|float|float32|float16)$/.test(word)) {
    throw refused(
      'quantize-unsupported',
      `--quantize ${text} makes a model that does not run on cv181x`,
      'its TPU computes in INT8 and BF16 only; F16 and F32 are for other Sophgo chips, although guides show them',
      'Use --quantize bf16 (larger and slower, close to float) or int8.',
    );
  }
  if (/^(int4|w4|w8|w4f16|w8f16|w4bf16|w8bf16|f8e4m3|f8e5m2|qdq)$/.test(word)) {
    throw refused(
      'quantize-unsupported',
      `--quantize ${text} makes a model that does not run on cv181x`,
      'its TPU computes in INT8 and BF16 only',
      'Use --quantize int8 or bf16.',
    );
  }
  return oneOf<Quantize>('quantize', text, ['int8', 'bf16']);
}

function checkScale(scale: readonly number[], warnings: string[]): void {
  if (scale.some((value) => value === 0)) {
    throw refused(
      'bad-scale',
      'A scale of 0 makes every pixel 0',
      'the model sees (pixel − mean) × scale',
      'Write --scale 0.0039216 (that is 1/255).',
    );
  }
  if (scale.some((value) => Math.abs(value) > 1)) {
    warnings.push(
      `--scale ${scale.join(',')} multiplies pixels up: the model sees (pixel − mean) × scale, and YOLO wants 0.0039216 (1/255)`,
    );
  }
}

/** Where integer outputs are misread by the board's own decoder. */
function checkQuantOutput(
  options: ConversionOptions,
  facts: ConversionFacts,
  target: TargetName,
  warnings: string[],
): void {
  if (!options.quantOutput) return;
  if (options.quantize === 'bf16') {
    throw refused(
      'quant-output-bf16',
      '--quant-output does not go with --quantize bf16',
      'the decoders read int8 or float32 outputs, and these would be bf16',
      'Leave --quant-output out.',
    );
  }
  if (target === 'recamera' && (facts.task === 'pose' || facts.task === 'segment')) {
    throw refused(
      'quant-output-misread',
      `--quant-output makes a ${facts.task} model that reCamera misreads`,
      'its decoder for this task reads the outputs as float32, whatever they are',
      'Leave --quant-output out.',
    );
  }
  if (target === 'recamera' && facts.task === 'detect' && facts.family !== 'yolo26') {
    warnings.push(
      '--quant-output: the stock reCamera decoder swaps the scales of int8 boxes and classes (YOLOv8, 11 and alike), so scores and boxes come out distorted; use it with a corrected decoder only',
    );
  }
  if (target === 'maixcam') {
    warnings.push('--quant-output: MaixCAM reads every output as float32; whether its runtime converts is not known');
  }
}
