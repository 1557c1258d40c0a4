import * as fs from 'node:fs';
import * as path from 'node:path';
import { contentKey, readCalibrationSet, readTestImage } from '../../src/model';
import { inspectPicture } from '../../src/model/images/formats';
import { examples, refusalOf, scratchFolder, written } from './files';
import { bmp, jpeg, png, zip } from './pictures';

const root = scratchFolder();
let count = 0;
const fresh = () => {
  count += 1;
  const folder = path.join(root, String(count));
  fs.mkdirSync(folder);
  return folder;
};

describe('whole pictures', () => {
  test.each([
    ['jpg', jpeg()],
    ['png', png()],
    ['bmp', bmp()],
  ])('%s, and cut anywhere it is none', (kind, bytes) => {
    expect(inspectPicture(bytes).kind).toBe(kind);
    const step = Math.max(1, Math.floor(bytes.length / 200));
    for (let length = 0; length < bytes.length; length += step) {
      expect(inspectPicture(bytes.subarray(0, length)).kind).toBeNull();
    }
    expect(inspectPicture(bytes.subarray(0, -1)).kind).toBeNull();
  });

  test('trailing bytes do no harm to a JPEG', () => {
    expect(inspectPicture(Buffer.concat([jpeg(), Buffer.alloc(10)])).kind).toBe('jpg');
  });

  test('a flipped bit breaks a PNG', () => {
    const bytes = png();
    bytes[bytes.length - 20]! ^= 1;
    expect(inspectPicture(bytes)).toEqual({ kind: null, why: expect.stringContaining('checksum') });
  });

  test.each([
    ['GIF89a', /GIF/],
    ['RIFF0000WEBPVP8 ', /WebP/],
    ['0000ftypheic', /HEIC/],
    ['hello', /no JPEG/],
  ])('%s is none of ours', (text, why) => {
    expect(inspectPicture(Buffer.from(text))).toEqual({ kind: null, why: expect.stringMatching(why) });
  });

  test('absurd sizes are refused', () => {
    expect(inspectPicture(png(40_000, 1)).kind).toBeNull();
    const flat = bmp();
    flat.writeInt32LE(0, 18);
    expect(inspectPicture(flat).kind).toBeNull();
  });

  test('every example is whole', () => {
    const folder = path.join(examples, 'calibration');
    const kinds = fs.readdirSync(folder).map((name) => inspectPicture(fs.readFileSync(path.join(folder, name))).kind);
    expect(kinds).toEqual(Array.from({ length: 100 }, () => 'jpg'));
  });
});

describe('a folder', () => {
  test('is taken in one order, whatever lies in it', async () => {
    const folder = fresh();
    const names = ['b.JPG', 'a/z.Png', 'a/$(x) `y`.jpeg', '-rf.bmp', 'new\nline.jpg', '"q" \'s\'.jpg', 'ünï/日本.JPEG'];
    for (const name of names) written(folder, name, /png$/i.test(name) ? png() : name.endsWith('bmp') ? bmp() : jpeg());
    written(folder, 'labels.txt', 'not a picture');
    written(folder, 'lies.png', jpeg());
    written(folder, '._b.JPG', 'resource fork');
    const set = await readCalibrationSet(folder, { count: 100 });
    expect(set.images.map(({ source }) => path.relative(folder, source))).toEqual([...names, 'lies.png'].sort());
    expect(set.images.map(({ plainName }) => plainName)).toEqual(
      [...names, 'lies.png'].sort().map((name, at) => {
        const kind = name.endsWith('Png') ? 'png' : name.endsWith('bmp') ? 'bmp' : 'jpg';
        return `000${at + 1}.${kind}`;
      }),
    );
    expect(set.skipped).toEqual([]);
    expect(await set.images[0]!.read()).toHaveLength(set.images[0]!.bytes);
  });

  test('damaged ones are named, skipped and counted', async () => {
    const folder = fresh();
    for (let at = 0; at < 12; at += 1) written(folder, `ok${at}.jpg`, jpeg());
    written(folder, 'cut\nhere.jpg', jpeg().subarray(0, 900));
    written(folder, 'empty.png', '');
    written(folder, 'phone.heic', '0000ftypheic');
    const set = await readCalibrationSet(folder, { count: 10 });
    expect([set.images.length, set.found, set.skipped.length]).toEqual([10, 12, 3]);
    expect(set.skipped.map(({ source }) => path.basename(source)).sort()).toEqual([
      'cut\nhere.jpg',
      'empty.png',
      'phone.heic',
    ]);
    expect(set.warnings).toEqual([expect.stringMatching(/^3 files were skipped: [^\n]*$/)]);
  });

  test('too few earn a warning', async () => {
    const folder = fresh();
    written(folder, 'one.jpg', jpeg());
    expect((await readCalibrationSet(folder, { count: 100 })).warnings).toEqual([expect.stringMatching(/^Only 1 /)]);
    for (let at = 0; at < 10; at += 1) written(folder, `${at}.jpg`, jpeg());
    expect((await readCalibrationSet(folder, { count: 100 })).warnings).toEqual([
      expect.stringMatching(/^11 readable/),
    ]);
    expect((await readCalibrationSet(folder, { count: 11 })).warnings).toEqual([]);
  });

  test('links are followed, loops end', async () => {
    const folder = fresh();
    written(folder, 'in/a.jpg', jpeg());
    fs.symlinkSync('..', path.join(folder, 'in', 'loop'));
    fs.symlinkSync('in/a.jpg', path.join(folder, 'link.jpg'));
    fs.symlinkSync('nowhere', path.join(folder, 'dead.jpg'));
    const set = await readCalibrationSet(folder, { count: 10 });
    expect(set.images.map(({ source }) => path.relative(folder, source))).toEqual(['in/a.jpg', 'link.jpg']);
    expect(set.skipped.map(({ source }) => path.basename(source))).toEqual(['dead.jpg']);
  });

  test('missing, empty, without pictures, no folder at all', async () => {
    const code = async (place: string) => (await refusalOf(readCalibrationSet(place, { count: 10 }))).code;
    const folder = fresh();
    expect(await code(path.join(folder, 'none'))).toBe('no-such-images');
    expect(await code(folder)).toBe('no-images');
    written(folder, 'cut.jpg', jpeg().subarray(0, 100));
    const refusal = await refusalOf(readCalibrationSet(folder, { count: 10 }));
    expect([refusal.code, refusal.why]).toEqual(['no-images', expect.stringContaining('cut.jpg')]);
    expect(await code(written(folder, 'notes.txt', 'x'))).toBe('not-a-picture-set');
  });

  test('a picture that vanishes is told', async () => {
    const folder = fresh();
    const file = written(folder, 'a.jpg', jpeg());
    const set = await readCalibrationSet(folder, { count: 10 });
    fs.rmSync(file);
    expect((await refusalOf(set.images[0]!.read())).code).toBe('image-gone');
  });
});

describe('an archive', () => {
  const archive = (entries: Parameters<typeof zip>[0]) => written(fresh(), 'set.zip', zip(entries));
  const code = async (file: string) => (await refusalOf(readCalibrationSet(file, { count: 10 }))).code;

  test('is read in place', async () => {
    const file = archive([
      { name: 'set/b.png', bytes: png() },
      { name: 'set/a.JPG', bytes: jpeg() },
      { name: 'set/readme.txt', bytes: Buffer.from('x') },
      { name: '__MACOSX/set/._a.JPG', bytes: Buffer.from('x') },
      { name: 'set/cut.jpg', bytes: jpeg().subarray(0, 500) },
    ]);
    const set = await readCalibrationSet(file, { count: 10 });
    expect(set.images.map(({ source, plainName }) => [source, plainName])).toEqual([
      [`${file}:set/a.JPG`, '0001.jpg'],
      [`${file}:set/b.png`, '0002.png'],
    ]);
    expect(await set.images[0]!.read()).toEqual(jpeg());
    expect(set.skipped).toHaveLength(1);
    expect(fs.readdirSync(path.dirname(file))).toEqual(['set.zip']);
  });

  test('paths that lead out are passed over, and nothing is written', async () => {
    const file = archive([
      { name: '../../evil.jpg', bytes: jpeg() },
      { name: '/abs.jpg', bytes: jpeg() },
      { name: 'good.jpg', bytes: jpeg() },
    ]);
    const set = await readCalibrationSet(file, { count: 10 });
    expect([set.images.length, set.skipped.length]).toEqual([1, 2]);
    expect(set.skipped[0]?.why).toContain('leads out');
  });

  test('encrypted, damaged, bombs', async () => {
    expect(await code(archive([{ name: 'a.jpg', bytes: jpeg(), encrypted: true }]))).toBe('encrypted-archive');
    const file = archive([{ name: 'a.jpg', bytes: jpeg() }]);
    expect(await code(written(fresh(), 'cut.zip', fs.readFileSync(file).subarray(0, -30)))).toBe('bad-archive');
    const claims = (name: string, size: number) => ({ name, bytes: jpeg(), claims: size });
    const large = await refusalOf(readCalibrationSet(archive([claims('a.jpg', 1 << 30)]), { count: 10 }));
    expect([large.code, large.why]).toEqual(['no-images', expect.stringContaining('larger than')]);
    // It holds more than it claims: reading stops there.
    const liar = archive([{ name: 'a.jpg', bytes: Buffer.concat([jpeg(), Buffer.alloc(1 << 20)]), claims: 100 }]);
    expect(await code(liar)).toBe('no-images');
    const many = Array.from({ length: 200 }, (_, at) => claims(`${at}.jpg`, 60 * 1024 * 1024));
    expect(await code(archive(many))).toBe('archive-too-large');
  });
});

describe('the test picture', () => {
  test('its name comes from its content', async () => {
    const image = await readTestImage(written(fresh(), 'odd name.JPEG', png()));
    expect(image.plainName).toBe('test.png');
    expect(await image.read()).toEqual(png());
  });

  test('none, a folder, a damaged one', async () => {
    const folder = fresh();
    expect((await refusalOf(readTestImage(path.join(folder, 'none.jpg')))).code).toBe('no-such-image');
    expect((await refusalOf(readTestImage(folder))).code).toBe('bad-test-image');
    expect((await refusalOf(readTestImage(written(folder, 'a.jpg', 'x')))).code).toBe('bad-test-image');
  });
});

describe('the content key', () => {
  const parts = { model: 'aa', pictures: [jpeg(), png()], options: { a: 1, b: [1, 2] }, toolVersion: '1.7' };
  test('is the same for the same content', async () => {
    const streamed = (async function* () {
      yield await Promise.resolve(jpeg());
      yield png();
    })();
    expect(await contentKey({ ...parts, pictures: streamed, options: { b: [1, 2], a: 1 } })).toBe(
      await contentKey(parts),
    );
  });

  test.each([
    ['model', { model: 'ab' }],
    ['order of pictures', { pictures: [png(), jpeg()] }],
    ['bytes', { pictures: [jpeg(), png(9)] }],
    ['cut between pictures', { pictures: [Buffer.concat([jpeg(), png()])] }],
    ['options', { options: { a: 1, b: [2, 1] } }],
    ['tool', { toolVersion: '1.8' }],
  ])('changes with the %s', async (_, change) => {
    expect(await contentKey({ ...parts, ...change })).not.toBe(await contentKey(parts));
  });
});
