import { createHash, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { connect, type FileToSend, type Machine, type TransferProgress } from '../../src/machine';
import { useScratch } from '../_helpers/scratch';
import { startSshd, type Sshd } from '../_helpers/sshd';
import { startTcpProxy, type TcpProxy } from '../_helpers/tcp-proxy';

jest.setTimeout(180_000);

let sshd: Sshd;
let proxy: TcpProxy;
let machine: Machine;
let jobFolder: string;

beforeAll(async () => {
  sshd = await startSshd();
  proxy = await startTcpProxy(sshd.target);
  jobFolder = path.join(sshd.folder, 'job');
  machine = await connect({ ...sshd.target, port: proxy.port }, { jobFolder, stallSeconds: 3 });
});
afterAll(async () => {
  await machine.close();
  await proxy.stop();
  await sshd.stop();
});

const there = (name: string): string => path.join(jobFolder, name);
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const megabytes = (count: number): Buffer => randomBytes(count * 1_000_000);

describe('send', () => {
  const scratch = useScratch();

  it('brings 200 files over in one stream, with their modes, and leaves nothing beside them', async () => {
    const contents = Array.from({ length: 200 }, (_, i) => randomBytes(i * 300));
    const files = contents.map((bytes, i): FileToSend => {
      const to = i % 2 ? `odd/${i}.bin` : `${i}.bin`;
      if (i % 3) return { from: { bytes }, to };
      const file = path.join(scratch(), ` '$(id)\n${i}`);
      fs.writeFileSync(file, bytes);
      return { from: { path: file }, to, mode: 0o755 };
    });
    const told: TransferProgress[] = [];
    await machine.send(files, 'many', { onProgress: (progress) => told.push(progress) });
    for (const [i, { to, mode }] of files.entries()) {
      expect(fs.readFileSync(there(`many/${to}`)).equals(contents[i]!)).toBe(true);
      expect(fs.statSync(there(`many/${to}`)).mode & 0o777).toBe(mode ?? 0o600);
    }
    expect(fs.readdirSync(there('many')).filter((name) => name.startsWith('.'))).toEqual([]);
    const total = contents.reduce((sum, bytes) => sum + bytes.length, 0);
    expect(told.at(-1)).toEqual({ doneBytes: total, totalBytes: total });
    expect(told.every(({ doneBytes }, i) => i === 0 || doneBytes > told[i - 1]!.doneBytes)).toBe(true);
  });

  it('sends only what is not there already, and repairs what is wrong', async () => {
    const bytes = megabytes(4);
    const files = [
      { from: { bytes }, to: 'big' },
      { from: { bytes: Buffer.from('small') }, to: 'small' },
    ];
    await machine.send(files, 'again');
    const written = fs.statSync(there('again/big')).mtimeMs;
    fs.writeFileSync(there('again/small'), 'wrong');
    const before = proxy.carried().up;
    await machine.send(files, 'again');
    expect(proxy.carried().up - before).toBeLessThan(1_000_000);
    expect(fs.statSync(there('again/big')).mtimeMs).toBe(written);
    expect(fs.readFileSync(there('again/small'), 'utf8')).toBe('small');
  });

  it.each([
    ['is cut', () => proxy.cut()],
    ['stalls', () => proxy.stall()],
    ['is ended by the machine', () => sshd.cut()],
  ])('goes on where it was when the line %s', async (name, breakLine) => {
    const bytes = megabytes(12);
    const folder = `broken-${name.split(' ').at(-1)!}`;
    let seen: string[] = [];
    proxy.after('up', 9_000_000, () => {
      seen = fs.readdirSync(there(folder));
      breakLine();
    });
    const before = proxy.carried().up;
    await machine.send([{ from: { bytes }, to: 'model.onnx' }], folder);
    expect(sha256(fs.readFileSync(there(`${folder}/model.onnx`)))).toBe(sha256(bytes));
    // In the middle it did not bear its name; and most of what had come was not sent again.
    expect(seen).toEqual([expect.stringMatching(/^\.incoming-/)]);
    expect(proxy.carried().up - before).toBeLessThan(9_000_000 + 12_000_000);
    expect(fs.readdirSync(there(folder))).toEqual(['model.onnx']);
  });

  it('ends with the reason of its caller', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    proxy.after('up', 3_000_000, () => controller.abort(reason));
    const work = machine.send([{ from: { bytes: megabytes(12) }, to: 'x' }], 'aborted', { signal: controller.signal });
    await expect(work).rejects.toBe(reason);
    expect(fs.existsSync(there('aborted/x'))).toBe(false);
  });

  it('refuses a file that is not there, one that changes on the way, and names that are not plain', async () => {
    const missing = { from: { path: path.join(scratch(), 'none') }, to: 'x' };
    await expect(machine.send([missing], 'refused')).rejects.toMatchObject({ code: 'file-unreadable', exit: 'input' });

    const file = path.join(scratch(), 'changing');
    fs.writeFileSync(file, 'before');
    const work = machine.send([{ from: { path: file }, to: 'x' }], 'refused', {
      onProgress: ({ doneBytes }) => {
        if (doneBytes === 0) fs.writeFileSync(file, 'after!');
      },
    });
    await expect(work).rejects.toMatchObject({ code: 'file-unreadable', why: 'it was changed meanwhile' });

    for (const to of ['../x', '/x', 'a//b', '-x', 'a b', 'a/../b', '', 'ä']) {
      await expect(machine.send([{ from: { bytes: Buffer.of(1) }, to }], 'refused')).rejects.toThrow(
        'no plain relative path',
      );
    }
    expect(fs.existsSync(there('refused/x'))).toBe(false);
  });
});

describe('fetch', () => {
  const scratch = useScratch();
  const home = (): string => path.join(scratch(), `model 'x'.cvimodel`);
  const put = (bytes: Buffer): void => fs.writeFileSync(there('made.bin'), bytes);

  it('brings a file home and answers its hash', async () => {
    const bytes = megabytes(3);
    put(bytes);
    expect(await machine.fetch('made.bin', home())).toEqual({ sha256: sha256(bytes), bytes: bytes.length });
    expect(fs.readFileSync(home()).equals(bytes)).toBe(true);
    expect(fs.readdirSync(scratch())).toHaveLength(1);
  });

  it('brings an empty file home', async () => {
    put(Buffer.alloc(0));
    expect(await machine.fetch(there('made.bin'), home())).toMatchObject({ bytes: 0 });
    expect(fs.readFileSync(home())).toHaveLength(0);
  });

  it.each([
    ['is cut', () => proxy.cut()],
    ['stalls', () => proxy.stall()],
    ['is ended by the machine', () => sshd.cut()],
  ])('goes on where it was when the line %s', async (_name, breakLine) => {
    const bytes = megabytes(12);
    put(bytes);
    const before = proxy.carried().down;
    proxy.after('down', 8_000_000, () => {
      expect(fs.existsSync(home())).toBe(false);
      breakLine();
    });
    await machine.fetch('made.bin', home());
    expect(sha256(fs.readFileSync(home()))).toBe(sha256(bytes));
    expect(proxy.carried().down - before).toBeLessThan(8_000_000 + 12_000_000);
  });

  it('starts over when a part of another file was left', async () => {
    const bytes = megabytes(1);
    put(bytes);
    fs.writeFileSync(`${home()}.part`, megabytes(0.5));
    await machine.fetch('made.bin', home());
    expect(fs.readFileSync(home()).equals(bytes)).toBe(true);
  });

  it('replaces a file only on order', async () => {
    put(Buffer.from('new'));
    fs.writeFileSync(home(), 'old');
    await expect(machine.fetch('made.bin', home())).rejects.toMatchObject({ code: 'local-file-exists', exit: 'input' });
    expect(fs.readFileSync(home(), 'utf8')).toBe('old');
    await machine.fetch('made.bin', home(), { overwrite: true });
    expect(fs.readFileSync(home(), 'utf8')).toBe('new');
  });

  it('does not replace a file that came there meanwhile', async () => {
    put(Buffer.from('new'));
    const onProgress = (): void => fs.writeFileSync(home(), 'meanwhile');
    await expect(machine.fetch('made.bin', home(), { onProgress })).rejects.toMatchObject({
      code: 'local-file-exists',
    });
    expect(fs.readFileSync(home(), 'utf8')).toBe('meanwhile');
  });

  it('names a full disk here, and takes no room on it', async () => {
    put(megabytes(1));
    fs.symlinkSync('/dev/full', `${home()}.part`);
    await expect(machine.fetch('made.bin', home())).rejects.toMatchObject({ code: 'disk-full-here' });
    expect(fs.readdirSync(scratch())).toEqual([]);
  });

  it('names a file that is not there, and a folder here that is not', async () => {
    await expect(machine.fetch('none', home())).rejects.toMatchObject({ code: 'remote-file-missing' });
    put(Buffer.from('x'));
    const nowhere = path.join(scratch(), 'no', 'where');
    await expect(machine.fetch('made.bin', nowhere)).rejects.toMatchObject({ code: 'local-write-failed' });
  });
});
