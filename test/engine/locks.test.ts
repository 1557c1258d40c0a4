import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { isStale, locksNamedIn, locksOf, outlastLocks, settleLocks } from '../../src/engine/locks';
import { engineMark, underLimit } from '../../src/engine/patience';
import { hasInEnvironment, isAlive } from '../../src/engine/processes';
import { stackFiles } from '../../src/engine/state-file';
import { useHome } from '../_helpers/home';

jest.setTimeout(120_000);
const home = useHome();
const job = 'cv-20261128-112830-7f3a9c';

function writeLock(content: object | string, name = 'a'): string {
  const folder = stackFiles(home().path, job).locks;
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${name}.json`);
  fs.writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}
const lock = (changes: object) => ({
  pid: 1,
  username: 'u',
  hostname: os.hostname(),
  timestamp: '2026-11-28T11:00:00Z',
  ...changes,
});
const settle = (say: (text: string) => void = () => undefined, waitSeconds = 60) =>
  settleLocks({ root: home().path, job, waitSeconds }, say);

async function deadPid(): Promise<number> {
  const child = spawn('true');
  await once(child, 'exit');
  return child.pid ?? 0;
}

test('no folder, no lock', async () => {
  expect(locksOf(home().path, job)).toEqual([]);
  await settle();
});

test('a lock whose process is dead is cancelled; so is one that was cut, and one whose number another program has', async () => {
  const files = [
    writeLock(lock({ pid: await deadPid() }), 'dead'),
    writeLock('{"pid": 12', 'cut'),
    writeLock('', 'empty'),
    writeLock(lock({ pid: process.pid }), 'reused'),
  ];
  const said: string[] = [];
  await settle((text) => said.push(text));
  expect(files.filter((file) => fs.existsSync(file))).toEqual([]);
  expect(said).toHaveLength(files.length);
});

test('what a full disk left of a lock that was being written goes; one that is being written now is waited for', async () => {
  const unfinished = (name: string, agedBy: number): string => {
    const whole = writeLock('', name);
    const file = `${whole}.18ec39782dff4fbf.tmp`;
    fs.renameSync(whole, file);
    const time = new Date(Date.now() - agedBy);
    fs.utimesSync(file, time, time);
    return file;
  };
  const [old, future] = [unfinished('old', 60_000), unfinished('future', -60_000)];
  await settle();
  expect([old, future].filter((file) => fs.existsSync(file))).toEqual([]);

  const fresh = unfinished('fresh', 0);
  expect(locksOf(home().path, job).map(isStale)).toEqual([false]);
  await expect(settle(undefined, 0)).rejects.toMatchObject({ code: 'stack-locked' });
  const settled = settle();
  fs.rmSync(fresh); // its engine gives it its final name, and takes it away when it is done
  await settled;
});

test("another host's lock is never touched: who, where and since when is said", async () => {
  const file = writeLock(lock({ hostname: 'elsewhere', username: 'ann', pid: await deadPid() }));
  await expect(settle()).rejects.toMatchObject({
    code: 'stack-locked',
    why: expect.stringMatching(/ann@elsewhere .*2026-11-28T11:00:00Z/) as unknown,
    fix: expect.stringContaining('on elsewhere') as unknown,
  });
  expect(fs.existsSync(file)).toBe(true);
});

test('an engine that lives is waited for; what it leaves behind when it dies is ended', async () => {
  // Looks like an engine with a plugin: a program named pulumi that starts another.
  const engine = path.join(home().path, 'pulumi');
  fs.rmSync(engine, { recursive: true, force: true });
  fs.writeFileSync(engine, '#!/bin/sh\nsleep 1000 & echo $!\nread line\n', { mode: 0o755 });
  const child = spawn(engine, [], { stdio: ['pipe', 'pipe', 'ignore'], env: { ...home().env, [engineMark]: job } });
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  const plugin = Number(chunk.toString());
  writeLock(lock({ pid: child.pid }));
  expect(isStale(locksOf(home().path, job)[0]!)).toBe(false);
  await expect(settle(undefined, 0)).rejects.toMatchObject({ code: 'stack-locked' });

  const said: string[] = [];
  const settled = settle((text) => {
    said.push(text);
    if (text.startsWith('waiting')) child.kill('SIGKILL');
  });
  await settled;
  expect(said).toEqual([expect.stringContaining('waiting'), expect.stringContaining('cancelled')]);
  expect(isAlive(plugin) && hasInEnvironment(plugin, engineMark, job)).toBe(false);
});

/** What the engine said of a bucket, but for the names. */
const refusal = (host: string, pid: number) =>
  `the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.
  s3://states?region=us-east-1/.pulumi/locks/organization/cvicast/${job}/1b.json: created by ann@b c@${host} (pid ${pid}) at 2026-11-28T11:00:00Z`;

test('the locks of a backend elsewhere are read from what the engine says', () => {
  expect(locksNamedIn(refusal('far.example', 4711))).toEqual([
    {
      file: `s3://states?region=us-east-1/.pulumi/locks/organization/cvicast/${job}/1b.json`,
      ...{ user: 'ann@b c', host: 'far.example', pid: 4711, since: '2026-11-28T11:00:00Z' },
    },
  ]);
  expect(locksNamedIn('error: Another update is currently in progress.')).toEqual([]);
});

test("elsewhere too a dead engine is no obstacle, another host's is explained, one that lives is waited for", async () => {
  const outlast = (host: string, pid: number) =>
    outlastLocks({ locks: locksNamedIn(refusal(host, pid)), job, waitSeconds: 0.3 }, () => undefined);
  await outlast(os.hostname(), await deadPid());
  await expect(outlast('far.example', await deadPid())).rejects.toMatchObject({
    code: 'stack-locked',
    fix: expect.stringContaining('on far.example') as unknown,
  });
  const engine = path.join(home().path, 'pulumi');
  fs.rmSync(engine, { recursive: true, force: true });
  fs.writeFileSync(engine, '#!/bin/sh\nread line\n', { mode: 0o755 });
  const child = spawn(engine, [], { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(child, 'spawn');
  await expect(outlast(os.hostname(), child.pid ?? 0)).rejects.toMatchObject({ code: 'stack-locked' });
  child.kill('SIGKILL');
});

describe('an engine that hangs', () => {
  /** A program that is called like an engine, does this on SIGINT, and says when it is ready. */
  async function engine(onInterrupt: string, env: NodeJS.ProcessEnv): Promise<number> {
    const file = path.join(home().path, 'pulumi');
    fs.rmSync(file, { recursive: true, force: true });
    fs.writeFileSync(
      file,
      `#!/bin/sh\ntrap '${onInterrupt}' INT\necho ready\nwhile :; do read line; sleep 0.1; done\n`,
      {
        mode: 0o755,
      },
    );
    const child = spawn(file, [], { stdio: ['ignore', 'pipe', 'ignore'], env, detached: true });
    await once(child.stdout, 'data');
    return child.pid ?? 0;
  }
  const ours = () => ({ ...home().env, [engineMark]: job });
  const end = async (pid: number, saveSeconds: number): Promise<string[]> => {
    const said: string[] = [];
    writeLock(lock({ pid }));
    await settleLocks({ root: home().path, job, waitSeconds: 0, saveSeconds }, (text) => said.push(text));
    return said;
  };

  test('is interrupted, and has time to save what is in flight', async () => {
    const saved = path.join(home().path, 'saved');
    const pid = await engine(`touch ${saved}; exit`, ours());
    expect((await end(pid, 60)).slice(-2)).toEqual([
      expect.stringContaining(`process ${pid}) does not come to an end: interrupting it`),
      expect.stringContaining('cancelled a stale lock'),
    ]);
    expect([fs.existsSync(saved), isAlive(pid)]).toEqual([true, false]);
  });

  test('one that somebody stopped hears it too', async () => {
    const saved = path.join(home().path, 'saved');
    const pid = await engine(`touch ${saved}; exit`, ours());
    process.kill(pid, 'SIGSTOP');
    await end(pid, 60);
    expect(fs.existsSync(saved)).toBe(true);
  });

  test('is killed when it does not end on that, and its lock is no obstacle', async () => {
    const pid = await engine('', ours());
    expect((await end(pid, 0)).at(-2)).toContain('killing it');
    expect(isAlive(pid)).toBe(false);
    expect(locksOf(home().path, job)).toEqual([]);
  });

  test('is left alone when it was not started for this job', async () => {
    const pid = await engine('exit', { ...home().env, [engineMark]: 'cv-20261128-112831-7f3a9d' });
    await expect(end(pid, 0)).rejects.toMatchObject({ code: 'stack-locked' });
    expect(isAlive(pid)).toBe(true);
    process.kill(-pid, 'SIGKILL');
  });
});

describe('a command of the engine', () => {
  const failing = () => new Promise<never>((_resolve, reject) => (fail = reject));
  let fail: (thrown: Error) => void;

  test('that is given up has its time from then on, and is ended by us: engine-hung', async () => {
    const given = new AbortController();
    const end = (): Promise<void> => {
      fail(new Error('killed'));
      return Promise.resolve();
    };
    const running = underLimit({ job, seconds: 0, signal: given.signal }, end, failing);
    given.abort();
    await expect(running).rejects.toMatchObject({ code: 'engine-hung', cause: { message: 'killed' } });
  });

  test('that fails by itself says why, and nothing is ended', async () => {
    const end = jest.fn(() => Promise.resolve());
    const running = underLimit({ job, seconds: 600 }, end, failing);
    fail(new Error('its own'));
    await expect(running).rejects.toThrow('its own');
    expect(end).not.toHaveBeenCalled();
  });
});
