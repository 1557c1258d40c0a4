import { contentKey } from '../model';
import type { ConversionOptions } from '../tpumlir/types';
import type { InputFile } from './request';

/**
 * Which options the calibration table depends on: those that shape the graph or what it is fed with. All are listed, so that
 * a new one has to be decided here. The number of pictures is told by the pictures themselves; both calibrators make one table.
 */
const shapesTable: Readonly<Record<keyof ConversionOptions, boolean>> = {
  name: false,
  inputSize: true,
  channels: true,
  mean: true,
  scale: true,
  pixelFormat: true,
  keepAspectRatio: true,
  outputNames: true,
  calibrationCount: false,
  quantize: false,
  quantInput: false,
  quantOutput: false,
  customizationFormat: false,
  fusePreprocess: false,
  alignedInput: false,
  tolerance: false,
  calibrator: false,
  processor: false,
};

/** The same key, the same calibration table: model, pictures in their order, what shapes the graph, and the tool. */
export function tableKeyOf(
  model: string,
  images: readonly Pick<InputFile, 'sha256'>[],
  options: ConversionOptions,
  toolVersion: string,
): Promise<string> {
  return contentKey({
    model,
    // Their hashes stand for the pictures, which were read once already.
    pictures: images.map((image) => Buffer.from(image.sha256, 'hex')),
    options: Object.fromEntries(
      Object.entries(options).filter(([name]) => shapesTable[name as keyof ConversionOptions]),
    ),
    toolVersion,
  });
}
