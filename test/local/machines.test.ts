import * as fs from 'node:fs';
import * as path from 'node:path';
import { isAlive } from '../../src/engine/processes';
import {
  listLocalMachines,
  removeLocalMachine,
  startLocalMachine,
  stateOfLocalMachine,
} from '../../src/local/machines';
import { machineFiles, readRecord, writeRecord } from '../../src/local/record';
import { useHome } from '../_helpers/home';
import { makeRequest, ssh, type TestKeys } from '../_helpers/machine-request';

jest.setTimeout(180_000);
const home = useHome();

function keysFor(changes = {}): TestKeys {
  return makeRequest(path.dirname(home().path), changes);
}
const start = (keys: TestKeys) =>
  startLocalMachine(home().path, home().env, { ...keys.request, hostKey: keys.hostPrivateKey });
const remove = (keys: TestKeys) => removeLocalMachine(home().path, keys.request.job);
const stateOf = (keys: TestKeys) => stateOfLocalMachine(home().path, keys.request.job);

test('a machine lives until it is removed, with what it runs and what it wrote', async () => {
  const keys = keysFor();
  const machine = await start(keys);
  const { job, owner, expiresAt } = keys.request;
  expect(listLocalMachines(home().path)).toEqual([{ job, owner, expiresAt, createdAt: machine.createdAt }]);
  expect(await stateOf(keys)).toBe('alive');

  const files = machineFiles(home().path, job);
  const quiet = '>/dev/null 2>&1 </dev/null &';
  const script = [
    'touch ~/here',
    `mkdir ${files.jobFolder}`,
    `setsid sh -c 'trap "" TERM; while :; do sleep 1; done' ${quiet}`,
    `setsid sleep 1000 ${quiet} echo $!`,
  ];
  const sleeper = Number(ssh(keys, machine, script.join('\n')).trim());
  expect(isAlive(sleeper)).toBe(true);
  expect(fs.existsSync(path.join(files.scratchHome, 'here'))).toBe(true);

  await remove(keys);
  expect(isAlive(sleeper)).toBe(false);
  expect(fs.existsSync(files.folder)).toBe(false);
  expect(fs.existsSync(files.jobFolder)).toBe(false);
  expect(await stateOf(keys)).toBe('gone');
  expect(listLocalMachines(home().path)).toEqual([]);
  await remove(keys);
});

test('two machines do not touch each other, and one of the same job takes the place of the last', async () => {
  const [one, two] = [keysFor(), keysFor()];
  await start(one);
  const second = await start(two);
  const again = await start(one);
  expect(ssh(one, again, 'echo $CVICAST_MACHINE').trim()).toBe(one.request.job);
  await remove(one);
  expect(ssh(two, second, 'echo $CVICAST_MACHINE').trim()).toBe(two.request.job);
  await remove(two);
});

test('credentials of a cloud do not reach the machine; what package managers need does', async () => {
  home().env['AWS_SECRET_ACCESS_KEY'] = 'canary';
  home().env['PIP_RETRIES'] = '9';
  home().env['HTTPS_PROXY'] = 'http://proxy.example:3128/';
  const keys = keysFor();
  const machine = await start(keys);
  const environment = ssh(keys, machine, 'env');
  expect(environment).not.toContain('canary');
  expect(environment).toContain('PIP_RETRIES=9\n');
  expect(environment).toContain('HTTPS_PROXY=http://proxy.example:3128/\n');
  expect(environment).toContain(`PATH=${process.env['PATH'] ?? ''}\n`);
  await remove(keys);
});

test('a dead sshd is no gone machine: its files and processes are still to be removed', async () => {
  const keys = keysFor();
  const { sshd } = await start(keys);
  process.kill(sshd?.pid ?? 0, 'SIGKILL');
  while (isAlive(sshd?.pid ?? 0)) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await stateOf(keys)).toBe('remains');
  await remove(keys);
  expect(await stateOf(keys)).toBe('gone');
});

test('a create that was cut before anything ran is listed and removed; so is a folder without a readable record', async () => {
  const keys = keysFor();
  const { job, owner, expiresAt } = keys.request;
  writeRecord(home().path, {
    job,
    owner,
    expiresAt,
    mode: 'process',
    createdAt: expiresAt,
    user: 'x',
    port: null,
    sshd: null,
  });
  fs.writeFileSync(machineFiles(home().path, job).record, '{"job": ');
  expect(listLocalMachines(home().path)).toEqual([{ job, owner: null, expiresAt: null, createdAt: null }]);
  expect(await stateOf(keys)).toBe('remains');
  await remove(keys);
  expect(listLocalMachines(home().path)).toEqual([]);
});

test('a client that died before it could write the number of the sshd down: the sshd is found all the same', async () => {
  const keys = keysFor();
  const record = await start(keys);
  writeRecord(home().path, { ...record, sshd: null, port: null });
  await remove(keys);
  expect(isAlive(record.sshd?.pid ?? 0)).toBe(false);
});

test('a number that another process has by now is not taken for the machine', async () => {
  const keys = keysFor();
  const { job, owner, expiresAt } = keys.request;
  const sshd = { pid: process.ppid, started: '1' };
  writeRecord(home().path, { job, owner, expiresAt, mode: 'process', createdAt: expiresAt, user: 'x', port: 1, sshd });
  expect(await stateOf(keys)).toBe('remains');
  await remove(keys);
  expect(isAlive(process.ppid)).toBe(true);
});

test('a start that fails says why and leaves nothing', async () => {
  const keys = keysFor();
  const started = startLocalMachine(home().path, home().env, { ...keys.request, hostKey: 'no key' });
  await expect(started).rejects.toMatchObject({ code: 'sshd-failed', why: expect.stringMatching(/key/) as unknown });
  expect(listLocalMachines(home().path)).toEqual([]);
  expect(readRecord(home().path, keys.request.job)).toBeNull();
});

test('a name that is no job id never becomes a path', async () => {
  await expect(removeLocalMachine(home().path, '../../etc')).rejects.toThrow('not a job id');
});
