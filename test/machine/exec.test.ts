import { execFileSync } from 'node:child_process';
import * as path from 'node:path';
import { connect, type Machine } from '../../src/machine';
import { killScript } from '../../src/machine/exec';
import { startSshd, until, type Sshd } from '../_helpers/sshd';
import { startTcpProxy, type TcpProxy } from '../_helpers/tcp-proxy';

jest.setTimeout(180_000);

let sshd: Sshd;
let proxy: TcpProxy;
let machine: Machine;

beforeAll(async () => {
  sshd = await startSshd();
  proxy = await startTcpProxy(sshd.target);
  machine = await connect({ ...sshd.target, port: proxy.port }, { jobFolder: path.join(sshd.folder, 'job') });
});
afterAll(async () => {
  await machine.close();
  await proxy.stop();
  await sshd.stop();
});

/** The kill of a command is given a few seconds only; on a busy machine it goes on by itself. */
function allEnded(): Promise<void> {
  return until(async () => (await sshd.strays()).length === 0);
}

describe('exec', () => {
  it('hands every argument over as it is', async () => {
    const words = [
      '',
      ' ',
      "'",
      '"',
      '$(id)',
      '`id`',
      '\\',
      '\n',
      '-n',
      '*',
      '~',
      '!',
      'ä 日本 🙂',
      '$HOME',
      ';',
      '&',
      '#',
    ];
    const { stdout } = await machine.exec(['printf', '%s\\0', ...words]);
    expect(stdout.split('\0').slice(0, -1)).toEqual(words);
  });

  it('tells an exit status from a signal', async () => {
    expect(await machine.exec(['sh', '-c', 'exit 137'])).toMatchObject({ status: 137, signal: null });
    expect(await machine.exec(['sh', '-c', 'kill -KILL $$'])).toMatchObject({ status: null, signal: 'SIGKILL' });
    expect(await machine.exec(['no-such-program'])).toMatchObject({ status: 127, signal: null });
  });

  it('streams output while the command runs, and keeps characters whole', async () => {
    const heard: [string, string][] = [];
    const result = await machine.exec(
      ['sh', '-c', "printf '\\303'; sleep 0.2; printf '\\244'; echo problem >&2; read line; echo $line"],
      { stdin: 'from home\n', onOutput: (text, stream) => heard.push([stream, text]) },
    );
    expect(result).toMatchObject({ status: 0, stdout: 'äfrom home\n', stderr: 'problem\n' });
    expect(
      heard
        .filter(([stream]) => stream === 'stdout')
        .map(([, text]) => text)
        .join(''),
    ).toBe('äfrom home\n');
  });

  it('carries binary stdin of any size', async () => {
    const stdin = Buffer.alloc(5_000_000, 7);
    const { stdout } = await machine.exec(['wc', '-c'], { stdin });
    expect(Number(stdout)).toBe(stdin.length);
  });

  it('ends a command that takes too long', async () => {
    await expect(machine.exec(['sleep', '10000'], { timeoutSeconds: 1 })).rejects.toMatchObject({
      code: 'remote-timeout',
    });
    await allEnded();
  });

  it('ends a command when the caller has had enough, with the reason that the caller gave', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const onOutput = (): void => controller.abort(reason);
    const work = machine.exec(['sh', '-c', 'echo begun; exec sleep 10000'], { signal: controller.signal, onOutput });
    await expect(work).rejects.toBe(reason);
    await allEnded();
  });

  it('says so when the connection is lost, and connects anew for the next command', async () => {
    const work = machine.exec(['sh', '-c', 'echo begun; exec sleep 10000'], { onOutput: () => proxy.cut() });
    await expect(work).rejects.toMatchObject({ code: 'connection-lost', exit: 'provider' });
    expect((await machine.exec(['echo', 'again'])).stdout).toBe('again\n');
    await sshd.killStrays();
  });

  it('runs a repeatable command again, and ends the run that was lost', async () => {
    let runs = 0;
    const onOutput = (): void => {
      runs++;
      if (runs === 1) sshd.cut();
    };
    const script = 'echo begun; mkdir "$0" 2>/dev/null || exit 7; exec sleep 10000';
    const argv = ['sh', '-c', script, path.join(sshd.folder, 'first-run')];
    expect(await machine.exec(argv, { repeatable: true, onOutput })).toMatchObject({ status: 7, stdout: 'begun\n' });
    expect(runs).toBe(2);
    expect(await sshd.strays()).toEqual([]);
  });
});

const isRoot = process.getuid?.() === 0;
if (!isRoot)
  process.stderr.write('the script that ends a command is tested as root only: it needs a process namespace\n');

(isRoot ? describe : describe.skip)('the script that ends a command', () => {
  /** Runs it in a process namespace of its own, beside a process that bears the mark and one that does not. */
  function livesAfter(stdin: string): string[] {
    // The quotes keep the mark out of this script's own arguments.
    const script = `exec 3<&0 </dev/null
      env MA''RK=mine sleep 1000 >/dev/null & mine=$!
      sleep 1000 >/dev/null & other=$!
      sh -c "$1" <&3 3<&- || true
      [ -e /proc/$mine/fd/0 ] && echo mine
      [ -e /proc/$other/fd/0 ] && echo other
      exit 0`;
    const inside = ['--pid', '--fork', '--mount-proc', '--kill-child', 'sh', '-c', script, 'test', killScript];
    return execFileSync('unshare', inside, { input: stdin, encoding: 'utf8' }).trim().split('\n').filter(Boolean);
  }

  it('kills what bears the mark, and nothing else', () => {
    expect(livesAfter('MARK=mine\n')).toEqual(['other']);
  });

  it.each(['', '\n', 'MARK'])('kills nothing when the line was lost before the whole mark had come: %j', (stdin) => {
    expect(livesAfter(stdin)).toEqual(['mine', 'other']);
  });
});
