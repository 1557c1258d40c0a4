import * as fs from 'node:fs';
import * as path from 'node:path';
import { factsOf, Journal } from '../../src/job/journal';
import { matching } from '../_helpers/matching';
import { useSmallDisk, whyNoDisk } from '../_helpers/small-disk';
import { useScratch } from '../_helpers/scratch';

describe('journal', () => {
  const scratch = useScratch();
  const journal = (): Journal => new Journal(path.join(scratch(), 'journal.jsonl'));

  test('is empty before its first line', () => {
    expect(journal().read()).toEqual([]);
  });

  test('leaves out a line that a crash tore', () => {
    const one = journal();
    one.write({ type: 'stage', stage: 'up', phase: 'begun' });
    fs.appendFileSync(path.join(scratch(), 'journal.jsonl'), '{"type":"machine","addr');
    expect(one.read().map((entry) => entry.type)).toEqual(['stage']);
  });

  test('a line that a crash tore does not spoil the next one', () => {
    const one = journal();
    one.write({ type: 'stage', stage: 'up', phase: 'begun' });
    fs.appendFileSync(path.join(scratch(), 'journal.jsonl'), '{"type":"machine","addr');
    one.write({ type: 'closed', result: 'delivered' });
    expect(one.read().map((entry) => entry.type)).toEqual(['stage', 'closed']);
  });

  test('is for its owner alone', () => {
    journal().write({ type: 'closed', result: 'delivered' });
    expect(fs.statSync(path.join(scratch(), 'journal.jsonl')).mode & 0o777).toBe(0o600);
  });

  test('a teardown counts only when no machine was asked for after it', () => {
    const one = journal();
    one.write({ type: 'intent', what: 'create-machine', region: 'a', size: 's' });
    one.write({ type: 'teardown', checkedAt: '2026-01-01T00:00:00Z', left: [] });
    expect(factsOf(one.read()).teardown?.left).toEqual([]);
    one.write({ type: 'intent', what: 'create-machine', region: 'b', size: 's' });
    expect(factsOf(one.read()).teardown).toBeNull();
  });

  test('an intent is unanswered until a machine or a clear refusal follows it', () => {
    const one = journal();
    const intent = () => one.write({ type: 'intent', what: 'create-machine', region: 'a', size: 's' });
    expect(factsOf(one.read()).isUnanswered).toBe(false);
    intent();
    one.write({ type: 'billing', what: 'asked', since: '2026-01-01T00:00:00Z' });
    expect(factsOf(one.read()).isUnanswered).toBe(true);
    one.write({ type: 'refused', code: 'region-full' });
    expect(factsOf(one.read()).isUnanswered).toBe(false);
    intent();
    expect(factsOf(one.read()).isUnanswered).toBe(true);
    one.write({ type: 'machine', address: '192.0.2.7', port: 22, user: 'root', machineId: '1' });
    expect(factsOf(one.read()).isUnanswered).toBe(false);
  });

  test('a failed stage is not done', () => {
    const one = journal();
    one.write({ type: 'stage', stage: 'transform', phase: 'ended', seconds: 1, result: 'done' });
    one.write({ type: 'stage', stage: 'deploy', phase: 'ended', seconds: 1, result: 'failed' });
    expect(factsOf(one.read())).toMatchObject({ stagesDone: ['transform'], stage: 'deploy' });
  });
});

(whyNoDisk === null ? describe : describe.skip)('a journal on a full disk', () => {
  const disk = useSmallDisk(8192);
  const journal = (): Journal => new Journal(disk.file('journal.jsonl'));
  const told = { type: 'stage', stage: 'down', phase: 'begun' } as const;
  const long = { type: 'closed', result: 'x'.repeat(6000) } as const;

  test('a note is lost without a word, so that a teardown goes on', () => {
    disk.fill();
    expect(() => journal().note(told)).not.toThrow();
    expect(journal().read()).toEqual([]);
  });

  test('a line that somebody depends on is refused, and says what is full', () => {
    disk.fill();
    expect(() => journal().write(told)).toThrow(matching({ code: 'disk-full-here', exit: 'provider' }));
  });

  test('a line for which there is room in part is refused too, and what comes later is whole', () => {
    const one = journal();
    one.write(told);
    expect(() => one.write(long)).not.toThrow();
    expect(() => one.write(long)).toThrow(matching({ code: 'disk-full-here' }));
    disk.grow();
    one.note(told);
    expect(one.read().map(({ type }) => type)).toEqual(['stage', 'closed', 'stage']);
  });

  test('a note that fails for another reason is no secret', () => {
    expect(() => new Journal(disk.file('no/such/folder')).note(told)).toThrow(matching({ code: 'ENOENT' }));
  });
});
