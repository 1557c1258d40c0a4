import type { JobEvent } from '../job/events';
import type { JobStage } from '../job/journal';
import { words } from './progress';

/** Where a job is, from its own events: for somebody who asks in the middle by pressing Ctrl-C again. */
export class Course {
  private readonly running = new Map<JobStage, { readonly since: number; note: string | null }>();
  private isTornDown = false;

  constructor(private readonly now: () => number = () => performance.now()) {}

  hear(event: JobEvent): void {
    if (event.type !== 'stage') return;
    const { stage } = event;
    if (event.phase === 'begun') this.running.set(stage, { since: this.now(), note: null });
    if (event.phase === 'progress') {
      const at = this.running.get(stage);
      if (at !== undefined) at.note = event.note ?? null;
    }
    if (event.phase === 'ended') {
      this.running.delete(stage);
      if (stage === 'down') this.isTornDown = true;
    }
  }

  /** What is being waited for, and since when: the teardown, or what must come to an end before it can begin. */
  say(): string {
    if (this.isTornDown) return 'the teardown is over; the receipt is being written';
    const down = this.running.get('down');
    if (down !== undefined) return `tearing down ${this.sinceOf(down)}`;
    const stages = [...this.running].map(([stage, at]) => `${words[stage]}, ${this.sinceOf(at)}`);
    if (stages.length === 0) return 'the teardown begins in a moment';
    return `the teardown begins when what runs now has ended (${stages.join('; ')})`;
  }

  private sinceOf({ since, note }: { readonly since: number; readonly note: string | null }): string {
    const seconds = Math.round((this.now() - since) / 1000);
    return `for ${seconds} s now${note === null ? '' : `: ${note}`}`;
  }
}

/** The answer to a signal that ends a job: the first says what begins and how long it takes, each further one what it is at. */
export function answerTo(
  { signal, repeat }: { signal: string; repeat: number },
  job: string,
  usualSeconds: number,
  course: Course,
): string {
  if (repeat === 0) return `${signal}: stopping, and tearing down (about ${usualSeconds} s)`;
  return `${signal} again: ${course.say()}; \`cvicast down ${job}\` finishes it from elsewhere`;
}
