import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { isStale } from '../../src/engine/locks';
import { isConflict, UpdateRecords } from '../../src/engine/update-records';
import { useHome } from '../_helpers/home';

const home = useHome();
const records = () => new UpdateRecords(path.join(home().path, 'updates'));
const pids = () =>
  records()
    .unfinished()
    .map(({ pid }) => pid);

/** Runs until its input ends, under the name that a living engine has. */
async function startEngine(): Promise<ChildProcess & { readonly pid: number }> {
  const file = path.join(home().path, 'pulumi-engine');
  if (!fs.existsSync(file)) fs.writeFileSync(file, '#!/bin/sh\nread line\n', { mode: 0o755 });
  const child = spawn(file, [], { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(child, 'spawn');
  return child as ChildProcess & { readonly pid: number };
}
async function end(engine: ChildProcess): Promise<void> {
  engine.stdin?.end();
  await once(engine, 'exit');
}

const conflict = 'error: [409] Conflict: Another update is currently in progress.\nTo learn more, visit';
const outcome = (code: number, stderr = '') => ({ code, stdout: '', stderr });

test('the refusal of the service is told from the locks of other backends', () => {
  expect(isConflict(conflict)).toBe(true);
  expect(isConflict('error: the stack is currently locked by 1 lock(s).')).toBe(false);
});

test('an update is on record with its engine from its begin on', async () => {
  expect(pids()).toEqual([]);
  const engine = await startEngine();
  records().begun(engine.pid);
  const [record] = records().unfinished();
  expect(record).toMatchObject({ pid: engine.pid, host: os.hostname(), user: os.userInfo().username });
  expect(isStale(record!)).toBe(false);
  await end(engine);
  expect(isStale(record!)).toBe(true);
  records().forgetStale();
  expect(pids()).toEqual([]);
});

test.each([
  ['succeeded', 0, '', false],
  ['was refused', 255, conflict, false],
  ['failed', 255, 'error: incorrect passphrase', true],
  ['was killed', -1, '', true],
])('what is on record of an update that %s (status %i)', async (_how, code, stderr, stays) => {
  const engine = await startEngine();
  records().begun(engine.pid);
  await end(engine);
  records().ended(engine.pid, outcome(code, stderr));
  expect(pids()).toEqual(stays ? [engine.pid] : []);
});

test('with one that succeeded those before it are over, not those that run', async () => {
  const [dead, living, last] = [await startEngine(), await startEngine(), await startEngine()];
  for (const { pid } of [dead, living, last]) records().begun(pid);
  await end(dead);
  await end(last);
  records().ended(last.pid, outcome(0));
  expect(pids()).toEqual([living.pid]);
  await end(living);
});

test('an engine that could not be started leaves no record', () => {
  records().begun(undefined);
  records().ended(undefined, outcome(0));
  expect(pids()).toEqual([]);
});

test('where no record can be written the update goes on without', () => {
  fs.writeFileSync(path.join(home().path, 'updates'), '');
  records().begun(1);
});
