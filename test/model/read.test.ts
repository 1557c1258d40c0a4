import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as path from 'node:path';
import { UserError } from '../../src/errors';
import { checkModel, readModel } from '../../src/model';
import { factsOf, fixtures, refusalOf, scratchFolder, unpacked, written } from './files';
import { OnnxBuilder } from './onnx-builder';
import { tinyYolo } from './tiny-yolo';

const folder = scratchFolder();
const bad = (name: string) => path.join(fixtures, 'bad', name);

describe('a file that is no model', () => {
  test.each([
    ['empty.onnx', 'empty-model', /0 bytes/, /export/],
    ['text-renamed.onnx', 'not-onnx', /text file/, /\.onnx/],
    ['jpeg-renamed.onnx', 'not-onnx', /JPEG/, /\.onnx/],
    ['torchscript-zip-renamed.onnx', 'not-onnx', /TorchScript/, /yolo export model=X\.pt format=onnx opset=17 imgsz=/],
  ])('%s', async (name, code, why, fix) => {
    const refusal = await refusalOf(readModel(bad(name)));
    expect([refusal.code, refusal.exit]).toEqual([code, 'input']);
    expect(refusal.why).toMatch(why);
    expect(refusal.fix).toMatch(fix);
  });

  test.each<[string, Buffer | string, RegExp]>([
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n', /LFS/],
    ['a web page', '<!DOCTYPE html><html></html>', /web page/],
    ['a gzip', Buffer.from('1f8b0800', 'hex'), /gzip/],
    ['zeros', Buffer.alloc(100), /zeros/],
    ['random bytes', createHash('sha512').update('seed').digest(), /do not form/],
  ])('%s', async (_, bytes, why) => {
    const refusal = await refusalOf(readModel(written(folder, 'bad.onnx', bytes)));
    expect(refusal.code).toBe('not-onnx');
    expect(refusal.why).toMatch(why);
  });

  test('nothing, a folder, a pipe, a name that cannot be', async () => {
    expect((await refusalOf(readModel(path.join(folder, 'none.onnx')))).code).toBe('no-such-model');
    expect((await refusalOf(readModel(path.join(folder, 'x'.repeat(300))))).code).toBe('no-such-model');
    expect(await refusalOf(readModel('\0'))).toMatchObject({ code: 'no-such-model' });
    expect((await refusalOf(readModel(folder))).code).toBe('is-a-folder');
    const pipe = path.join(folder, 'pipe.onnx');
    execFileSync('mkfifo', [pipe]);
    expect((await refusalOf(readModel(pipe))).code).toBe('unreadable');
  });

  test('cut off', async () => {
    const whole = await refusalOf(readModel(written(folder, 'cut.onnx', unpacked('bad/truncated.onnx.gz'))));
    expect(whole.code).toBe('truncated-model');
    const { bytes } = tinyYolo();
    const short = await refusalOf(readModel(written(folder, 'cut.onnx', bytes.subarray(0, -4))));
    expect(short.code).toBe('truncated-model');
  });

  test('weights in another file', async () => {
    const graph = new OnnxBuilder();
    const weight = graph.weight([8, 3, 1, 1], { external: true });
    graph.output(graph.op('Conv', [graph.input('images', [1, 3, 64, 64]), weight]));
    const refusal = await refusalOf(readModel(written(folder, 'outside.onnx', graph.finish())));
    expect(refusal.code).toBe('external-weights');
  });
});

test('the hash is that of the whole file', async () => {
  const { bytes } = tinyYolo();
  const facts = await factsOf(folder, bytes);
  expect(facts.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
});

/** The same numbers in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Answers what was read, or the code of a UserError; anything else fails the test. */
async function outcome(bytes: Buffer): Promise<string> {
  try {
    const facts = await factsOf(folder, bytes);
    for (const target of ['recamera', 'maixcam', 'milkv'] as const) checkModel(facts, { target });
    return 'read';
  } catch (thrown) {
    if (thrown instanceof UserError) return thrown.code;
    throw thrown;
  }
}

describe('garbage', () => {
  const models = [
    tinyYolo({ extra: 'pose', attention: true, endToEnd: true, metadata: { names: "{0: 'a', 1: 'b', 2: 'c'}" } }).bytes,
    tinyYolo({ joinedFirst: 'boxes', realDfl: true }).bytes,
  ];

  test.each([1, 2, 3, 4])(
    'flipped bits end in facts or a UserError (seed %d)',
    async (seed) => {
      const next = numbers(seed);
      for (let round = 0; round < 150; round += 1) {
        const bytes = Buffer.from(models[round % models.length]!);
        for (let flips = 1 + next(8); flips > 0; flips -= 1) bytes[next(bytes.length)]! ^= 1 << next(8);
        await outcome(bytes);
      }
    },
    300_000,
  );

  test('cut anywhere, it is told', async () => {
    const next = numbers(5);
    for (let round = 0; round < 200; round += 1) {
      const bytes = models[0]!.subarray(0, 1 + next(models[0]!.length - 200));
      expect(['truncated-model', 'not-onnx', 'damaged-model']).toContain(await outcome(bytes));
    }
  }, 300_000);

  test('a claim of many gigabytes takes no memory', async () => {
    const huge = Buffer.from([0x08, 0x08, 0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
    expect(await outcome(huge)).toBe('truncated-model');
  });

  test('bytes of a real model replaced by random ones', async () => {
    const next = numbers(6);
    const real = unpacked('graphs/yolov8n-320.onnx.gz');
    for (let round = 0; round < 8; round += 1) {
      const bytes = Buffer.from(real);
      for (let count = 0; count < 2000; count += 1) bytes[next(bytes.length)] = next(256);
      await outcome(bytes);
    }
  }, 300_000);
});
