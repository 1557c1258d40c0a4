import { rentalsOf } from '../../src/job/rentals';
import type { DatedEntry, JournalEntry } from '../../src/job/journal';

const time = (second: number): string => new Date(Date.UTC(2026, 10, 28, 12, 0, second)).toISOString();

function journal(...lines: readonly (readonly [number, JournalEntry])[]): DatedEntry[] {
  return lines.map(([second, entry]) => ({ at: time(second), ...entry }));
}
const intent = (size: string): JournalEntry => ({ type: 'intent', what: 'create-machine', region: 'r', size });
const billing = (what: 'asked' | 'made' | 'gone', second: number): JournalEntry => ({
  ...{ type: 'billing', what, since: time(second) },
});
const found = (machines: number): JournalEntry => ({ type: 'found', machines });
const teardown = (second: number, left: readonly { type: string; id: string }[] = []): JournalEntry => ({
  ...{ type: 'teardown', checkedAt: time(second), left },
});

describe('what a journal says of rented machines', () => {
  it('is from the moment in which the engine asked to that in which the last thing that bills was gone', () => {
    const entries = journal(
      ...([
        [0, intent('big')],
        [4, billing('asked', 3)],
        [5, billing('asked', 4)],
        [9, billing('made', 9)],
        [30, billing('gone', 30)],
        [31, billing('gone', 31)],
        [40, teardown(40)],
      ] as const),
    );
    expect(rentalsOf(entries)).toEqual([{ region: 'r', size: 'big', from: time(3), until: time(31) }]);
  });

  it('leaves out what was refused and proven not to be there, and keeps what was had after it', () => {
    const refused = [
      [0, intent('big')],
      [3, billing('asked', 3)],
      [6, teardown(6)],
    ] as const;
    const had = [
      [7, intent('small')],
      [8, billing('asked', 8)],
      [9, billing('made', 9)],
    ] as const;
    expect(rentalsOf(journal(...refused))).toEqual([]);
    expect(rentalsOf(journal(...refused, ...had))).toEqual([
      { region: 'r', size: 'small', from: time(8), until: null },
    ]);
  });

  it.each([
    ['nobody knows whether it came to be', [[3, billing('asked', 3)]], time(3), null],
    ['the request was never seen to leave', [], time(0), null],
    ['a teardown left something', [[9, teardown(9, [{ type: 'machine', id: '1' }])]], time(0), null],
    [
      'only a sweep could delete it',
      [
        [9, found(1)],
        [12, teardown(12)],
      ],
      time(0),
      time(12),
    ],
    [
      'a sweep found something else after the delete',
      [
        [8, billing('gone', 8)],
        [9, found(0)],
        [12, teardown(12)],
      ],
      time(0),
      time(12),
    ],
    [
      'only its delete was seen',
      [
        [8, billing('gone', 8)],
        [9, teardown(9)],
      ],
      time(0),
      time(8),
    ],
  ] as const)('counts on the safe side when %s', (_what, lines, from, until) => {
    expect(rentalsOf(journal([0, intent('big')], ...lines))).toEqual([{ region: 'r', size: 'big', from, until }]);
  });

  it('counts the machine that a lost answer made besides, however often a sweep sees it', () => {
    const known = { region: 'r', size: 'big', from: time(0) };
    const sweeps = [
      [9, found(1)],
      [10, found(1)],
    ] as const;
    const entries = journal([0, intent('big')], [8, billing('gone', 8)], ...sweeps);
    expect(rentalsOf(entries)).toEqual([
      { ...known, until: null },
      { ...known, until: null },
    ]);
    expect(rentalsOf([...entries, ...journal([12, teardown(12)])])).toEqual([
      { ...known, until: time(12) },
      { ...known, until: time(12) },
    ]);
  });
});
