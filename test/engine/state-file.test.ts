import * as fs from 'node:fs';
import * as path from 'node:path';
import { createBareState, mendState, readState, stackFiles, stacksOnDisk } from '../../src/engine/state-file';
import { homeFolder } from '../../src/paths';
import { useHome } from '../_helpers/home';

const home = useHome();
const job = 'cv-20261128-112830-7f3a9c';

const checkpoint = (resources: object[], pending: object[] = []) =>
  JSON.stringify({ version: 3, checkpoint: { stack: 'x', latest: { resources, pending_operations: pending } } });
const machine = { urn: 'urn:m', type: 'aws:ec2/instance:Instance', id: 'i-1', outputs: { publicIp: '192.0.2.1' } };
const stack = { urn: 'urn:s', type: 'pulumi:pulumi:Stack', outputs: { address: '192.0.2.1' } };
const provider = { urn: 'urn:p', type: 'pulumi:providers:aws', id: 'x' };

function files() {
  const found = stackFiles(homeFolder.state(home().path), job);
  fs.mkdirSync(path.dirname(found.state), { recursive: true });
  return found;
}
const mend = () => mendState(homeFolder.state(home().path), job);

test('resources and pending creates are told apart; stack and providers are not resources; the stack has outputs', () => {
  const pending = [
    { type: 'creating', resource: { ...machine, id: undefined } },
    { type: 'deleting', resource: machine },
  ];
  fs.writeFileSync(files().state, checkpoint([stack, provider, machine], pending));
  expect(readState(home().path, job)).toEqual({
    resources: [machine],
    pending: [{ urn: 'urn:m', type: machine.type, id: null }],
    outputs: { address: '192.0.2.1' },
  });
  expect(stacksOnDisk(home().path)).toEqual([job]);
  expect(mend()).toBe('whole');
});

test.each(['', '{"version": 3, "checkpoint": {"lat', 'null', '[]', '{}'])(
  'torn into %j: restored from the backup',
  (torn) => {
    fs.writeFileSync(files().backup, checkpoint([machine]));
    fs.writeFileSync(files().state, torn);
    expect(readState(home().path, job)?.resources).toHaveLength(1);
    expect(mend()).toBe('restored');
    expect(mend()).toBe('whole');
  },
);

test('missing between two renames of the engine: restored from the backup', () => {
  fs.writeFileSync(files().backup, checkpoint([machine]));
  expect(mend()).toBe('restored');
});

test('torn without a backup: set aside, and said', () => {
  fs.writeFileSync(files().state, '');
  expect(mend()).toBe('lost');
  expect(fs.existsSync(files().state)).toBe(false);
  expect(mend()).toBe('none');
});

test('no stack, no state, no folder: nothing, without an error', () => {
  expect(readState(home().path, job)).toBeNull();
  expect(stacksOnDisk(home().path)).toEqual([]);
  expect(mend()).toBe('none');
});

test('a bare stack is made in a new backend and in one with projects; any other layout is left to the engine', () => {
  const root = homeFolder.state(home().path);
  const { state, layout } = stackFiles(root, job);
  fs.mkdirSync(root, { recursive: true });
  expect(createBareState(root, job)).toBe(true);
  expect(fs.readFileSync(layout, 'utf8')).toBe('version: 1\n');
  expect(readState(home().path, job)).toEqual({ resources: [], pending: [], outputs: {} });
  const second = `${job.slice(0, -1)}d`;
  expect(createBareState(root, second)).toBe(true);
  expect(stacksOnDisk(home().path)).toEqual([job, second].sort());

  for (const text of ['version: 2\n', null]) {
    fs.rmSync(state);
    if (text === null) fs.rmSync(layout);
    else fs.writeFileSync(layout, text);
    expect(createBareState(root, job)).toBe(false);
    expect(fs.existsSync(state)).toBe(false);
    fs.writeFileSync(state, '');
  }
});

test('a bare stack that cannot be written leaves nothing half-made, and is left to the engine', () => {
  const root = homeFolder.state(home().path);
  const { state, layout } = stackFiles(root, job);
  fs.mkdirSync(root, { recursive: true });
  expect(createBareState(root, job)).toBe(true);
  fs.rmSync(state);
  // In the way of the file, and not to be replaced by one.
  fs.mkdirSync(path.join(state, 'in the way'), { recursive: true });
  expect(createBareState(root, job)).toBe(false);
  expect(fs.readdirSync(path.dirname(state))).toEqual([path.basename(state)]);
  expect(fs.readdirSync(path.dirname(layout)).sort()).toEqual(['meta.yaml', 'stacks']);
});
