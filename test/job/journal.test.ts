import * as fs from 'node:fs';
import * as path from 'node:path';
import { factsOf, Journal } from '../../src/job/journal';
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

  test('a failed stage is not done', () => {
    const one = journal();
    one.write({ type: 'stage', stage: 'transform', phase: 'ended', seconds: 1, result: 'done' });
    one.write({ type: 'stage', stage: 'deploy', phase: 'ended', seconds: 1, result: 'failed' });
    expect(factsOf(one.read())).toMatchObject({ stagesDone: ['transform'], stage: 'deploy' });
  });
});
