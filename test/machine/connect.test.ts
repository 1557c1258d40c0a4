import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import type { Client } from 'ssh2';
import { Line, LineLost, persist } from '../../src/machine/line';
import { connect, type ConnectOptions, type Machine } from '../../src/machine';
import { makeKeyPair } from '../../src/machine/key-pair';
import { useScratch } from '../_helpers/scratch';
import { startSshd, until, type Sshd } from '../_helpers/sshd';
import { startTcpProxy, type TcpProxy } from '../_helpers/tcp-proxy';

jest.setTimeout(180_000);

let sshd: Sshd;
let proxy: TcpProxy;
let machine: Machine | null = null;

beforeAll(async () => {
  sshd = await startSshd();
  proxy = await startTcpProxy(sshd.target);
});
afterEach(async () => {
  await machine?.close();
  machine = null;
  proxy.accept(true);
});
afterAll(async () => {
  await proxy.stop();
  await sshd.stop();
});

const jobFolder = (): string => path.join(sshd.folder, 'job');
const reach = (target: object = {}, options: Partial<ConnectOptions> = {}): Promise<Machine> =>
  connect({ ...sshd.target, port: proxy.port, ...target }, { jobFolder: jobFolder(), ...options });

describe('connect', () => {
  const scratch = useScratch();

  it.each([
    ['of the same type', makeKeyPair('another').publicKey],
    ['of another type', fs.readFileSync(path.join(__dirname, '../_fixtures/machine/rsa.pub'), 'utf8').trim()],
  ])('refuses another host key %s before it logs in, and does not try again', async (_name, key) => {
    const retries: string[] = [];
    const before = sshd.log().length;
    const taken = proxy.connections();
    const work = reach({ hostKeys: [key] }, { onRetry: (_attempt, reason) => retries.push(reason) });
    await expect(work).rejects.toMatchObject({ code: 'host-key-mismatch', exit: 'provider' });
    const log = sshd.log().slice(before);
    expect(log).toContain('Connection from');
    expect(log).not.toMatch(/Accepted|Failed|userauth/);
    expect(retries).toEqual([]);
    expect(proxy.connections()).toBe(taken + 1);
  });

  it('accepts any of the given host keys', async () => {
    machine = await reach({ hostKeys: [makeKeyPair('another').publicKey, ...sshd.target.hostKeys] });
    expect(await machine.exec(['true'])).toMatchObject({ status: 0 });
  });

  it('checks the host key again when it connects anew', async () => {
    const impostor = await startSshd({ clientKey: { privateKey: sshd.target.privateKey!, publicKey: '' } });
    let port = sshd.target.port;
    const switching = await startTcpProxy({
      get port() {
        return port;
      },
    });
    try {
      machine = await reach({ port: switching.port });
      port = impostor.target.port;
      switching.cut();
      const work = machine.exec(['true'], { repeatable: true });
      await expect(work).rejects.toMatchObject({ code: 'host-key-mismatch' });
    } finally {
      await switching.stop();
      await impostor.stop();
    }
  });

  it('asks for the way to be cleared when nobody answers, and connects at once when it was', async () => {
    // Takes connections and says nothing, like a firewall that drops.
    const silent = net.createServer((socket) => void socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    let port = (silent.address() as net.AddressInfo).port;
    const way = await startTcpProxy({
      get port() {
        return port;
      },
    });
    let asked = 0;
    const clearWay = (): Promise<boolean> => {
      if (++asked === 2) port = sshd.target.port;
      return Promise.resolve(asked === 2);
    };
    const reasons: string[] = [];
    const onRetry = (_attempt: number, reason: string): void => void reasons.push(reason);
    try {
      const times = { silentSeconds: 0.1, handshakeSeconds: 1 };
      machine = await reach({ port: way.port }, { ...times, clearWay, onRetry });
      // The first time nothing could be done: that attempt ran to its end. A slow computer may need more than the third.
      expect(reasons.slice(0, 2)).toEqual([
        expect.stringMatching(/timed? ?out/i),
        expect.stringContaining('closed until now'),
      ]);
    } finally {
      await machine?.close();
      await way.stop();
      silent.close();
    }
  });

  it('does not ask for a way that is open', async () => {
    const clearWay = jest.fn(() => Promise.resolve(false));
    machine = await reach({}, { clearWay });
    proxy.cut();
    expect(await machine.exec(['true'], { repeatable: true })).toMatchObject({ status: 0 });
    expect(clearWay).not.toHaveBeenCalled();
  });

  it('does not use a connection again over which something was lost, though nobody has heard of its end yet', async () => {
    const settings = {
      deadlineSeconds: 60,
      loginSeconds: 1,
      handshakeSeconds: 60,
      stallSeconds: 60,
      silentSeconds: 60,
    };
    const line = new Line(sshd.target, settings);
    const used: Client[] = [];
    const work = (client: Client): Promise<void> => {
      used.push(client);
      return used.length === 1 ? Promise.reject(new LineLost('Not connected')) : Promise.resolve();
    };
    await persist(line, undefined, work);
    await line.close();
    expect(used).toHaveLength(2);
    expect(used[1]).not.toBe(used[0]);
  });

  it('waits for a machine that is still starting', async () => {
    proxy.accept(false);
    machine = await reach({}, { onRetry: (attempt) => attempt === 3 && proxy.accept(true) });
    expect(await machine.exec(['true'])).toMatchObject({ status: 0 });
  });

  it('gives up after the deadline', async () => {
    proxy.accept(false);
    const work = reach({}, { deadlineSeconds: 1 });
    await expect(work).rejects.toMatchObject({ code: 'machine-unreachable', exit: 'provider' });
  });

  it('waits until its key has been placed, and gives up when it is not', async () => {
    const late = makeKeyPair('late');
    const file = path.join(sshd.folder, 'authorized_keys');
    const place = (): void => fs.appendFileSync(file, `${late.publicKey}\n`);
    await expect(reach({ privateKey: late.privateKey }, { loginSeconds: 1 })).rejects.toMatchObject({
      code: 'login-refused',
    });
    machine = await reach({ privateKey: late.privateKey }, { onRetry: (attempt) => attempt === 2 && place() });
    expect(await machine.exec(['true'])).toMatchObject({ status: 0 });
  });

  it('ends with the reason of its caller', async () => {
    proxy.accept(false);
    const controller = new AbortController();
    const reason = new Error('enough');
    const work = reach({}, { signal: controller.signal, onRetry: () => controller.abort(reason) });
    await expect(work).rejects.toBe(reason);
  });

  it('logs in with a key that only an agent holds', async () => {
    const socket = path.join(scratch(), 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    try {
      await until(() => fs.existsSync(socket));
      fs.writeFileSync(path.join(scratch(), 'key'), sshd.target.privateKey!, { mode: 0o600 });
      execFileSync('ssh-add', ['-q', path.join(scratch(), 'key')], {
        env: { ...process.env, SSH_AUTH_SOCK: socket },
        stdio: 'ignore',
      });
      machine = await reach({ privateKey: undefined, agent: socket });
      expect(await machine.exec(['true'])).toMatchObject({ status: 0 });
    } finally {
      agent.kill();
      await once(agent, 'exit');
    }
  });
});

describe('the job folder', () => {
  const scratch = useScratch();

  it('is made, for its user alone', async () => {
    machine = await reach();
    expect(fs.statSync(jobFolder()).mode & 0o777).toBe(0o700);
  });

  it('may have any name, and is closed to others where it was open', async () => {
    const folder = path.join(scratch(), `a 'b' $(c)`, 'job');
    fs.mkdirSync(folder, { recursive: true, mode: 0o777 });
    machine = await reach({}, { jobFolder: folder });
    expect(fs.statSync(folder).mode & 0o777).toBe(0o700);
    await machine.send([{ from: { bytes: Buffer.from('x') }, to: 'in/x' }], '.');
    await machine.startUnit({ name: 'u', argv: ['cat', 'x'], cwd: 'in' });
    let text = '';
    expect(await machine.followUnit('u', { onOutput: (more) => (text += more) })).toMatchObject({ status: 0 });
    expect(text).toBe('x');
  });

  it('is refused when it is a link', async () => {
    fs.symlinkSync('/tmp', path.join(scratch(), 'job'));
    const work = reach({}, { jobFolder: path.join(scratch(), 'job') });
    await expect(work).rejects.toMatchObject({ code: 'job-folder-foreign' });
  });

  if (process.getuid?.() !== 0) process.stderr.write('a folder of another user is skipped: only root can make one\n');
  (process.getuid?.() === 0 ? it : it.skip)('is refused when it is another user’s', async () => {
    const folder = path.join(scratch(), 'job');
    fs.mkdirSync(folder);
    fs.chownSync(folder, 65534, 65534);
    await expect(reach({}, { jobFolder: folder })).rejects.toMatchObject({ code: 'job-folder-foreign' });
  });

  it('cannot be made where a file stands', async () => {
    fs.writeFileSync(path.join(scratch(), 'file'), '');
    const work = reach({}, { jobFolder: path.join(scratch(), 'file', 'job') });
    await expect(work).rejects.toMatchObject({ code: 'job-folder-refused' });
  });
});

describe('a machine that is not as we need it', () => {
  const scratch = useScratch();

  async function reachOther(
    options: Parameters<typeof startSshd>[0],
    act: (machine: Promise<Machine>) => Promise<void>,
  ) {
    const other = await startSshd(options);
    try {
      await act(connect(other.target, { jobFolder: path.join(other.folder, 'job') }));
    } finally {
      await other.stop();
    }
  }

  it('is refused when its login shell speaks in between', () =>
    reachOther({ config: ['ForceCommand echo hello; eval "$SSH_ORIGINAL_COMMAND"'] }, (work) =>
      expect(work).rejects.toMatchObject({
        code: 'login-shell-unfit',
        why: expect.stringContaining('hello') as string,
      }),
    ));

  it('is refused when it lacks our tools, by name', async () => {
    for (const tool of [
      'sh',
      'env',
      'dirname',
      'mkdir',
      'chmod',
      'tar',
      'sha256sum',
      'stat',
      'tail',
      'head',
      'awk',
      'grep',
      'dd',
    ]) {
      fs.symlinkSync(
        execFileSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim(),
        path.join(scratch(), tool),
      );
    }
    await reachOther({ env: { PATH: scratch() } }, (work) =>
      expect(work).rejects.toMatchObject({
        code: 'machine-lacks-tools',
        what: expect.stringContaining('setsid') as string,
      }),
    );
  });

  it.each(['tar: x: Cannot write: No space left on device', 'cat: write error: Disk quota exceeded'])(
    'has a full disk when its tools say "%s"',
    async (message) => {
      fs.writeFileSync(
        path.join(scratch(), 'tar'),
        `#!/bin/sh\nhead -c 1000000 >/dev/null\necho '${message}' >&2\nexit 2\n`,
        {
          mode: 0o755,
        },
      );
      await reachOther({ env: { PATH: `${scratch()}:/usr/bin:/bin` } }, async (work) => {
        const full = await work;
        const files = [{ from: { bytes: Buffer.alloc(9_000_000, 1) }, to: 'x' }];
        await expect(full.send(files, '.')).rejects.toMatchObject({ code: 'machine-disk-full', why: message });
        await full.close();
      });
    },
  );
});
