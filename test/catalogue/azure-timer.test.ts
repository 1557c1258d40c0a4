import { shutdownTime } from '../../stacks/azure';

describe('the time of day at which Azure deallocates', () => {
  const now = Date.parse('2026-11-28T23:10:20.500Z');
  const after = (minutes: number): string => new Date(now + minutes * 60_000).toISOString();

  it('is the end of the job, rounded up to the minute, over midnight too', () => {
    expect(shutdownTime(after(45), now)).toBe('2356');
    expect(shutdownTime(after(60), now)).toBe('0011');
    expect(shutdownTime('2026-11-28T23:50:00.000Z', now)).toBe('2350');
  });

  it('is not sooner than the platform is sure to act on', () => {
    expect(shutdownTime(after(5), now)).toBe('2342');
  });

  it('is never so late that it would be read as today', () => {
    expect(shutdownTime(after(24 * 60), now)).toBe('2300');
  });
});
