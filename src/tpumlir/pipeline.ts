import { remoteFolder } from './payload';
import type { ConversionOptions, PipelineStep } from './types';

/** Plain names of the files in the job's folder on the machine: the tools build shell lines from names without quoting. */
export const jobFile = {
  model: 'model.onnx',
  /** The model in an opset that the toolchain reads. */
  convertedModel: 'model_converted.onnx',
  images: 'images',
  testImage: 'test.jpg',
  mlir: 'model.mlir',
  reference: 'model_top_outputs.npz',
  table: 'model_cali_table',
  stockTable: 'model_cali_table_stock',
} as const;

/** Name of the finished model on the machine, e.g. `model_cv181x_int8.cvimodel`. */
export function cvimodelFile(options: Pick<ConversionOptions, 'processor' | 'quantize'>): string {
  return `model_${options.processor}_${options.quantize}.cvimodel`;
}

export interface PipelineFacts {
  /** The model's opset or IR version is newer than the toolchain reads. */
  readonly convertVersion: boolean;
}

/** Our own programs find each other by PYTHONPATH (relative: every step runs in the job's folder). */
const ownPackage = { PYTHONPATH: remoteFolder } as const;

/**
 * The commands of a conversion, in order; each runs in the job's folder with the toolchain first on PATH
 * (`Toolchain.wrap`). Values are validated (see `conversionOptions`): what reaches a shell inside the tools is the name,
 * the numbers of the tolerance, and file names of ours.
 */
export function pipelineSteps(options: ConversionOptions, facts: PipelineFacts): readonly PipelineStep[] {
  return [
    ...(facts.convertVersion ? [convertVersionStep()] : []),
    transformStep(options, facts),
    ...(options.quantize === 'int8' ? calibrationSteps(options) : []),
    deployStep(options),
    verifyStep(options),
  ];
}

function convertVersionStep(): PipelineStep {
  return {
    stage: 'transform',
    unit: 'convert-version',
    argv: ['python3', '-m', 'cvicast_remote.convert_version', jobFile.model, jobFile.convertedModel],
    env: ownPackage,
    brings: [],
  };
}

/** `--flag=value` throughout: values that begin with a dash (a negative mean) stay values. */
function transformStep(options: ConversionOptions, facts: PipelineFacts): PipelineStep {
  const [height, width] = options.inputSize;
  return {
    stage: 'transform',
    unit: 'transform',
    argv: [
      'model_transform.py',
      `--model_name=${options.name}`,
      `--model_def=${facts.convertVersion ? jobFile.convertedModel : jobFile.model}`,
      `--input_shapes=[[1,${options.channels},${height},${width}]]`,
      `--mean=${options.mean.join(',')}`,
      `--scale=${options.scale.join(',')}`,
      ...(options.keepAspectRatio ? ['--keep_aspect_ratio'] : []),
      `--pixel_format=${options.channels === 1 ? 'gray' : options.pixelFormat}`,
      ...(options.outputNames.length === 0 ? [] : [`--output_names=${options.outputNames.join(',')}`]),
      `--test_input=${jobFile.testImage}`,
      `--test_result=${jobFile.reference}`,
      `--mlir=${jobFile.mlir}`,
    ],
    brings: [],
  };
}

function calibrationSteps(options: ConversionOptions): PipelineStep[] {
  const arguments_ = (table: string): string[] => [
    jobFile.mlir,
    ...['--dataset', jobFile.images, '--input_num', String(options.calibrationCount), '-o', table],
  ];
  const stock = (unit: string, table: string): PipelineStep => ({
    stage: 'calibrate',
    unit,
    argv: ['run_calibration.py', ...arguments_(table)],
    brings: [table],
  });
  const fast: PipelineStep = {
    stage: 'calibrate',
    unit: 'calibrate',
    argv: ['python3', '-m', 'cvicast_remote.calibrate', ...arguments_(jobFile.table)],
    env: ownPackage,
    brings: [jobFile.table],
  };
  // A table of an earlier run stands for the work, except where the comparison itself was asked for.
  const skipWhen = [jobFile.table];
  if (options.calibrator === 'stock') return [{ ...stock('calibrate', jobFile.table), skipWhen }];
  if (options.calibrator === 'fast') return [{ ...fast, skipWhen }];
  return [
    fast,
    stock('calibrate-stock', jobFile.stockTable),
    {
      stage: 'calibrate',
      unit: 'compare-tables',
      argv: ['python3', '-m', 'cvicast_remote.compare_tables', jobFile.table, jobFile.stockTable],
      env: ownPackage,
      brings: [],
    },
  ];
}

function deployStep(options: ConversionOptions): PipelineStep {
  return {
    stage: 'deploy',
    unit: 'deploy',
    argv: [
      'model_deploy.py',
      `--mlir=${jobFile.mlir}`,
      `--quantize=${options.quantize.toUpperCase()}`,
      ...(options.quantInput ? ['--quant_input'] : []),
      ...(options.quantOutput ? ['--quant_output'] : []),
      `--processor=${options.processor}`,
      ...(options.quantize === 'int8' ? [`--calibration_table=${jobFile.table}`] : []),
      ...(options.fusePreprocess ? ['--fuse_preprocess'] : []),
      ...(options.customizationFormat === null ? [] : [`--customization_format=${options.customizationFormat}`]),
      ...(options.alignedInput ? ['--aligned_input'] : []),
      `--test_input=${jobFile.testImage}`,
      `--test_reference=${jobFile.reference}`,
      `--tolerance=${options.tolerance.join(',')}`,
      `--model=${cvimodelFile(options)}`,
    ],
    brings: [cvimodelFile(options)],
  };
}

function verifyStep(options: ConversionOptions): PipelineStep {
  // model_deploy leaves the test picture as the finished model takes it.
  const input = `${options.name}_in_${options.fusePreprocess ? 'ori' : 'f32'}.npz`;
  return {
    stage: 'verify',
    unit: 'verify',
    argv: [
      ...['python3', '-m', 'cvicast_remote.verify', '--model', cvimodelFile(options), '--input', input],
      ...['--reference', jobFile.reference, '--processor', options.processor],
    ],
    env: ownPackage,
    brings: [],
  };
}
