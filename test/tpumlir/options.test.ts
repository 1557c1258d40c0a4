import { UserError } from '../../src/errors';
import {
  conversionOptions,
  inputSizeOf,
  targetOfName,
  type ConversionFacts,
  type RawConversionOptions,
} from '../../src/tpumlir';

const facts: ConversionFacts = {
  modelPath: '/home/me/my model-v2.onnx',
  inputShape: [1, 3, 640, 640],
  task: 'detect',
  family: 'yolo11',
  outputNames: ['box8', 'cls8'],
};
const dynamic: ConversionFacts = { ...facts, inputShape: ['batch', 3, 'height', 'width'] };

function refusal(raw: RawConversionOptions, of: Partial<ConversionFacts> = {}, target = 'recamera'): UserError {
  try {
    conversionOptions(raw, { ...facts, ...of }, targetOfName(target));
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(UserError);
    expect((thrown as UserError).exit).toBe('input');
    return thrown as UserError;
  }
  throw new Error(`not refused: ${JSON.stringify(raw)}`);
}

test('without flags: what the reCamera guide converts with', () => {
  const { options, warnings } = conversionOptions({}, facts, 'recamera');
  expect(warnings).toEqual([]);
  expect(options).toEqual({
    name: 'my_model_v2',
    inputSize: [640, 640],
    channels: 3,
    mean: [0, 0, 0],
    scale: [0.0039216, 0.0039216, 0.0039216],
    pixelFormat: 'rgb',
    keepAspectRatio: true,
    outputNames: ['box8', 'cls8'],
    calibrationCount: 100,
    quantize: 'int8',
    quantInput: true,
    quantOutput: false,
    customizationFormat: 'RGB_PACKED',
    fusePreprocess: true,
    alignedInput: true,
    tolerance: [0.8, 0.5],
    calibrator: 'fast',
    processor: 'cv181x',
  });
});

test('other boards have other defaults', () => {
  const maixcam = conversionOptions({}, facts, 'maixcam').options;
  expect(maixcam).toMatchObject({ fusePreprocess: false, customizationFormat: null, quantOutput: false });
  expect(maixcam.tolerance).toEqual([0.9, 0.6]);
  const milkv = conversionOptions({}, facts, 'milkv').options;
  expect(milkv).toMatchObject({ fusePreprocess: false, quantInput: true, quantOutput: true, tolerance: [0.85, 0.45] });
  const bf16 = conversionOptions({ quantize: 'BF16' }, facts, 'maixcam').options;
  expect(bf16).toMatchObject({ quantize: 'bf16', quantInput: false });
});

test('every flag reaches its option', () => {
  const { options } = conversionOptions(
    {
      ...{ name: 'Mine_1', mean: '-1,0,2.5', scale: '0.5', pixelFormat: 'BGR', keepAspectRatio: false },
      ...{ outputNames: ' a , b', calibrationCount: '20', quantInput: false, customizationFormat: 'yuv_nv12' },
      ...{ alignedInput: false, tolerance: '0.9,0.6', calibrator: 'both', inputSize: '480x640' },
    },
    dynamic,
    'recamera',
  );
  expect(options).toMatchObject({
    ...{ name: 'Mine_1', mean: [-1, 0, 2.5], scale: [0.5, 0.5, 0.5], pixelFormat: 'bgr', keepAspectRatio: false },
    ...{ outputNames: ['a', 'b'], calibrationCount: 20, quantInput: false, customizationFormat: 'YUV_NV12' },
    // The tool aligns YUV frames whatever was asked.
    ...{ alignedInput: true, tolerance: [0.9, 0.6], calibrator: 'both', inputSize: [480, 640] },
  });
});

test('switching the fused preprocess off takes what depends on it along', () => {
  const { options, warnings } = conversionOptions({ fusePreprocess: false }, facts, 'recamera');
  expect(options).toMatchObject({ fusePreprocess: false, customizationFormat: null, alignedInput: false });
  expect(warnings.join()).toContain('packed RGB888');
});

test('a one-channel model takes grey frames', () => {
  const { options } = conversionOptions({}, { ...facts, inputShape: [1, 1, 64, 64] }, 'recamera');
  expect(options).toMatchObject({ channels: 1, mean: [0], scale: [0.0039216], customizationFormat: 'GRAYSCALE' });
});

test.each(['; rm -rf /', '$(x)', '-rf', '', 'a b', 'a\nb', 'na\u00efve', 'a'.repeat(65)])(
  'the name %j is refused, and the one proposed is taken',
  (name) => {
    const error = refusal({ name });
    expect(error.code).toBe('bad-name');
    const proposed = /--name (\S+)\.$/.exec(error.fix)![1];
    expect(conversionOptions({ name: proposed }, facts, 'recamera').options.name).toBe(proposed);
  },
);

test.each<[RawConversionOptions, string]>([
  [{ mean: '0,0' }, 'bad-mean'],
  [{ mean: '--no_keep_aspect_ratio' }, 'bad-mean'],
  [{ mean: '0,0,NaN' }, 'bad-mean'],
  [{ mean: '0x10,0,0' }, 'bad-mean'],
  [{ mean: '1e999,0,0' }, 'bad-mean'],
  [{ scale: '1/255' }, 'bad-scale'],
  [{ scale: '0' }, 'bad-scale'],
  [{ scale: '' }, 'bad-scale'],
  [{ tolerance: '1.1,1.1' }, 'bad-tolerance'],
  [{ tolerance: '0.8' }, 'bad-tolerance'],
  [{ tolerance: '0.8,$(reboot)' }, 'bad-tolerance'],
  [{ tolerance: '-0.1,0.5' }, 'bad-tolerance'],
  [{ calibrationCount: 0 }, 'bad-calibration-count'],
  [{ calibrationCount: '-5' }, 'bad-calibration-count'],
  [{ calibrationCount: '1.5' }, 'bad-calibration-count'],
  [{ calibrationCount: '1e9' }, 'bad-calibration-count'],
  [{ calibrationCount: 'all' }, 'bad-calibration-count'],
  [{ pixelFormat: 'gray' }, 'bad-pixel-format'],
  [{ quantize: 'f16' }, 'quantize-unsupported'],
  [{ quantize: 'F32' }, 'quantize-unsupported'],
  [{ quantize: 'int4' }, 'quantize-unsupported'],
  [{ quantize: 'int88' }, 'bad-quantize'],
  [{ customizationFormat: 'RGB_PACKD' }, 'bad-customization-format'],
  [{ customizationFormat: 'GRAYSCALE' }, 'bad-customization-format'],
  [{ fusePreprocess: false, customizationFormat: 'RGB_PACKED' }, 'needs-fuse-preprocess'],
  [{ fusePreprocess: false, alignedInput: true }, 'needs-fuse-preprocess'],
  [{ outputNames: ' , ' }, 'bad-output-names'],
  [{ outputNames: 'a,a' }, 'bad-output-names'],
  [{ outputNames: 'a\u0001b' }, 'bad-output-names'],
  [{ inputSize: '320' }, 'input-size-fixed'],
  [{ inputSize: '300' }, 'bad-input-size'],
  [{ calibrator: 'slow' }, 'bad-calibrator'],
  [{ quantize: 'bf16', quantOutput: true }, 'quant-output-bf16'],
])('%j is refused as %s', (raw, code) => {
  expect(refusal(raw).code).toBe(code);
});

test.each(['', 'x', '640x', '640x480x3', '-640', '0', '16', '640.5', '99999', '\uff16\uff14', '640; ls'])(
  'the size %j is refused',
  (text) => {
    expect(() => inputSizeOf(text)).toThrow(UserError);
  },
);

test('a dynamic model needs a size, a fixed one keeps its own', () => {
  expect(refusal({}, dynamic).code).toBe('input-size-needed');
  expect(refusal({}, { inputShape: [1, 3, 300, 300] }).fix).toContain('imgsz=288,288');
  expect(refusal({ inputSize: '320x256' }, { inputShape: [1, 3, 256, 320] }).why).toContain('height comes first');
  expect(refusal({}, { inputShape: [1, 4, 64, 64] }).code).toBe('unsupported-input');
  expect(refusal({}, { inputShape: [1, 3] }).code).toBe('unsupported-input');
});

test('near matches are named', () => {
  expect(refusal({ quantize: 'int88' }).fix).toBe('Did you mean --quantize int8?');
  const unknown = refusal({ outputNames: 'box9' }, { tensorNames: new Set(['box8', 'cls8']) });
  expect(unknown.code).toBe('unknown-output-name');
  expect(unknown.fix).toContain('box8');
  const far = refusal({ outputNames: 'nothing' }, { tensorNames: new Set(['box8', 'cls8']) });
  expect(far.fix).toBe('Leave --output-names out: cvicast finds the heads in the graph.');
  expect(refusal({}, {}, 'zzz').fix).toBe('Leave it out, or take one of these.');
  expect(refusal({}, {}, 'recamra').fix).toBe('Did you mean --target recamera?');
});

test('integer outputs: a warning where the decoder swaps scales, a refusal where it misreads', () => {
  const warn = (family: string): string =>
    conversionOptions({ quantOutput: true }, { ...facts, family }, 'recamera').warnings.join();
  expect(warn('yolo11')).toContain('swaps the scales');
  expect(warn('yolo26')).toBe('');
  expect(refusal({ quantOutput: true }, { task: 'pose' }).code).toBe('quant-output-misread');
  expect(refusal({ fusePreprocess: true }, {}, 'maixcam').code).toBe('fuse-preprocess-unsupported');
});

test('a scale that multiplies up is warned of', () => {
  expect(conversionOptions({ scale: '255' }, facts, 'recamera').warnings.join()).toContain('1/255');
});

test.each([
  ['/x/$(rm -rf ~).onnx', 'rm_rf'],
  ['/x/11n.onnx', 'm_11n'],
  ['/x/\u65e5\u672c.onnx', 'model'],
  ["/x/it's \n.onnx", 'it_s'],
])('the default name of %j is plain: %s', (modelPath, name) => {
  expect(conversionOptions({}, { ...facts, modelPath }, 'recamera').options.name).toBe(name);
});
