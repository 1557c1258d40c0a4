/** The cloud's clock: real time, and what a test adds to it. Timers fire when their moment comes in either way. */
export class Clock {
  private ahead = 0;
  private readonly timers = new Map<number, { at: number; run: () => void; timeout: NodeJS.Timeout }>();
  private next = 1;
  /** How far ahead each timer was armed, minutes: also those that were called off since. */
  readonly armed: number[] = [];

  now(): number {
    return Date.now() + this.ahead;
  }

  /** Runs `run` at `at` (milliseconds since 1970, of this clock); answers the timer's number. */
  at(at: number, run: () => void): number {
    const id = this.next++;
    this.armed.push((at - this.now()) / 60_000);
    this.timers.set(id, { at, run, timeout: this.arm(id, at) });
    return id;
  }

  cancel(id: number): void {
    const timer = this.timers.get(id);
    if (timer) clearTimeout(timer.timeout);
    this.timers.delete(id);
  }

  /** Lets `minutes` pass at once; what was due by then has begun to fire when this returns. */
  advance(minutes: number): void {
    this.ahead += minutes * 60_000;
    for (const [id, timer] of [...this.timers].sort(([, a], [, b]) => a.at - b.at)) {
      clearTimeout(timer.timeout);
      if (timer.at <= this.now()) this.fire(id);
      else timer.timeout = this.arm(id, timer.at);
    }
  }

  stop(): void {
    for (const id of [...this.timers.keys()]) this.cancel(id);
  }

  private arm(id: number, at: number): NodeJS.Timeout {
    // A timeout of node's holds 24.8 days at most; what is further away waits for another turn.
    return setTimeout(() => this.fire(id), Math.min(Math.max(0, at - this.now()), 2 ** 31 - 1));
  }

  private fire(id: number): void {
    const timer = this.timers.get(id);
    if (!timer) return;
    if (timer.at > this.now()) {
      timer.timeout = this.arm(id, timer.at);
      return;
    }
    this.timers.delete(id);
    timer.run();
  }
}
