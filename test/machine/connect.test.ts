import * as fs from 'node:fs';
import * as path from 'node:path';
import { connect, makeKeyPair, type Machine } from '../../src/machine';
import { startSshd, type Sshd } from '../_helpers/sshd';

jest.setTimeout(180_000);

let sshd: Sshd;
let machine: Machine | null = null;

beforeAll(async () => {
  sshd = await startSshd();
});
afterEach(async () => {
  await machine?.close();
  machine = null;
});
afterAll(() => sshd.stop());

const jobFolder = (): string => path.join(sshd.folder, 'job');

describe('connect', () => {
  it('compares the host key before it logs in, and does not try again', async () => {
    const retries: string[] = [];
    const before = sshd.log().length;
    const target = { ...sshd.target, hostKeys: [makeKeyPair('another').publicKey] };
    const onRetry = (_attempt: number, reason: string): void => void retries.push(reason);
    await expect(connect(target, { jobFolder: jobFolder(), onRetry })).rejects.toMatchObject({
      code: 'host-key-mismatch',
      exit: 'provider',
    });
    const log = sshd.log().slice(before);
    expect(log).toContain('Connection from');
    expect(log).not.toMatch(/Accepted|Failed|userauth/);
    expect(retries).toEqual([]);
  });

  it('makes the job folder, for its user alone', async () => {
    machine = await connect(sshd.target, { jobFolder: jobFolder() });
    expect(fs.statSync(jobFolder()).mode & 0o777).toBe(0o700);
  });
});
