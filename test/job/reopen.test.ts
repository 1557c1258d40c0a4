import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { JobFolder } from '../../src/job/folder';
import { keptFile } from '../../src/job/pipeline';
import { prepare } from '../../src/job/prepare';
import { markOf } from '../../src/job/process-mark';
import { goOn, takeOver } from '../../src/job/reopen';
import type { ConvertWish, JobRequest } from '../../src/job/request';
import { jobFile } from '../../src/tpumlir';
import { useScratch } from '../_helpers/scratch';

const root = path.resolve(__dirname, '../..');
const pictures = path.join(root, 'examples/calibration');

describe('going on with a job', () => {
  const scratch = useScratch();
  const around = () => ({ home: path.join(scratch(), 'home'), env: { HOME: scratch() } });
  const images = () => path.join(scratch(), 'pictures');
  const dead = () => ({ ...markOf(), started: 'at another time' });
  const refused = (code: string): Error => expect.objectContaining({ name: 'UserError', code, exit: 'input' }) as Error;

  const wish = (): ConvertWish => ({
    ...{ model: path.join(root, 'examples/shapes-yolo11n-320.onnx'), images: images(), testImage: null },
    ...{ out: path.join(scratch(), 'out'), force: false, provider: 'local', host: null, spot: false, diskGiB: 30 },
    ...{ allowCidrs: [], backendUrl: null, target: 'recamera', imageMirror: null, reuseTable: true, conversion: {} },
  });

  /** A job on this computer that its client left after it had asked for a machine. */
  async function leave(): Promise<{ folder: JobFolder; request: JobRequest }> {
    fs.mkdirSync(images());
    for (const name of fs.readdirSync(pictures).slice(0, 3))
      fs.copyFileSync(path.join(pictures, name), path.join(images(), name));
    const { request } = await prepare(wish(), around());
    const folder = JobFolder.create(around().home, request.job);
    folder.writeRequest(request);
    folder.journal.write({ type: 'holder', process: dead() });
    const { region, size } = request.lease;
    const terms = { pricePerHour: 0, currency: 'USD', toolchain: 'venv' };
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    folder.journal.write({ type: 'opened', provider: 'local', region, size, ...terms, expiresAt });
    folder.journal.write({ type: 'intent', what: 'create-machine', region, size });
    return { folder, request };
  }
  const rents = ({ journal }: JobFolder): void =>
    journal.write({ type: 'machine', address: '127.0.0.1', port: 2222, user: 'root', machineId: 'here' });
  const tearsDown = ({ journal }: JobFolder): void =>
    journal.write({ type: 'teardown', checkedAt: new Date().toISOString(), left: [] });
  const changePictures = (): void => fs.rmSync(path.join(images(), fs.readdirSync(images())[0]!));

  /** The calibration table came home before the end. */
  function keepTable(folder: JobFolder): string {
    const table = keptFile(folder, jobFile.table);
    fs.mkdirSync(path.dirname(table), { recursive: true });
    fs.writeFileSync(table, '# a table\n');
    const sha256 = createHash('sha256').update('# a table\n').digest('hex');
    folder.journal.write({ type: 'file', name: jobFile.table, sha256 });
    return table;
  }

  it('attaches to a machine that lives, unless there is none, or another process leads the job', async () => {
    const { folder, request } = await leave();
    const attach = () => takeOver(request.job, {}, around());
    await expect(attach()).rejects.toEqual(refused('job-over'));
    rents(folder);
    folder.journal.write({ type: 'holder', process: markOf() });
    await expect(attach()).rejects.toEqual(refused('job-in-use'));
    const elsewhere = { pid: 4711, started: 'x', host: 'far-away', numbers: 'another start' };
    folder.journal.write({ type: 'holder', process: elsewhere });
    await expect(attach()).rejects.toMatchObject({
      ...{ code: 'job-in-use', what: expect.stringContaining('4711 of the computer far-away') as string },
      fix: expect.stringContaining(`\`cvicast down ${request.job}\``) as string,
    });
    folder.journal.write({ type: 'holder', process: dead() });
    const { prepared } = await attach();
    expect(prepared.request).toEqual(request);
    expect(folder.facts().holder).toEqual(markOf());
    tearsDown(folder);
    await expect(attach()).rejects.toEqual(refused('job-over'));
  });

  it('does not attach with other inputs than the job began with', async () => {
    const { folder, request } = await leave();
    rents(folder);
    changePictures();
    await expect(takeOver(request.job, {}, around())).rejects.toEqual(refused('inputs-changed'));
  });

  it('does a job again when nothing of it lives, nobody leads it, and it has not delivered', async () => {
    const { folder, request } = await leave();
    const resume = () => goOn(request.job, {}, around());
    await expect(resume()).rejects.toEqual(refused('job-alive'));
    folder.journal.write({ type: 'holder', process: markOf() });
    await expect(resume()).rejects.toEqual(refused('job-in-use'));
    folder.journal.write({ type: 'holder', process: dead() });
    tearsDown(folder);
    const again = await resume();
    expect(again.request).toMatchObject({ resumedFrom: request.job, tableKey: request.tableKey });
    expect(again.request.job).not.toBe(request.job);
    folder.journal.write({ type: 'closed', result: 'delivered' });
    await expect(resume()).rejects.toEqual(refused('job-over'));
  });

  it('takes the calibration table over when the inputs are the same, and starts anew when they are not', async () => {
    const { folder, request } = await leave();
    tearsDown(folder);
    const table = keepTable(folder);
    const same = await goOn(request.job, {}, around());
    expect(same.takenOver).toMatchObject([{ name: jobFile.table, path: table }]);
    changePictures();
    const changed = await goOn(request.job, {}, around());
    expect(changed.takenOver).toEqual([]);
    expect(changed.warnings.join('\n')).toMatch(/have changed since the earlier job: it starts anew/);
  });
});
