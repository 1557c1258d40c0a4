import { exitCode } from '../errors';
import { requireEngine } from '../job/engine';
import type { JobEvent } from '../job/events';
import { Interruption, type StopSignal } from '../job/interruption';
import { openJob, reopenJob, runJob } from '../job/run';
import type { JobFolder } from '../job/folder';
import type { Prepared } from '../job/prepare';
import { belowGate } from '../job/quality';
import { receiptLines } from '../report/receipt';
import type { Surroundings } from './command';
import { answerTo, Course } from './course';
import { renderer } from './progress';

export type Undertaking =
  | { readonly kind: 'new'; readonly prepared: Prepared }
  | { readonly kind: 'attach'; readonly prepared: Prepared; readonly folder: JobFolder };

/** How long a teardown takes, seconds, as it is told to somebody who waits for it. */
const usualTeardownSeconds = { local: 5, host: 5, cloud: 60 } as const;

/** Runs a job under the eyes of the user: signals, progress, receipt, exit code. */
export async function performJob(undertaking: Undertaking, { output, home, env }: Surroundings): Promise<number> {
  const { prepared } = undertaking;
  const { job, provider } = prepared.request;
  if (prepared.request.host === null) await requireEngine(home, env, (line) => output.talk(line));
  const seconds = usualTeardownSeconds[provider === 'local' || provider === 'host' ? provider : 'cloud'];
  const course = new Course();
  const render = renderer(output);
  const emit = (event: JobEvent): void => {
    course.hear(event);
    render(event);
  };
  const interruption = new Interruption(job, (signal: StopSignal, repeat: number) => {
    output.urgent(answerTo({ signal, repeat }, job, seconds, course));
  }).listen();
  try {
    const folder = undertaking.kind === 'attach' ? reopenJob(undertaking.folder, env) : openJob(home, prepared, env);
    const { receipt, failure } = await runJob(
      folder,
      prepared,
      { home, env, emit, signal: interruption.signal },
      interruption,
    );
    output.object({ type: 'receipt', ...receipt });
    if (failure !== null) return output.failure(failure);
    output.result(receiptLines(receipt).join('\n'));
    output.result(`receipt     ${prepared.outputs.page}`);
    if (interruption.fault !== null) return output.trouble(interruption.fault);
    const poor = belowGate(receipt);
    return poor === null ? exitCode.done : output.failure(poor);
  } finally {
    interruption.release();
  }
}
