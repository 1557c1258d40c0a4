import { checkModel } from '../../src/model';
import { factsOf, scratchFolder } from './files';
import { OnnxBuilder } from './onnx-builder';
import { tinyYolo, type TinyYolo } from './tiny-yolo';

/** Graphs whose channels tie and whose names say nothing. */

const folder = scratchFolder();

describe.each<[string, TinyYolo, { task?: string; family?: string }]>([
  ['detect', {}, {}],
  ['detect, dfl with its weights', { realDfl: true }, {}],
  ['64 classes beside boxes of 64 channels', { classes: 64 }, {}],
  ['boxes and classes joined first', { joinedFirst: 'boxes' }, {}],
  ['64 classes, joined first', { joinedFirst: 'boxes', classes: 64 }, {}],
  ['64 classes, joined before the boxes', { joinedFirst: 'classes', classes: 64 }, {}],
  ['YOLO26', { bins: 1, attention: true }, { family: 'yolo26' }],
  ['YOLO26 with 4 classes', { bins: 1, classes: 4, attention: true }, { family: 'yolo26' }],
  ['YOLO26 with 4 classes, end to end', { bins: 1, classes: 4, attention: true, endToEnd: true }, { family: 'yolo26' }],
  ['attention and dfl', { attention: true }, { family: 'yolo11' }],
  ['end to end', { endToEnd: true }, {}],
  ['pose', { extra: 'pose', classes: 1 }, { task: 'pose' }],
  ['pose whose points and classes tie', { extra: 'pose', points: 5, classes: 15 }, { task: 'pose' }],
  ['segment', { extra: 'segment' }, { task: 'segment' }],
  ['segment with 32 classes', { extra: 'segment', classes: 32 }, { task: 'segment' }],
  ['rotated boxes', { extra: 'obb', classes: 15 }, { task: 'obb' }],
  ['rotated boxes of one class', { extra: 'obb', classes: 1 }, { task: 'obb' }],
  ['bins of 8', { bins: 8 }, {}],
  ['heads as outputs', { raw: true, classes: 5 }, {}],
  ['not square', { size: [64, 128] }, {}],
  ['P2', { strides: [4, 8, 16, 32] }, {}],
])('%s', (_, options, { task = 'detect', family }) => {
  test('heads are told apart', async () => {
    const built = tinyYolo(options);
    const facts = await factsOf(folder, built.bytes);
    expect(facts.heads.map(({ box }) => box)).toEqual(built.boxes);
    expect(facts.heads.map((head) => head.class)).toEqual(built.classes);
    expect(facts.heads.map(({ extra }) => extra)).toEqual(built.boxes.map((__, at) => built.extras[at] ?? null));
    expect(facts.heads.map(({ stride }) => stride)).toEqual(options.strides ?? [8, 16, 32]);
    expect(facts.task).toBe(task);
    expect(facts.classCount).toBe(options.classes ?? 3);
    if (family !== undefined) expect(facts.family).toBe(family);
  });
});

describe('what is no YOLO of ours', () => {
  test('one convolution a stride is the classic YOLOv5', async () => {
    const graph = new OnnxBuilder();
    let feature = graph.conv(graph.input('images', [1, 3, 64, 64]), 3, 8, { kernel: 3, stride: 4 });
    const parts = [8, 16, 32].map(() => {
      feature = graph.conv(feature, 8, 8, { kernel: 3, stride: 2 });
      return graph.op('Sigmoid', [graph.op('Reshape', [graph.conv(feature, 8, 3 * 85), graph.integers([1, -1, 85])])]);
    });
    graph.output(graph.op('Concat', parts, { axis: 1 }));
    const facts = await factsOf(folder, graph.finish());
    expect([facts.family, facts.classCount, facts.heads]).toEqual(['yolov5', 80, []]);
    for (const target of ['recamera', 'maixcam', 'milkv'] as const) {
      expect(checkModel(facts, { target }).problems.map(({ code }) => code)).toContain('anchor-based');
    }
  });

  test('objectness beside classes is YOLOX', async () => {
    const graph = new OnnxBuilder();
    let feature = graph.conv(graph.input('images', [1, 3, 64, 64]), 3, 8, { kernel: 3, stride: 4 });
    const parts = [8, 16, 32].map(() => {
      feature = graph.conv(feature, 8, 8, { kernel: 3, stride: 2 });
      const [box, objectness, scores] = [4, 1, 80].map((channels) => graph.conv(feature, 8, channels));
      const all = [box!, graph.op('Sigmoid', [objectness!]), graph.op('Sigmoid', [scores!])];
      return graph.op('Reshape', [graph.op('Concat', all, { axis: 1 }), graph.integers([1, 85, -1])]);
    });
    graph.output(graph.op('Concat', parts, { axis: 2 }));
    const facts = await factsOf(folder, graph.finish());
    expect([facts.heads, facts.family]).toEqual([[], 'unknown']);
    expect(checkModel(facts).problems.map(({ code }) => code)).toEqual(['not-a-yolo']);
  });

  test('nothing but a cycle', async () => {
    const graph = new OnnxBuilder();
    graph.input('images', [1, 3, 64, 64]);
    graph.op('Add', ['t2', 'images']);
    graph.op('Add', ['t1', 'images']);
    graph.output('t2');
    expect((await factsOf(folder, graph.finish())).heads).toEqual([]);
  });
});
