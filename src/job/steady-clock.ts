/**
 * A clock for what must end in time: milliseconds since 1970 that a clock which is put back does not hold up. It is the
 * later of what the computer's clock says, and of what it said at first with the time that has passed since: the one
 * goes on while the computer sleeps, the other whatever somebody (or a time server) sets.
 */
export function steadyClock(): () => number {
  const offset = Date.now() - performance.now();
  return () => Math.max(Date.now(), offset + performance.now());
}
