import type { Argv } from 'yargs';
import type { RawConversionOptions } from '../tpumlir';

/** Options of the usual guide, as flags. Text where the value is checked later, so that each refusal has its own words. */
export function conversionFlags<T>(yargs: Argv<T>) {
  return yargs
    .option('target', {
      type: 'string',
      default: 'recamera',
      describe: 'the board whose software reads the model: recamera, maixcam, milkv',
    })
    .option('name', {
      type: 'string',
      describe: 'name of the model inside the .cvimodel (default: from the file name)',
    })
    .option('input-size', {
      type: 'string',
      describe: 'size of the pictures, SIZE or HEIGHTxWIDTH; needed for a dynamic model',
    })
    .option('mean', { type: 'string', describe: 'mean per channel, subtracted first (default 0,0,0)' })
    .option('scale', { type: 'string', describe: 'scale per channel (default 1/255)' })
    .option('pixel-format', { type: 'string', describe: 'rgb or bgr (default rgb)' })
    .option('keep-aspect-ratio', { type: 'boolean', describe: 'letterbox instead of stretching (default on)' })
    .option('output-names', {
      type: 'string',
      describe: 'tensors to cut the graph at, with commas between (default: what the target reads)',
    })
    .option('calibration-count', { type: 'string', describe: 'pictures to calibrate with (default 100)' })
    .option('quantize', { type: 'string', describe: 'int8 or bf16 (default int8)' })
    .option('quant-input', { type: 'boolean', describe: 'the model takes integers (default: as the target wants)' })
    .option('quant-output', { type: 'boolean', describe: 'the model gives integers (default off)' })
    .option('customization-format', {
      type: 'string',
      describe: 'pixel layout that the camera delivers, e.g. RGB_PACKED',
    })
    .option('fuse-preprocess', {
      type: 'boolean',
      describe: 'preprocessing inside the model (default: as the target wants)',
    })
    .option('aligned-input', {
      type: 'boolean',
      describe: 'input rows aligned for the video engine (default: as the target wants)',
    })
    .option('tolerance', { type: 'string', describe: 'least cosine and euclidean similarity at deploy, e.g. 0.8,0.5' })
    .option('calibrator', { type: 'string', describe: 'fast, stock, or both (and fail where their tables differ)' });
}

interface Flags {
  readonly name?: string | undefined;
  readonly 'input-size'?: string | undefined;
  readonly mean?: string | undefined;
  readonly scale?: string | undefined;
  readonly 'pixel-format'?: string | undefined;
  readonly 'keep-aspect-ratio'?: boolean | undefined;
  readonly 'output-names'?: string | undefined;
  readonly 'calibration-count'?: string | undefined;
  readonly quantize?: string | undefined;
  readonly 'quant-input'?: boolean | undefined;
  readonly 'quant-output'?: boolean | undefined;
  readonly 'customization-format'?: string | undefined;
  readonly 'fuse-preprocess'?: boolean | undefined;
  readonly 'aligned-input'?: boolean | undefined;
  readonly tolerance?: string | undefined;
  readonly calibrator?: string | undefined;
}

/** The flags under the names that the toolchain's checks know. */
export function rawConversionOptions(flags: Flags): RawConversionOptions {
  return {
    name: flags.name,
    inputSize: flags['input-size'],
    mean: flags.mean,
    scale: flags.scale,
    pixelFormat: flags['pixel-format'],
    keepAspectRatio: flags['keep-aspect-ratio'],
    outputNames: flags['output-names'],
    calibrationCount: flags['calibration-count'],
    quantize: flags.quantize,
    quantInput: flags['quant-input'],
    quantOutput: flags['quant-output'],
    customizationFormat: flags['customization-format'],
    fusePreprocess: flags['fuse-preprocess'],
    alignedInput: flags['aligned-input'],
    tolerance: flags.tolerance,
    calibrator: flags.calibrator,
  };
}
