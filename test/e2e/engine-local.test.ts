import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Bug } from '../../src/errors';
import { ownBinary } from '../../src/engine/find';
import { runningProcesses, hasInEnvironment } from '../../src/engine/processes';
import { serveProvider } from '../../src/engine/serve-provider';
import { openStack } from '../../src/engine/stack';
import { createBareState, readState, stackFiles, stacksOnDisk } from '../../src/engine/state-file';
import type { Stack, StackEvent, StackOptions } from '../../src/engine/types';
import { listLocalMachines, removeLocalMachine } from '../../src/local/machines';
import { startLocalProvider } from '../../src/local/provider';
import { homeFolder } from '../../src/paths';
import localStack from '../../stacks/local';
import type { ClientOrder } from '../_helpers/engine-client';
import { useHome } from '../_helpers/home';
import { makeRequest, ssh, type TestKeys } from '../_helpers/machine-request';
import { slowCloud } from '../_helpers/slow-cloud';

jest.setTimeout(300_000);
const patienceMilliseconds = 200_000;

const home = useHome({ name: 'a home with a space', engine: true });
let close: (() => Promise<void>)[] = [];
let clients: ChildProcess[] = [];

afterEach(async () => {
  for (const one of close) await one();
  for (const client of clients) if (client.exitCode === null) client.kill('SIGKILL');
  close = [];
  clients = [];
});

function optionsFor(keys: TestKeys, changes: Partial<StackOptions> = {}): StackOptions {
  return {
    home: home().path,
    job: keys.request.job,
    logFolder: path.join(home().path, 'jobs', keys.request.job, 'engine'),
    passphrase: 'a passphrase',
    env: home().env,
    ...changes,
  };
}

async function open(keys: TestKeys, changes: Partial<StackOptions> = {}): Promise<Stack> {
  const provider = await startLocalProvider({ home: home().path, env: home().env });
  close.push(() => provider.close());
  return openStack(optionsFor(keys, { attach: [provider], ...changes }));
}

/** The engine's client in a process and group of its own. */
function startClient(order: ClientOrder): ChildProcess {
  const helper = (...name: string[]) => path.join(__dirname, '..', ...name);
  const client = spawn(
    process.execPath,
    [helper('_fixtures', 'run-source.js'), helper('_helpers', 'engine-client.ts'), JSON.stringify(order)],
    {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: home().env,
    },
  );
  clients.push(client);
  return client;
}

async function startCloud() {
  const cloud = await slowCloud();
  close.push(() => cloud.close());
  return cloud;
}

async function until(condition: () => boolean): Promise<void> {
  const begun = Date.now();
  while (!condition() && Date.now() - begun < patienceMilliseconds)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(condition()).toBe(true);
}

function filesUnder(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => path.relative(folder, path.join(one.parentPath, one.name)))
    .sort();
}

/** What the job has besides the engine's logs: must be nothing in the end. */
function leftOf(job: string): string[] {
  const all = filesUnder(home().path).filter((file) => file.includes(job) && !/engine-\w+(\.err)?\.log$/.test(file));
  const marked = runningProcesses().filter((one) =>
    ['CVICAST_MACHINE', 'CVICAST_ENGINE'].some((name) => hasInEnvironment(one.pid, name, job)),
  );
  return [
    ...all,
    ...marked.map((one) => `process ${one.pid}`),
    ...listLocalMachines(home().path).map((one) => `machine ${one.job}`),
  ];
}

test('a machine is created, opens to its key alone, and leaves nothing when it is destroyed', async () => {
  const keys = makeRequest(path.dirname(home().path));
  const { job } = keys.request;
  const stack = await open(keys);
  const events: StackEvent[] = [];
  const up = await stack.up(localStack, keys.request, (event) => events.push(event));

  expect(up).toMatchObject({ address: '127.0.0.1', machineId: job });
  const scratch = path.join(home().path, 'machines', job, 'home');
  expect(ssh(keys, up, 'echo "$HOME"; echo "$CVICAST_MACHINE"').trim().split('\n')).toEqual([scratch, job]);
  const stranger = makeRequest(path.dirname(home().path));
  expect(() => ssh({ ...stranger, hostKey: keys.hostKey }, up, 'true')).toThrow(/Permission denied/);
  expect(() => ssh({ ...keys, hostKey: stranger.hostKey }, up, 'true')).toThrow(/Host key verification failed/);

  const created = { kind: 'resource', operation: 'create', phase: 'done', type: 'cvicast-local:index:Machine' };
  expect(events).toContainEqual(expect.objectContaining(created));
  expect(await stack.resources()).toEqual({ known: [expect.objectContaining({ id: job })], pending: [] });
  expect(stacksOnDisk(home().path)).toEqual([job]);
  expect(readState(home().path, job)?.resources[0]?.outputs).toMatchObject({ port: up.port });
  const secret = keys.hostPrivateKey.split('\n')[2] ?? 'missing';
  const outside = filesUnder(home().path).filter((file) => !file.startsWith('machines'));
  const holding = outside.filter((file) => fs.readFileSync(path.join(home().path, file), 'latin1').includes(secret));
  expect(holding).toEqual([]);

  await expect(stack.remove()).rejects.toMatchObject({ why: expect.stringMatching(/still has resources/) });
  await stack.destroy();
  await stack.remove();
  expect(leftOf(job)).toEqual([]);
  expect(stacksOnDisk(home().path)).toEqual([]);
  await stack.destroy();
  await stack.remove();
});

test('a client killed while the cloud creates: the engine finishes, saves, gives its lock back; a later process destroys', async () => {
  const keys = makeRequest(path.dirname(home().path));
  const { job } = keys.request;
  const cloud = await startCloud();
  const options = optionsFor(keys, { attach: [cloud] });
  const client = startClient({ options, request: keys.request });
  await cloud.asked(client);
  client.kill('SIGKILL');
  await once(client, 'exit');

  const stack = await openStack(options);
  const messages: string[] = [];
  const destroyed = stack.destroy((event) => messages.push(event.text ?? ''));
  await until(() => messages.some((text) => text.includes('waiting for the engine')));
  cloud.finish();
  await destroyed;
  expect(cloud.ledger).toEqual(['created', 'deleted']);
  await stack.remove();
  expect(leftOf(job)).toEqual([]);
});

test('a client killed while it starts a machine here: a later process leaves nothing', async () => {
  const keys = makeRequest(path.dirname(home().path));
  const { job } = keys.request;
  const client = startClient({ options: optionsFor(keys), request: keys.request });
  await until(() => fs.existsSync(path.join(homeFolder.machines(home().path), job, 'machine.json')));
  client.kill('SIGKILL');
  await once(client, 'exit');

  const stack = await open(keys);
  await stack.destroy();
  await removeLocalMachine(home().path, job); // what the state may never have heard of
  await stack.remove();
  expect(leftOf(job)).toEqual([]);
});

test('a signal to the group of the client does not reach the engine', async () => {
  const keys = makeRequest(path.dirname(home().path));
  const { job } = keys.request;
  const cloud = await startCloud();
  const options = optionsFor(keys, { attach: [cloud] });
  const client = startClient({ options, request: keys.request });
  await cloud.asked(client);
  process.kill(-(client.pid ?? 0), 'SIGINT');
  await once(client, 'exit');
  cloud.finish();
  const stack = await openStack(options);
  await stack.destroy();
  expect((await stack.resources()).pending).toEqual([]);
  await stack.remove();
  expect(leftOf(job)).toEqual([]);
});

test('an engine killed in a create leaves a pending create, which is reported and not forgotten by destroy', async () => {
  const keys = makeRequest(path.dirname(home().path));
  const { job } = keys.request;
  const cloud = await startCloud();
  const stack = await openStack(optionsFor(keys, { attach: [cloud] }));
  const up = stack.up(localStack, keys.request);
  const failed = expect(up).rejects.toMatchObject({ code: 'engine-killed', exit: 'provider' });
  await cloud.asked();
  const pid = (JSON.parse(fs.readFileSync(lockFiles(job)[0] ?? '', 'utf8')) as { pid: number }).pid;
  process.kill(pid, 'SIGKILL');
  await failed;
  expect(lockFiles(job)).toHaveLength(1);

  const pending = [expect.objectContaining({ type: 'cvicast-local:index:Machine', id: null })];
  const messages: string[] = [];
  await stack.destroy((event) => messages.push(event.text ?? ''));
  expect(messages).toContainEqual(expect.stringContaining('cancelled a stale lock'));
  expect((await stack.resources()).pending).toEqual(pending);
  await stack.remove();
  expect(leftOf(job)).toEqual([]);
});

function lockFiles(job: string): string[] {
  const { locks } = stackFiles(homeFolder.state(home().path), job);
  return fs.readdirSync(locks).flatMap((name) => (name.endsWith('.json') ? [path.join(locks, name)] : []));
}

test('a torn state is restored from its backup, and a wrong passphrase is told apart', async () => {
  const keys = makeRequest(path.dirname(home().path));
  const { job } = keys.request;
  const stack = await open(keys);
  await stack.up(localStack, keys.request);
  const wrong = await open(keys, { passphrase: 'another' });
  await expect(wrong.destroy()).rejects.toMatchObject({ code: 'wrong-passphrase' });

  const { state, backup } = stackFiles(homeFolder.state(home().path), job);
  fs.copyFileSync(state, backup);
  fs.truncateSync(state, 100);
  const messages: string[] = [];
  await stack.destroy((event) => messages.push(event.text ?? ''));
  expect(messages).toContainEqual(expect.stringContaining('restored the state'));
  await stack.remove();
  expect(leftOf(job)).toEqual([]);
});

test('a machine that was killed from outside is destroyed as if nothing had been, with what it left running', async () => {
  const keys = makeRequest(path.dirname(home().path));
  const { job } = keys.request;
  const stack = await open(keys);
  const up = await stack.up(localStack, keys.request);
  // Daemons that left their session; one cleared its environment too, and works in the job's folder. Other tests, which may run
  // at the same time, sleep for other times.
  const sleepers = ['sleep 20001', 'sleep 20002'] as const;
  const quiet = '>/dev/null 2>&1 </dev/null &';
  const commands = [
    `mkdir -p /var/tmp/cvicast-${job}; cd /var/tmp/cvicast-${job}`,
    `env -i setsid ${sleepers[0]} ${quiet}`,
    `cd /; setsid ${sleepers[1]} ${quiet}`,
  ];
  ssh(keys, up, commands.join('\n'));
  const record = JSON.parse(
    fs.readFileSync(path.join(homeFolder.machines(home().path), job, 'machine.json'), 'utf8'),
  ) as { sshd: { pid: number } };
  process.kill(record.sshd.pid, 'SIGKILL');
  await stack.destroy();
  await stack.remove();
  expect(leftOf(job)).toEqual([]);
  expect(fs.existsSync(`/var/tmp/cvicast-${job}`)).toBe(false);
  const commandLines = runningProcesses().map(({ pid }) => commandLine(pid));
  expect(commandLines.filter((line) => sleepers.some((one) => one === line))).toEqual([]);

  // Wholly removed behind the engine's back: destroy still ends well.
  const again = await open(keys);
  await again.up(localStack, keys.request);
  await removeLocalMachine(home().path, job);
  await again.destroy();
  await again.remove();
  expect(leftOf(job)).toEqual([]);
});

function commandLine(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

test("the provider's own error reaches the user as it is", async () => {
  const keys = makeRequest(path.dirname(home().path));
  const stack = await open(keys);
  home().env['CVICAST_LOCAL_MACHINE'] = 'docker';
  home().env['DOCKER_HOST'] = 'tcp://192.0.2.1:1';
  const up = stack.up(localStack, keys.request);
  await expect(up).rejects.toMatchObject({
    code: 'docker-missing',
    exit: 'provider',
    fix: expect.stringContaining('CVICAST_LOCAL_MACHINE') as unknown,
  });
  await stack.destroy();
  await stack.remove();
});

test('what was deleted from outside, and whose delete fails for ever, does not stand in the way of destroy', async () => {
  const keys = makeRequest(path.dirname(home().path));
  const cloud = await serveProvider({
    create: () => Promise.resolve({ id: 'vm-1', outs: { address: '192.0.2.1', port: 22, user: 'root' } }),
    read: () => Promise.resolve({ id: '' }),
    delete: () => Promise.reject(new Bug("unexpected state 'Not Found'")),
  });
  close.push(() => cloud.close());
  const attach = [{ name: 'cvicast-local', port: cloud.port }];
  const stack = await openStack(optionsFor(keys, { attach }));
  await stack.up(localStack, keys.request);
  await stack.destroy();
  expect(await stack.resources()).toEqual({ known: [], pending: [] });
  await stack.remove();
  expect(leftOf(keys.request.job)).toEqual([]);
});

test('the bare stack that is made without the engine is the one that the engine makes, and has it in its list', () => {
  const job = 'cv-20261128-112830-7f3a9c';
  const run = (root: string, ...argv: string[]): string => {
    fs.mkdirSync(root, { recursive: true });
    const more = { PULUMI_HOME: homeFolder.engine(home().path), PULUMI_BACKEND_URL: pathToFileURL(root).href };
    const env = { ...home().env, ...more, PULUMI_CONFIG_PASSPHRASE: 'a passphrase', PULUMI_SKIP_UPDATE_CHECK: 'true' };
    return execFileSync(ownBinary(home().path), [...argv, '--non-interactive'], {
      cwd: home().path,
      env,
      encoding: 'utf8',
    });
  };
  fs.writeFileSync(path.join(home().path, 'Pulumi.yaml'), 'name: cvicast\nruntime: nodejs\n');
  const [engines, ours] = ['by-the-engine', 'by-us'].map((name) => path.join(home().path, name)) as [string, string];
  run(engines, 'stack', 'init', job, '--no-select');
  expect(createBareState(ours, job)).toBe(true);
  const read = (root: string) => {
    const { state, layout } = stackFiles(root, job);
    const { version, checkpoint } = JSON.parse(fs.readFileSync(state, 'utf8')) as {
      version: number;
      checkpoint: { stack: string };
    };
    return { layout: fs.readFileSync(layout, 'utf8'), version, stack: checkpoint.stack };
  };
  expect(read(ours)).toEqual(read(engines));
  expect(JSON.parse(run(ours, 'stack', 'ls', '--json'))).toEqual([expect.objectContaining({ name: job })]);
});
