import { until, type Cell } from '../faults/cell';
import { stages } from '../faults/stages';
import { watchdogOf, type Sample } from './watchdogs';

/** A watchdog that looks so often in a minute does what it does in a job of forty. */
const pollSeconds = 0.05;

/** Lets one conversion stand still for a while; answers what its watchdog held at the begin and at the end of it. */
export async function hold(cell: Cell, seconds: number): Promise<{ first: Sample; last: Sample; problems: string[] }> {
  await cell.next({ watchdogSeconds: pollSeconds });
  const stage = stages.find(({ name }) => name === 'transform')!;
  await stage.prepare(cell);
  const run = cell.start();
  await until('the conversion stands still', () => stage.reached(cell));
  const pause = (length: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, length * 1000));
  // What a young process loads and compiles is no growth.
  await pause(Math.min(10, seconds / 4));
  const first = watchdogOf(cell);
  await pause(seconds);
  const last = watchdogOf(cell);
  await stage.release(cell);
  const { code, stderr } = await run.ended;
  if (first === null || last === null) throw new Error('the job has no watchdog');
  const problems = code === 0 ? [] : [`the conversion that was held ended with ${String(code)}:\n${stderr}`];
  return { first, last, problems };
}
