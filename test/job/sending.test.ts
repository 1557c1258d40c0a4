import * as fs from 'node:fs';
import * as path from 'node:path';
import { JobFolder } from '../../src/job/folder';
import { prepare, type Prepared } from '../../src/job/prepare';
import { filesToSend } from '../../src/job/sending';
import { prepare as readToSend } from '../../src/machine/pieces';
import { useScratch } from '../_helpers/scratch';

const root = path.resolve(__dirname, '../..');
const pictures = path.join(root, 'examples/calibration');

describe('what is sent to the machine', () => {
  const scratch = useScratch();
  const images = () => path.join(scratch(), 'pictures');
  const picture = () => path.join(images(), 'b.jpg');
  const copy = (index: number, to: string): void =>
    fs.copyFileSync(path.join(pictures, fs.readdirSync(pictures).sort()[index]!), to);

  async function prepared(): Promise<{ folder: JobFolder; prepared: Prepared }> {
    fs.mkdirSync(images());
    for (const [index, name] of ['a.jpg', 'b.jpg', 'c.jpg'].entries()) copy(index, path.join(images(), name));
    const home = path.join(scratch(), 'home');
    const wish = {
      ...{ model: path.join(root, 'examples/shapes-yolo11n-320.onnx'), images: images(), testImage: null },
      ...{ out: path.join(scratch(), 'out'), force: false, provider: 'local', host: null, spot: false, diskGiB: 30 },
      ...{ allowCidrs: [], backendUrl: null, target: 'recamera', imageMirror: null, reuseTable: true, conversion: {} },
    };
    const ready = await prepare(wish, { home, env: { HOME: scratch() } });
    return { folder: JobFolder.create(home, ready.request.job), prepared: ready };
  }
  const read = async (job: Awaited<ReturnType<typeof prepared>>): Promise<string[]> => {
    const names: string[] = [];
    for (const file of await filesToSend(job.folder, job.prepared)) names.push((await readToSend(file)).to);
    return names;
  };

  it('pictures of a folder are named, not held, and are those that were hashed', async () => {
    const job = await prepared();
    const files = await filesToSend(job.folder, job.prepared);
    expect(files.map(({ from }) => 'path' in from)).toEqual(files.map(() => true));
    expect(files.map(({ sha256 }) => sha256)).not.toContain(undefined);
    expect(await read(job)).toEqual([
      'model.onnx',
      'test.jpg',
      'images/0001.jpg',
      'images/0002.jpg',
      'images/0003.jpg',
    ]);
  });

  it('a picture that changed since it was hashed is told', async () => {
    const job = await prepared();
    copy(3, picture());
    await expect(read(job)).rejects.toMatchObject({
      ...{ code: 'file-unreadable', exit: 'input', why: 'it was changed meanwhile' },
      what: expect.stringContaining(picture()) as string,
    });
  });

  it('a picture that is gone since it was hashed is told', async () => {
    const job = await prepared();
    fs.rmSync(picture());
    await expect(read(job)).rejects.toMatchObject({
      code: 'file-unreadable',
      why: expect.stringContaining('ENOENT') as string,
    });
  });
});
