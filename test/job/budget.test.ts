import { outOfTime, watchBudget } from '../../src/job/budget';
import type { JobEvent } from '../../src/job/events';
import type { JobRequest } from '../../src/job/request';

const begun = Date.parse('2026-11-28T12:00:00Z');
const lease = { ttlMinutes: 60, pricePerHour: 0.5, currency: 'USD' };
const request = { job: 'cv-20261128-120000-7f3a9c', lease } as unknown as JobRequest;
const expiresAt = new Date(begun + 3_600_000).toISOString();

beforeEach(() => void jest.useFakeTimers({ now: begun }));
afterEach(() => void jest.useRealTimers());

describe('the time of a job', () => {
  let events: JobEvent[];
  let reasons: unknown[];
  let stop: () => void;
  beforeEach(() => {
    [events, reasons] = [[], []];
    const interruption = { windUp: (reason: unknown, grace: number) => void reasons.push([reason, grace]) };
    stop = watchBudget(request, expiresAt, { emit: (event) => void events.push(event) }, interruption);
  });
  afterEach(() => stop());
  const codes = (): unknown[] => events.map((event) => (event.type === 'warning' ? event.code : event.type));

  test('is not spoken of before 80 %', () => {
    jest.advanceTimersByTime(48 * 60_000);
    expect([...events, ...reasons]).toEqual([]);
  });

  test('at 80 %: one warning, with the money', () => {
    jest.advanceTimersByTime(58 * 60_000);
    expect(codes()).toEqual(['time-nearly-over']);
    expect(events[0]).toMatchObject({ message: expect.stringMatching(/80 % .*0\.40.* 719 s are left/) as string });
    expect(reasons).toEqual([]);
  });

  test('half a minute before its end the work is ended, once, and can be resumed', () => {
    jest.advanceTimersByTime(59.5 * 60_000 + 2000);
    expect(codes()).toEqual(['time-nearly-over', 'time-over']);
    expect(events[1]).toMatchObject({ message: expect.stringContaining('30 s (Ctrl-C ends the wait)') as string });
    expect(reasons).toEqual([[outOfTime(request), 30]]);
    expect(outOfTime(request)).toMatchObject({ exit: 'budget', fix: expect.stringContaining('resume cv-') as string });
  });

  test('a computer that slept through its end is told of the end alone', () => {
    jest.setSystemTime(begun + 24 * 3_600_000);
    jest.advanceTimersByTime(3000);
    expect(codes()).toEqual(['time-over']);
    expect(reasons.length).toBe(1);
  });

  test('is over at its time also when the clock is put back meanwhile', () => {
    jest.advanceTimersByTime(30 * 60_000);
    jest.setSystemTime(begun - 24 * 3_600_000);
    jest.advanceTimersByTime(29.5 * 60_000 + 2000);
    expect(codes()).toEqual(['time-nearly-over', 'time-over']);
    expect(reasons.length).toBe(1);
  });

  test('is not watched after the work', () => {
    stop();
    jest.advanceTimersByTime(2 * 3_600_000);
    expect([...events, ...reasons]).toEqual([]);
  });
});
