import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { CommandFailure, DetachedCommand } from '../../src/engine/command';
import { translate } from '../../src/engine/errors';
import { useHome } from '../_helpers/home';

jest.setTimeout(120_000);
const home = useHome();

function command(script: string): DetachedCommand {
  const binary = path.join(home().path, 'fake');
  fs.writeFileSync(binary, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return new DetachedCommand({ binary, version: '3.220.0', logFolder: logs(), env: { ...home().env, ONE: '1' } });
}
const logs = () => path.join(home().path, 'logs');
const run = (one: DetachedCommand, args: string[], seen: string[] = []) =>
  one.run(args, home().path, { TWO: '2' }, (text) => seen.push(text));

test('arguments arrive as they are, the environment is the given one, and the engine never asks', async () => {
  const { stdout } = await run(command('printf "%s\\n" "$@" "$ONE$TWO" "$(cat | wc -c)"'), [
    'stack',
    'a b',
    '$(x)',
    "'",
  ]);
  expect(stdout.split('\n').slice(0, -1)).toEqual(['stack', 'a b', '$(x)', "'", '--non-interactive', '12', '0']);
  expect(fs.readdirSync(logs())).toEqual([]);
});

test('it runs in a session of its own', async () => {
  const { stdout } = await run(command('cut -d" " -f1,6 /proc/$$/stat'), ['stack']);
  const [pid, session] = stdout.trim().split(' ');
  expect(session).toBe(pid);
});

test('output of an update stays in the folder, one run after the other, and is followed while it is written', async () => {
  const seen: string[] = [];
  const one = command('echo begun; echo aside >&2; while [ ! -e go ]; do sleep 0.05; done; echo done');
  const first = run(one, ['up'], seen);
  while (!seen.join('').includes('begun')) await new Promise((resolve) => setTimeout(resolve, 20));
  fs.writeFileSync(path.join(home().path, 'go'), '');
  expect(await first).toEqual({ stdout: 'begun\ndone\n', stderr: 'aside\n', code: 0 });
  expect((await run(one, ['up'])).stdout).toBe('begun\ndone\n');
  expect(seen.join('')).toBe('begun\ndone\n');
  expect(fs.readFileSync(path.join(logs(), 'engine-up.log'), 'utf8')).toBe('begun\ndone\n'.repeat(2));
});

test('what the engine writes down of credentials goes with its run, or with the next when its client died before', async () => {
  const dead = spawn('true');
  await once(dead, 'exit');
  const [left, used] = [dead.pid, process.pid].map((pid) => path.join(logs(), `credentials-${pid}-999`));
  for (const folder of [left!, used!]) fs.mkdirSync(folder, { recursive: true });
  const script = 'mkdir "$PULUMI_CREDENTIALS_PATH"; echo token > "$PULUMI_CREDENTIALS_PATH/credentials.json"';
  await run(command(script), ['stack']);
  expect(fs.readdirSync(logs())).toEqual([path.basename(used!)]);
  await run(command(`${script}; exit 3`), ['stack']).catch(() => undefined);
  expect(fs.readdirSync(logs())).toEqual([path.basename(used!)]);
});

test('exit status and signal are told apart', async () => {
  const failed = await run(command('echo no >&2; exit 3'), ['destroy']).catch((thrown: unknown) => thrown);
  expect(failed).toBeInstanceOf(CommandFailure);
  expect(failed).toMatchObject({ outcome: { code: 3, signal: null, stderr: 'no\n' } });
  await expect(run(command('kill -KILL $$'), ['up'])).rejects.toMatchObject({ outcome: { signal: 'SIGKILL' } });
});

(process.platform === 'linux' && process.getuid?.() === 0 ? test : test.skip)(
  'an engine that fails on a full disk, where it cannot even say so, is not said to have given no reason',
  async () => {
    const one = command('exit 255');
    fs.mkdirSync(logs());
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', logs()]);
    try {
      fs.writeFileSync(path.join(logs(), 'filler'), Buffer.alloc(49_152));
      const failed = await run(one, ['destroy']).catch((thrown: unknown) => thrown);
      expect(translate(failed, 'cv-1')).toMatchObject({
        ...{ code: 'disk-full', what: 'The disk is full', why: expect.stringMatching(/no space left on device/) },
        fix: expect.stringMatching(/make room in the folder of CVICAST_HOME/),
      });
    } finally {
      execFileSync('umount', [logs()]);
    }
    expect(translate(await run(one, ['destroy']).catch((thrown: unknown) => thrown), 'cv-1')).toMatchObject({
      code: 'engine-failed',
    });
  },
);
