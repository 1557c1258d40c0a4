import type { RawConversionOptions } from './options';
import { oneOf, refused } from './option-values';
import type { TargetDefaults, TargetName } from './target-defaults';
import type { ConversionOptions } from './types';

/** Pixel formats of the frame that a fused model takes (model_deploy's list without those of 4 channels and raw sensors). */
const formats = [
  'RGB_PLANAR',
  'RGB_PACKED',
  'BGR_PLANAR',
  'BGR_PACKED',
  'GRAYSCALE',
  'YUV420_PLANAR',
  'YUV_NV21',
  'YUV_NV12',
] as const;

type Preprocess = Pick<ConversionOptions, 'fusePreprocess' | 'customizationFormat' | 'alignedInput'>;

/**
 * Whether the model takes the camera's frame as it is, and in which format. Defaults that depend on a fused preprocess
 * go with it when it is switched off; flags that contradict each other are refused.
 */
export function preprocessOptions(
  raw: RawConversionOptions,
  defaults: TargetDefaults,
  channels: number,
  target: TargetName,
  warnings: string[],
): Preprocess {
  const fusePreprocess = raw.fusePreprocess ?? defaults.fusePreprocess;
  if (!fusePreprocess) {
    refuseWithoutFuse(raw);
    if (target === 'recamera') {
      warnings.push(
        "without --fuse-preprocess the model takes planar, normalised input, and reCamera's camera gives packed RGB888: its own software refuses or misreads that",
      );
    }
    return { fusePreprocess, customizationFormat: null, alignedInput: false };
  }
  if (target === 'maixcam') {
    throw refused(
      'fuse-preprocess-unsupported',
      '--fuse-preprocess makes a model that MaixCAM refuses',
      'its input becomes uint8, and the runtime takes int8 or float32 ("input tensor CVI_FMT not support")',
      'Leave --fuse-preprocess out.',
    );
  }
  const usual = defaults.customizationFormat ?? 'RGB_PACKED';
  const customizationFormat = channels === 1 && raw.customizationFormat === undefined ? 'GRAYSCALE' : usual;
  const format =
    raw.customizationFormat === undefined
      ? customizationFormat
      : oneOf('customization-format', raw.customizationFormat, formats);
  if ((format === 'GRAYSCALE') !== (channels === 1)) {
    throw refused(
      'bad-customization-format',
      `--customization-format ${format} does not fit an input of ${channels} channel${channels === 1 ? '' : 's'}`,
      'GRAYSCALE is for one channel, all others are for three',
      channels === 1 ? 'Write --customization-format GRAYSCALE.' : 'Write --customization-format RGB_PACKED.',
    );
  }
  if (target === 'recamera' && channels === 3 && format !== 'RGB_PACKED') {
    warnings.push(`--customization-format ${format}: reCamera's camera gives packed RGB888 only`);
  }
  // The tool aligns YUV frames whatever was asked.
  const alignedInput = format.startsWith('YUV') || (raw.alignedInput ?? defaults.alignedInput);
  return { fusePreprocess, customizationFormat: format, alignedInput };
}

function refuseWithoutFuse(raw: RawConversionOptions): void {
  const flag =
    raw.customizationFormat !== undefined
      ? '--customization-format'
      : raw.alignedInput === true
        ? '--aligned-input'
        : null;
  if (flag === null) return;
  throw refused(
    'needs-fuse-preprocess',
    `${flag} says nothing without --fuse-preprocess`,
    'it describes the raw frame, and such a model takes a prepared one (model_deploy refuses the two together)',
    `Add --fuse-preprocess, or leave ${flag} out.`,
  );
}
