import * as fs from 'node:fs';
import * as path from 'node:path';
import { prepare } from '../../src/job/prepare';
import type { ConvertWish } from '../../src/job/request';
import { tableKeyOf } from '../../src/job/table-key';
import { keepTable } from '../../src/job/tables';
import { conversionOptions, type ConversionOptions } from '../../src/tpumlir';
import { useScratch } from '../_helpers/scratch';

const root = path.resolve(__dirname, '../..');
const model = path.join(root, 'examples/shapes-yolo11n-320.onnx');
const pictures = path.join(root, 'examples/calibration');

describe('the key of a calibration table', () => {
  const facts = {
    modelPath: model,
    inputShape: [1, 3, 320, 320],
    task: 'detect',
    family: 'yolo11',
    outputNames: ['a'],
  };
  const { options } = conversionOptions({}, facts as Parameters<typeof conversionOptions>[1], 'recamera');

  /** Another value of every option, and whether the table is another one by it. */
  const others: Readonly<Record<keyof ConversionOptions, readonly [unknown, 'another' | 'the same']>> = {
    name: ['other', 'the same'],
    inputSize: [[320, 640], 'another'],
    channels: [1, 'another'],
    mean: [[1, 0, 0], 'another'],
    scale: [[1, 1, 1], 'another'],
    pixelFormat: ['bgr', 'another'],
    keepAspectRatio: [false, 'another'],
    outputNames: [['b'], 'another'],
    calibrationCount: [7, 'the same'],
    quantize: ['bf16', 'the same'],
    quantInput: [false, 'the same'],
    quantOutput: [true, 'the same'],
    customizationFormat: ['BGR_PACKED', 'the same'],
    fusePreprocess: [false, 'the same'],
    alignedInput: [false, 'the same'],
    tolerance: [[0.1, 0.1], 'the same'],
    calibrator: ['both', 'the same'],
    processor: ['cv182x', 'the same'],
  };
  const keyOf = (changed: object = {}): Promise<string> =>
    tableKeyOf('ab', [{ sha256: '01' }], { ...options, ...changed }, '1.7');

  it('knows every option', () => expect(Object.keys(others).sort()).toEqual(Object.keys(options).sort()));

  test.each(Object.entries(others))('%s', async (name, [value, key]) => {
    expect(value).not.toEqual(options[name as keyof ConversionOptions]);
    expect((await keyOf({ [name]: value })) === (await keyOf()) ? 'the same' : 'another').toBe(key);
  });
});

describe('a table of an earlier run', () => {
  const scratch = useScratch();
  const around = () => ({ home: path.join(scratch(), 'home'), env: { HOME: scratch() } });
  const images = () => path.join(scratch(), 'pictures');
  const wish = (changes: Partial<ConvertWish> = {}): ConvertWish => ({
    ...{ model, images: images(), testImage: null, out: path.join(scratch(), 'out'), force: false },
    ...{ provider: 'local', host: null, spot: false, diskGiB: 30, allowCidrs: [], backendUrl: null },
    ...{ target: 'recamera', imageMirror: null, reuseTable: true, conversion: {}, ...changes },
  });
  const copy = (from: string, to: string): void =>
    fs.copyFileSync(path.join(pictures, fs.readdirSync(pictures).sort()[Number(from)]!), path.join(images(), to));
  /** How many files of the earlier run this one would begin with. */
  const takes = async (changes: Partial<ConvertWish> = {}): Promise<number> =>
    (await prepare(wish(changes), around())).takenOver.length;

  beforeEach(async () => {
    fs.mkdirSync(images());
    for (const [index, name] of ['a.jpg', 'b.jpg', 'c.jpg'].entries()) copy(String(index), name);
    const table = path.join(scratch(), 'table');
    fs.writeFileSync(table, '# a table\n');
    keepTable(around().home, (await prepare(wish(), around())).request.tableKey, table);
  });

  it('serves when nothing changed but names and what comes after calibration', async () => {
    expect(await takes()).toBe(1);
    fs.renameSync(path.join(images(), 'c.jpg'), path.join(images(), 'd.jpg'));
    expect(await takes({ conversion: { name: 'other', tolerance: '0.1,0.1' } })).toBe(1);
  });

  it('does not serve when a picture is another, gone, new, or in another place of the order', async () => {
    copy('3', 'b.jpg');
    expect(await takes()).toBe(0);
    copy('1', 'b.jpg');
    expect(await takes()).toBe(1);
    fs.rmSync(path.join(images(), 'c.jpg'));
    expect(await takes()).toBe(0);
    copy('2', 'c.jpg');
    copy('3', 'd.jpg');
    expect(await takes()).toBe(0);
    fs.rmSync(path.join(images(), 'd.jpg'));
    fs.renameSync(path.join(images(), 'a.jpg'), path.join(images(), 'z.jpg'));
    expect(await takes()).toBe(0);
  });

  test.each([{ mean: '1' }, { scale: '1' }, { pixelFormat: 'bgr' }, { keepAspectRatio: false }])(
    'does not serve with %j, nor with fewer pictures',
    async (conversion) => {
      expect(await takes({ conversion })).toBe(0);
      expect(await takes({ conversion: { calibrationCount: '2' } })).toBe(0);
    },
  );
});
