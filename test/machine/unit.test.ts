import * as fs from 'node:fs';
import * as path from 'node:path';
import { connect, type Machine } from '../../src/machine';
import { startSshd, until, type Sshd } from '../_helpers/sshd';
import { startTcpProxy, type TcpProxy } from '../_helpers/tcp-proxy';

jest.setTimeout(180_000);

let sshd: Sshd;
let proxy: TcpProxy;
let machine: Machine;
let jobFolder: string;

const connectAgain = (): Promise<Machine> =>
  connect({ ...sshd.target, port: proxy.port }, { jobFolder, stallSeconds: 3 });
const inUnit = (unit: string, name: string): string => path.join(jobFolder, 'units', unit, name);
const shell = (name: string, script: string, env: Record<string, string> = {}) =>
  machine.startUnit({ name, argv: ['sh', '-c', script], cwd: '.', env });

/** Numbers of the processes that a unit wrote into a file of the job's folder, once they are all there. */
async function pidsIn(file: string, count: number): Promise<number[]> {
  const full = path.join(jobFolder, file);
  const read = (): string[] => (fs.existsSync(full) ? fs.readFileSync(full, 'utf8').split('\n').slice(0, -1) : []);
  await until(() => read().length >= count);
  return read().map(Number);
}

function runs(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

beforeAll(async () => {
  sshd = await startSshd();
  proxy = await startTcpProxy(sshd.target);
  jobFolder = path.join(sshd.folder, 'job');
  machine = await connectAgain();
});
afterAll(async () => {
  await machine.close();
  await proxy.stop();
  await sshd.stop();
});

describe('a unit', () => {
  it('runs with its folder and environment, and tells its output and status', async () => {
    fs.mkdirSync(path.join(jobFolder, 'inner'));
    const env = { HOSTILE: `'"$(x)\`\n` };
    await machine.startUnit({
      name: 'plain',
      argv: ['sh', '-c', 'pwd; printf %s "$HOSTILE"; echo e >&2; exit 3'],
      cwd: 'inner',
      env,
    });
    let text = '';
    const result = await machine.followUnit('plain', { onOutput: (more) => (text += more) });
    expect(result).toEqual({ status: 3, signal: null, seconds: expect.any(Number) });
    expect(text).toBe(`${jobFolder}/inner\n${env.HOSTILE}e\n`);
    expect(fs.readFileSync(inUnit('plain', 'status'), 'utf8')).toMatch(/^exit 3 /);
  });

  it('can be followed again, from its first byte', async () => {
    let text = '';
    await machine.followUnit('plain', { onOutput: (more) => (text += more) });
    expect(text).toContain('/inner\n');
  });

  it('starts once, however often and by how many it is started', async () => {
    const unit = { name: 'once', argv: ['sh', '-c', 'echo started'], cwd: '.' };
    await Promise.all([machine.startUnit(unit), machine.startUnit(unit), machine.startUnit(unit)]);
    await machine.startUnit(unit);
    let text = '';
    await machine.followUnit('once', { onOutput: (more) => (text += more) });
    expect(text).toBe('started\n');
  });

  it('tells the signal that ended its command', async () => {
    await shell('signalled', 'kill -SEGV $$');
    expect(await machine.followUnit('signalled')).toMatchObject({ status: null, signal: 'SIGSEGV' });
  });

  it('tells a missing program and a missing folder by status', async () => {
    await machine.startUnit({ name: 'no-program', argv: ['no-such-program'], cwd: '.' });
    expect(await machine.followUnit('no-program')).toMatchObject({ status: 127 });
    await machine.startUnit({ name: 'no-folder', argv: ['true'], cwd: 'nowhere' });
    const { status } = await machine.followUnit('no-folder');
    expect(status).toBeGreaterThan(0);
  });

  it('survives the connection, and a new one sees all of its output', async () => {
    await shell('survivor', 'echo one; while [ ! -e go ]; do sleep 0.05; done; echo two');
    await machine.close();
    sshd.cut();
    machine = await connectAgain();
    fs.writeFileSync(path.join(jobFolder, 'go'), '');
    let text = '';
    const result = await machine.followUnit('survivor', { onOutput: (more) => (text += more) });
    expect(result).toMatchObject({ status: 0 });
    expect(text).toBe('one\ntwo\n');
  });

  it('is followed through a cut, a stall and the end of its sshd, and no byte is lost or told twice', async () => {
    await shell(
      'long',
      'i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i+1)); [ $((i % 500)) -ne 0 ] || sleep 0.5; done',
    );
    let text = '';
    const breaks = [() => proxy.cut(), () => proxy.stall(), () => sshd.cut()];
    const result = await machine.followUnit('long', {
      onOutput: (more) => {
        text += more;
        if (text.length > 5000 * (4 - breaks.length)) breaks.shift()?.();
      },
    });
    expect(result).toMatchObject({ status: 0 });
    expect(breaks).toEqual([]);
    expect(text).toBe(Array.from({ length: 3000 }, (_, i) => `line ${i}\n`).join(''));
  });

  it('goes on when its viewer leaves', async () => {
    await shell('watched', 'echo begun; while [ ! -e leave ]; do sleep 0.05; done; echo done');
    const controller = new AbortController();
    const reason = new Error('seen enough');
    const view = machine.followUnit('watched', { signal: controller.signal, onOutput: () => controller.abort(reason) });
    await expect(view).rejects.toBe(reason);
    fs.writeFileSync(path.join(jobFolder, 'leave'), '');
    expect(await machine.followUnit('watched')).toMatchObject({ status: 0 });
  });

  it('is stopped with its children, also those that took a session of their own or ignore SIGTERM', async () => {
    const wait = 'while :; do sleep 0.2; done';
    await shell(
      'family',
      `echo $$ >>family
       sh -c 'echo $$ >>family; ${wait}' &
       setsid sh -c 'echo $$ >>family; ${wait}' &
       setsid sh -c 'trap "" TERM; echo $$ >>family; setsid env -i PATH="$PATH" sh -c "echo \\$\\$ >>family; ${wait}"' &
       ${wait}`,
    );
    const pids = await pidsIn('family', 5);
    await machine.stopUnit('family');
    expect(pids.filter(runs)).toEqual([]);
    expect(await machine.followUnit('family')).toMatchObject({ status: null, signal: 'SIGTERM' });
    expect(await sshd.strays()).toEqual([]);
  });

  it('has nothing to stop when it is over or was never started', async () => {
    await machine.stopUnit('plain');
    await machine.stopUnit('never');
  });

  it('counts as killed when its leader was, and leaves nothing running', async () => {
    await shell('leaderless', 'echo $$ >>leaderless; setsid sh -c "echo \\$\\$ >>leaderless; sleep 9999"');
    const pids = await pidsIn('leaderless', 2);
    const follow = machine.followUnit('leaderless');
    process.kill(Number(fs.readFileSync(inUnit('leaderless', 'pid'), 'utf8').split(' ')[0]), 'SIGKILL');
    expect(await follow).toMatchObject({ status: null, signal: 'SIGKILL' });
    expect(pids.filter(runs)).toEqual([]);
  });

  it('is not taken for running when another process got its number', async () => {
    await shell('renumbered', 'true');
    await machine.followUnit('renumbered');
    const [, since = '', ...rest] = fs.readFileSync(inUnit('renumbered', 'pid'), 'utf8').split(' ');
    fs.writeFileSync(inUnit('renumbered', 'pid'), [process.pid, since, ...rest].join(' '));
    fs.rmSync(inUnit('renumbered', 'status'));
    expect(await machine.followUnit('renumbered')).toMatchObject({ status: null, signal: 'SIGKILL' });
    expect(runs(process.pid)).toBe(true);
  });

  it('refuses what is no plain name, and one that nobody started', async () => {
    await expect(machine.startUnit({ name: '../x', argv: ['true'], cwd: '.' })).rejects.toThrow('no name for a unit');
    await expect(machine.startUnit({ name: 'x', argv: ['A=b'], cwd: '.' })).rejects.toThrow('no program');
    await expect(machine.startUnit({ name: 'x', argv: ['true'], cwd: '../..' })).rejects.toThrow(
      "leads out of the job's folder",
    );
    await expect(machine.followUnit('never')).rejects.toThrow('no unit called "never"');
  });
});
