import * as fs from 'node:fs';
import * as path from 'node:path';
import { checkModel, readModel } from '../../src/model';
import type { ModelFacts } from '../../src/model/types';
import { examples, factsOf, fixtures, scratchFolder, unpacked } from './files';

/** Real exports: what each is, and where it is cut. */
interface Expected {
  readonly family: string;
  readonly task: string;
  readonly classes: number;
  readonly opset: number;
  /** Where the detection layer is, e.g. `/model.23`; null = no heads. */
  readonly layer: string | null;
  readonly extra?: boolean;
  /** For reCamera, MaixCAM, Milk-V. */
  readonly verdicts: readonly [string, string, string];
  /** For reCamera. */
  readonly problems?: readonly string[];
}

const [yes, changed, no] = ['converts', 'converts-with-changes', 'refused'] as const;
const detect11 = { family: 'yolo11', task: 'detect', opset: 17, layer: '/model.23' };
const shapes = { ...detect11, classes: 4 };
const coco = { ...detect11, classes: 80 };

const table: Readonly<Record<string, Expected>> = {
  'yolo11n-320-coco80-opset17': { ...coco, verdicts: [yes, yes, yes] },
  'yolo11n-320-nms': { ...coco, layer: '/model/model.23', verdicts: [changed, changed, changed] },
  'yolo11n-cls-224': { ...coco, task: 'classify', classes: 1000, layer: null, verdicts: [yes, yes, yes] },
  'yolo11n-pose-320': { ...coco, task: 'pose', extra: true, verdicts: [no, yes, yes], problems: ['pose-classes'] },
  'yolo11n-seg-320': { ...coco, task: 'segment', extra: true, verdicts: [yes, yes, yes] },
  'yolov8n-320': { ...coco, family: 'yolov8', layer: '/model.22', verdicts: [yes, yes, yes] },
  'yolov5nu-320': { ...coco, family: 'yolov5u', layer: '/model.24', verdicts: [yes, yes, yes] },
  'yolo26n-320': { ...coco, family: 'yolo26', verdicts: [yes, yes, yes], problems: ['yolo26-experimental'] },
  'shapes-yolo11n-320-default': { ...shapes, opset: 18, verdicts: [yes, yes, yes] },
  'shapes-yolo11n-320-opset20': { ...shapes, opset: 20, verdicts: [changed, changed, changed] },
  'shapes-yolo11n-dynamic': { ...shapes, verdicts: [no, no, no], problems: ['dynamic-input'] },
  'shapes-yolo11n-320x256': { ...shapes, verdicts: [no, yes, yes], problems: ['not-square'] },
  'shapes-yolo11n-320-half': { ...shapes, verdicts: [no, no, no], problems: ['half-precision'] },
};

const folder = scratchFolder();
const known = new Map<string, Promise<ModelFacts>>();
const read = (name: string): Promise<ModelFacts> => {
  const facts = known.get(name) ?? factsOf(folder, unpacked(`graphs/${name}.onnx.gz`));
  known.set(name, facts);
  return facts;
};

test('the table holds every graph', () => {
  const files = fs.readdirSync(path.join(fixtures, 'graphs')).map((name) => name.replace('.onnx.gz', ''));
  expect(Object.keys(table).sort()).toEqual(files.sort());
});

describe.each(Object.entries(table))('%s', (name, expected) => {
  const { family, task, classes, opset, layer, extra, verdicts, problems } = expected;
  const branch = (kind: string) => [0, 1, 2].map((at) => `${layer ?? ''}/${kind}.${at}/${kind}.${at}.2/Conv_output_0`);
  const [boxes, scores, extras] = [branch('cv2'), branch('cv3'), branch('cv4')];

  test('is what it is', async () => {
    const facts = await read(name);
    expect([facts.family, facts.task, facts.classCount, facts.opset]).toEqual([family, task, classes, opset]);
    expect(facts.classes).toHaveLength(classes);
    const found = facts.heads.map((head) => [head.stride, head.box, head.class, head.extra]);
    const heads = [8, 16, 32].map((stride, at) => [stride, boxes[at], scores[at], extra ? extras[at] : null]);
    expect(found).toEqual(layer === null ? [] : heads);
  });

  test('fits the boards as told', async () => {
    const facts = await read(name);
    const recamera = checkModel(facts);
    const maixcam = checkModel(facts, { target: 'maixcam' });
    const milkv = checkModel(facts, { target: 'milkv' });
    expect([recamera.verdict, maixcam.verdict, milkv.verdict]).toEqual(verdicts);
    expect(recamera.problems.map(({ code }) => code)).toEqual(problems ?? []);
    const pairs = boxes.flatMap((box, at) => [box, scores[at]]);
    const detected = family === 'yolo26' ? [...boxes, ...scores] : pairs;
    expect(recamera.outputNames).toEqual(task === 'detect' ? detected : []);
    const raw = [...boxes, ...scores, ...(extra ? extras : []), ...(task === 'segment' ? ['output1'] : [])];
    expect(milkv.outputNames).toEqual(layer === null ? [] : raw);
  });

  test('has the shapes that the exporter declared', async () => {
    const facts = await read(name);
    for (const { name: output, shape } of facts.outputs) {
      if (shape.every((dim) => typeof dim === 'number')) expect(facts.shapes.get(output)).toEqual(shape);
    }
  });
});

test('MaixCAM reads what lies behind the heads', async () => {
  const outputs = async (name: string) => checkModel(await read(name), { target: 'maixcam' }).outputNames;
  const detect = ['/model.23/dfl/conv/Conv_output_0', '/model.23/Sigmoid_output_0'];
  expect(await outputs('yolo11n-320-coco80-opset17')).toEqual(detect);
  expect(await outputs('yolo11n-pose-320')).toEqual([...detect, '/model.23/Concat_2_output_0']);
  expect(await outputs('yolo11n-seg-320')).toEqual([...detect, '/model.23/Concat_2_output_0', 'output1']);
  expect(await outputs('yolo11n-cls-224')).toEqual(['/model.10/linear/Gemm_output_0']);
  expect(await outputs('yolo26n-320')).toHaveLength(6);
});

test('a dynamic graph is followed at the size asked for', async () => {
  const bytes = unpacked('graphs/shapes-yolo11n-dynamic.onnx.gz');
  const open = await factsOf(folder, bytes);
  expect([open.dynamic, open.macs]).toEqual([true, null]);
  const facts = await factsOf(folder, bytes, { inputSize: [416, 416] });
  expect(facts.shapes.get('output0')).toEqual([1, 8, 52 * 52 + 26 * 26 + 13 * 13]);
  const report = checkModel(facts, { inputSize: [416, 416] });
  expect(report.verdict).toBe('converts-with-changes');
  expect(report.changes).toEqual([expect.stringContaining('416x416')]);
  const same = await factsOf(folder, bytes, { inputSize: [320, 320] });
  const fixed = await read('shapes-yolo11n-320-default');
  expect(same.macs).toBe(fixed.macs);
});

test('the sample model is read with its weights, hash and names', async () => {
  const facts = await readModel(path.join(examples, 'shapes-yolo11n-320.onnx'));
  expect(facts.classes).toEqual(['circle', 'square', 'triangle', 'star']);
  expect(facts.bytes).toBe(10441531);
  expect(facts.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(facts.inputs).toEqual([{ name: 'images', shape: [1, 3, 320, 320], type: 'float32' }]);
  expect(checkModel(facts).verdict).toBe('converts');
});
