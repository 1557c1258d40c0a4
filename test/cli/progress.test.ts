import { stripVTControlCharacters } from 'node:util';
import { Output, type OutputOptions } from '../../src/cli/output';
import { renderer } from '../../src/cli/progress';
import type { JobEvent } from '../../src/job/events';

const events: readonly JobEvent[] = [
  { type: 'stage', stage: 'calibrate', phase: 'begun' },
  ...[0.1, 0.3, 0.31, 0.8, 1].map((fraction): JobEvent => ({
    type: 'stage',
    stage: 'calibrate',
    phase: 'progress',
    fraction,
    note: 'tuning',
  })),
  { type: 'warning', code: 'all-zero-layers', message: 'a layer saw only zeros' },
  { type: 'stage', stage: 'calibrate', phase: 'ended', seconds: 7.31, result: 'done' },
  { type: 'stage', stage: 'deploy', phase: 'begun' },
  { type: 'stage', stage: 'deploy', phase: 'progress', fraction: null, note: 'quantised' },
  { type: 'stage', stage: 'deploy', phase: 'ended', seconds: 1, result: 'failed' },
];

/** What the events write to stdout and stderr. */
function written(
  terminal: boolean,
  options: Partial<OutputOptions> = {},
  env: NodeJS.ProcessEnv = {},
): { out: string; talk: string } {
  const texts = { out: '', talk: '' };
  const stream = (name: 'out' | 'talk'): NodeJS.WriteStream =>
    ({
      ...{ isTTY: terminal, columns: 60 },
      write: (text: string) => {
        texts[name] += text;
        return true;
      },
    }) as unknown as NodeJS.WriteStream;
  const output = new Output({ json: false, quiet: false, ...options }, stream('out'), stream('talk'), env);
  events.forEach(renderer(output));
  return texts;
}

const lines = (text: string): string[] => text.split('\n').slice(0, -1);

test('without a terminal: plain lines, one at each end of a stage and at each quarter', () => {
  const { out, talk } = written(false);
  expect(out).toBe('');
  expect(lines(talk)).toEqual([
    'calibrate calibrating',
    'calibrate 30 %',
    'calibrate 80 %',
    'warning: a layer saw only zeros',
    'calibrate 7.3 s',
    'deploy    quantising for the chip',
    'deploy    failed',
  ]);
});

test('on a terminal: one line a stage, rewritten while it runs, in colours', () => {
  const { talk } = written(true);
  expect(talk).toContain('\r\u001b[Kcalibrate calibrating… 30 % tuning');
  expect(talk).toContain('\r\u001b[Kdeploy    quantising for the chip… quantised');
  const stay = lines(talk).map((line) => line.split('\r\u001b[K').at(-1));
  expect(stay).toEqual([
    '\u001b[33mwarning:\u001b[0m a layer saw only zeros',
    '\u001b[32mcalibrate\u001b[0m 7.3 s',
    '\u001b[31mdeploy   \u001b[0m failed',
  ]);
});

test('NO_COLOR: the same lines on a terminal, no colours', () => {
  const plain = written(true, {}, { NO_COLOR: '1' }).talk;
  expect(plain).not.toMatch(/\[[0-9]+m/);
  expect(stripVTControlCharacters(plain)).toBe(stripVTControlCharacters(written(true).talk));
});

test.each([true, false])('--quiet says nothing (terminal: %s)', (terminal) => {
  expect(written(terminal, { quiet: true })).toEqual({ out: '', talk: '' });
});

test('--json: every event is a line of JSON with its time, and stderr has plain lines', () => {
  const { out, talk } = written(true, { json: true });
  const told = lines(out).map((line) => JSON.parse(line) as { at: string });
  expect(told).toEqual(events.map((event) => ({ ...event, at: expect.any(String) as string })));
  expect(talk).not.toContain('\r');
});
