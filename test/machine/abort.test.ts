import { randomBytes } from 'node:crypto';
import * as path from 'node:path';
import * as fs from 'node:fs';
import { connect, type Machine } from '../../src/machine';
import { useScratch } from '../_helpers/scratch';
import { startSshd, type Sshd } from '../_helpers/sshd';
import { startTcpProxy, type TcpProxy } from '../_helpers/tcp-proxy';

jest.setTimeout(60_000);

const reason = new Error('enough');
const bytes = randomBytes(12_000_000);
const unit = { name: 'long', argv: ['sh', '-c', 'while echo beat; do sleep 0.2; done'], cwd: '.' };

describe('what a caller has had enough of while the line stands still', () => {
  const scratch = useScratch();
  let sshd: Sshd;
  let proxy: TcpProxy;
  let machine: Machine;
  let controller: AbortController;

  beforeEach(async () => {
    controller = new AbortController();
    sshd = await startSshd();
    proxy = await startTcpProxy(sshd.target);
    // Nothing but the signal ends a wait within a test's time.
    const settings = { jobFolder: path.join(sshd.folder, 'job'), stallSeconds: 600, deadlineSeconds: 600 };
    machine = await connect({ ...sshd.target, port: proxy.port }, settings);
  });
  afterEach(async () => {
    await machine.close();
    await proxy.stop();
    await sshd.killStrays();
    await sshd.stop();
  });

  const stallAndAbort = (): void => {
    proxy.stall();
    controller.abort(reason);
  };

  it('ends: a sending', async () => {
    proxy.after('up', 3_000_000, stallAndAbort);
    const work = machine.send([{ from: { bytes }, to: 'x' }], 'there', { signal: controller.signal });
    await expect(work).rejects.toBe(reason);
  });

  it('ends: a fetching', async () => {
    await machine.send([{ from: { bytes }, to: 'x' }], '.');
    proxy.after('down', 3_000_000, stallAndAbort);
    const file = path.join(scratch(), 'x');
    await expect(machine.fetch('x', file, { signal: controller.signal })).rejects.toBe(reason);
    expect(fs.existsSync(file)).toBe(false);
  });

  it('ends: a command, on its way and while it runs', async () => {
    const { signal } = controller;
    await expect(machine.exec(['cat'], { signal, onOutput: stallAndAbort, stdin: 'hello' })).rejects.toBe(reason);
    controller = new AbortController();
    const work = machine.exec(['true'], { signal: controller.signal });
    controller.abort(reason);
    await expect(work).rejects.toBe(reason);
  });

  it('ends: a command that has a time limit', async () => {
    proxy.stall();
    await expect(machine.exec(['true'], { timeoutSeconds: 0.1 })).rejects.toMatchObject({ code: 'remote-timeout' });
  });

  it('ends: the view of a unit', async () => {
    await machine.startUnit(unit);
    const { signal } = controller;
    await expect(machine.followUnit(unit.name, { signal, onOutput: stallAndAbort })).rejects.toBe(reason);
  });
});
