import { checkModel, companionFiles, readModel, type CheckOptions } from '../../src/model';
import type { CheckReport } from '../../src/model/types';
import { factsOf, fixtures, scratchFolder, unpacked } from './files';
import { OnnxBuilder } from './onnx-builder';
import { tinyYolo, type TinyYolo } from './tiny-yolo';

const folder = scratchFolder();
const names = (count: number) => ({
  names: `{${Array.from({ length: count }, (_, at) => `${at}: 'n${at}'`).join(', ')}}`,
});

async function check(options: TinyYolo, fit: CheckOptions = {}): Promise<CheckReport> {
  const metadata = names(options.classes ?? 3);
  return checkModel(await factsOf(folder, tinyYolo({ metadata, ...options }).bytes), fit);
}

const codes = (report: CheckReport, severity = 'error') =>
  report.problems.filter((problem) => problem.severity === severity).map(({ code }) => code);

describe('reCamera', () => {
  test.each<[string, TinyYolo, string[]]>([
    ['detect', {}, []],
    ['pose of one class', { extra: 'pose', classes: 1 }, []],
    ['pose of two', { extra: 'pose', classes: 2 }, ['pose-classes']],
    ['segment', { extra: 'segment' }, []],
    ['segment, end to end', { extra: 'segment', endToEnd: true }, ['unsupported-operator', 'outputs-not-readable']],
    ['rotated boxes', { extra: 'obb' }, ['obb-unsupported']],
    ['not square', { size: [64, 128] }, ['not-square']],
    ['P2 heads', { strides: [4, 8, 16, 32] }, ['unusual-strides']],
    ['P6 heads', { strides: [8, 16, 32, 64] }, []],
    ['8 bins', { bins: 8 }, ['box-channels']],
    ['YOLO26 pose', { bins: 1, extra: 'pose', classes: 1, attention: true }, ['yolo26-detect-only']],
    ['a batch', { batch: 2 }, ['batch-size']],
    ['sides that are no multiple of 32', { size: [80, 80] }, ['input-size-multiple']],
  ])('%s', async (_, options, expected) => {
    const report = await check(options);
    expect(codes(report)).toEqual(expected);
    expect(report.verdict).toBe(expected.length > 0 ? 'refused' : 'converts');
  });

  test('heads come in the order that the decoder reads', async () => {
    const order = async (options: TinyYolo) => {
      const built = tinyYolo({ ...options, metadata: names(options.classes ?? 3) });
      const { outputNames } = checkModel(await factsOf(folder, built.bytes));
      return outputNames.map((name) =>
        built.boxes.includes(name) ? `box${built.boxes.indexOf(name)}` : `cls${built.classes.indexOf(name)}`,
      );
    };
    const grouped = ['box0', 'box1', 'box2', 'cls0', 'cls1', 'cls2'];
    expect(await order({})).toEqual(['box0', 'cls0', 'box1', 'cls1', 'box2', 'cls2']);
    expect(await order({ bins: 1, attention: true })).toEqual(grouped);
    // 64 classes: interleaved ones would pass for boxes.
    expect(await order({ classes: 64 })).toEqual(grouped);
    expect(await order({ strides: [8, 16, 32, 64] })).toHaveLength(6);
  });

  test('end to end: the tail is cut off, and that is said', async () => {
    const report = await check({ endToEnd: true });
    expect([report.verdict, report.changes]).toEqual(['converts-with-changes', [expect.stringContaining('TopK')]]);
  });

  test('missing and surplus names are a warning', async () => {
    expect(codes(await check({ metadata: {} }), 'warning')).toEqual(['class-names']);
    expect(codes(await check({ metadata: names(2) }), 'warning')).toEqual(['class-names']);
  });
});

describe('the other boards', () => {
  test.each<[CheckOptions['target'], string, TinyYolo, string[]]>([
    ['maixcam', 'rotated boxes of 15 classes', { extra: 'obb', classes: 15 }, []],
    [
      'maixcam',
      'rotated boxes of one class, whose scores nothing tells',
      { extra: 'obb', classes: 1 },
      ['scores-ambiguous'],
    ],
    [
      'maixcam',
      'segment of 32 classes, whose scores nothing tells',
      { extra: 'segment', classes: 32 },
      ['scores-ambiguous'],
    ],
    ['maixcam', 'not square', { size: [64, 128] }, []],
    ['maixcam', 'heads alone', { raw: true }, ['outputs-not-found']],
    ['milkv', '64 classes', { classes: 64 }, ['scores-ambiguous']],
    ['milkv', 'YOLO26 of 4', { bins: 1, classes: 4, attention: true }, ['scores-ambiguous']],
    ['milkv', 'rotated boxes', { extra: 'obb' }, ['obb-unsupported']],
    ['milkv', 'not square', { size: [64, 128] }, []],
  ])('%s: %s', async (target, _, options, expected) => {
    expect(codes(await check(options, { target: target ?? 'recamera' }))).toEqual(expected);
  });
});

describe('the input', () => {
  const model = (shape: readonly (number | string)[], type = 1, second = false) => {
    const graph = new OnnxBuilder();
    if (second) graph.input('more', [1, 4]);
    graph.output(graph.conv(graph.input('images', shape, type), 3, 8));
    return factsOf(folder, graph.finish());
  };
  test.each<[string, readonly (number | string)[], number, boolean, string]>([
    ['channels last', [1, 64, 64, 3], 1, false, 'channels-last'],
    ['a vector', [1, 64], 1, false, 'input-no-picture'],
    ['five channels', [1, 5, 64, 64], 1, false, 'input-no-picture'],
    ['bytes', [1, 3, 64, 64], 2, false, 'input-type'],
    ['two inputs', [1, 3, 64, 64], 1, true, 'several-inputs'],
    ['open size', [1, 3, 'h', 'w'], 1, false, 'dynamic-input'],
    ['half precision', [1, 3, 64, 64], 10, false, 'half-precision'],
  ])('%s', async (_, shape, type, second, code) => {
    expect(codes(checkModel(await model(shape, type, second)))).toContain(code);
  });

  test('an open batch is one picture', async () => {
    const facts = await model(['batch', 3, 64, 64]);
    expect(codes(checkModel(facts))).toEqual(['not-a-yolo']);
  });

  test('a fixed size cannot be changed', async () => {
    expect(codes(await check({}, { inputSize: [96, 96] }))).toEqual(['input-size-fixed']);
    expect(codes(await check({}, { inputSize: [64, 64] }))).toEqual([]);
  });
});

describe('outputs of one’s own', () => {
  test('a name that is not there brings near ones', async () => {
    const facts = await factsOf(folder, unpacked('graphs/yolo11n-320-coco80-opset17.onnx.gz'));
    const report = checkModel(facts, { outputNames: ['/model.22/cv2.0/cv2.0.2/Conv_output_0'] });
    expect(codes(report)).toEqual(['no-such-output']);
    expect(report.problems[0]?.fix).toContain('/model.23/cv2.0/cv2.0.2/Conv_output_0');
  });

  test('they make a model convertible that the board cannot read', async () => {
    const facts = await readModel(`${fixtures}/bad/tiny-not-yolo-64.onnx`);
    expect(codes(checkModel(facts))).toEqual(['not-a-yolo']);
    const report = checkModel(facts, { outputNames: ['logits'] });
    expect([report.verdict, codes(report, 'warning')]).toEqual(['converts', []]);
    const rotated = await factsOf(folder, tinyYolo({ extra: 'obb', metadata: names(3) }).bytes);
    const own = checkModel(rotated, { outputNames: rotated.heads.map(({ box }) => box) });
    expect([own.verdict, codes(own, 'warning')]).toEqual(['converts', ['outputs-differ', 'obb-unsupported']]);
  });

  test('they can cut an operator away', async () => {
    const facts = await readModel(`${fixtures}/bad/tiny-unsupported-op-det-64.onnx`);
    expect(codes(checkModel(facts))).toEqual(['unsupported-operator', 'not-a-yolo']);
    const conv = facts.nodes[0]?.outputs[0] ?? '';
    expect(checkModel(facts, { outputNames: [conv] }).verdict).toBe('converts');
    const custom = await readModel(`${fixtures}/bad/tiny-custom-domain-op-64.onnx`);
    expect(codes(checkModel(custom))).toContain('custom-operator');
    expect(custom.customDomains).toEqual(['com.example']);
  });
});

test.each([
  [18, 8, 0],
  [19, 8, 1],
  [17, 9, 1],
  [20, 10, 1],
])('opset %d, IR %d: %d changes', async (opset, irVersion, changes) => {
  const report = await check({ opset, irVersion });
  expect(report.changes).toHaveLength(changes);
  expect(report.verdict).toBe(changes > 0 ? 'converts-with-changes' : 'converts');
});

describe('companion files', () => {
  const options = {
    modelFile: 'my model_cv181x_int8.cvimodel',
    options: { mean: [0, 0, 0], scale: [0.0039216, 0.0039216, 0.0039216], pixelFormat: 'rgb' },
  };
  const tricky = { names: `{0: 'per"son', 1: 'a, b\\nmodel = evil', 2: 'ünï'}` };

  test('reCamera: JSON of the same stem, names as they are', async () => {
    const facts = await factsOf(folder, tinyYolo({ metadata: tricky }).bytes);
    const [file] = companionFiles('recamera', facts, options);
    expect(file?.name).toBe('my model_cv181x_int8.json');
    expect(JSON.parse(file?.text ?? '')).toMatchObject({ classes: ['per"son', 'a, b\nmodel = evil', 'ünï'] });
  });

  test('MaixCAM: .mud, one line a key, whatever the names hold', async () => {
    const facts = await factsOf(folder, tinyYolo({ attention: true, metadata: tricky }).bytes);
    const [file] = companionFiles('maixcam', facts, options);
    expect(file).toEqual({
      name: 'my model_cv181x_int8.mud',
      text: [
        '[basic]',
        'type = cvimodel',
        'model = my model_cv181x_int8.cvimodel',
        '',
        '[extra]',
        'model_type = yolo11',
        'type = detector',
        'input_type = rgb',
        'mean = 0, 0, 0',
        'scale = 0.0039216, 0.0039216, 0.0039216',
        'labels = per"son, a b model = evil, ünï',
        '',
      ].join('\n'),
    });
  });

  test('unnamed classes get names; Milk-V wants no file', async () => {
    const facts = await factsOf(folder, tinyYolo({ metadata: {} }).bytes);
    const [file] = companionFiles('recamera', facts, options);
    expect(JSON.parse(file?.text ?? '')).toMatchObject({ classes: ['class0', 'class1', 'class2'] });
    expect(companionFiles('milkv', facts, options)).toEqual([]);
  });
});
