import { oneOf } from './option-values';
import type { ConversionOptions } from './types';

export type TargetName = 'recamera' | 'maixcam' | 'milkv';

/** What a board's own guide converts with; every field can be changed by a flag. */
export type TargetDefaults = Pick<
  ConversionOptions,
  | 'pixelFormat'
  | 'keepAspectRatio'
  | 'quantInput'
  | 'quantOutput'
  | 'customizationFormat'
  | 'fusePreprocess'
  | 'alignedInput'
  | 'tolerance'
> & {
  /** One value a channel; (pixel − mean) × scale. */
  readonly mean: number;
  readonly scale: number;
  /** Does BF16 keep quantInput? Where the board's runtime takes int8 or float32 alone, it must not. */
  readonly quantInputWithBf16: boolean;
};

/**
 * Sources (read November 2026): reCamera: Seeed-Studio/sscma-example-sg200x scripts/export.py and Seeed's wiki;
 * MaixCAM: MaixPy docs, customize_model_yolo; Milk-V: sophgo/tdl_sdk docs/developer_guide/yolo_development_guide.md.
 */
export const targetDefaults: Readonly<Record<TargetName, TargetDefaults>> = {
  recamera: {
    mean: 0,
    scale: 0.0039216,
    pixelFormat: 'rgb',
    keepAspectRatio: true,
    quantInput: true,
    quantOutput: false,
    customizationFormat: 'RGB_PACKED',
    fusePreprocess: true,
    alignedInput: true,
    tolerance: [0.8, 0.5],
    quantInputWithBf16: true,
  },
  maixcam: {
    mean: 0,
    scale: 0.0039216,
    pixelFormat: 'rgb',
    keepAspectRatio: true,
    quantInput: true,
    quantOutput: false,
    customizationFormat: null,
    fusePreprocess: false,
    alignedInput: false,
    tolerance: [0.9, 0.6],
    quantInputWithBf16: false,
  },
  milkv: {
    mean: 0,
    scale: 0.0039216,
    pixelFormat: 'rgb',
    keepAspectRatio: true,
    quantInput: true,
    quantOutput: true,
    customizationFormat: null,
    fusePreprocess: false,
    alignedInput: false,
    tolerance: [0.85, 0.45],
    quantInputWithBf16: false,
  },
};

export const targetNames = Object.keys(targetDefaults) as readonly TargetName[];

/**
 * The target of that name, in any case.
 * @throws UserError `bad-target` (exit input), with the near match
 */
export function targetOfName(name: string): TargetName {
  return oneOf<TargetName>('target', name, targetNames);
}
