import { minutesLeft } from '../../src/job/lease';

const begin = Date.parse('2026-11-28T11:28:30Z');
const expiresAt = '2026-11-28T12:28:30Z';
const after = (minutes: number): number => begin + minutes * 60_000;

describe('the minutes of a machine whose timers count from its own beginning', () => {
  it.each([
    ['at once: all of them', 0.2, 60],
    ['after a try in another zone: what is left', 7.4, 53],
    ['at the very end: one, the least that a timer can be', 60.5, 1],
    ['with a clock that went back: never more than were asked for', -30, 60],
  ])('%s', (_when, minutes, left) => {
    expect(minutesLeft(expiresAt, 60, after(minutes))).toBe(left);
  });
});
