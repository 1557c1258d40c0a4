import { UserError } from '../errors';
import { moneyText } from '../report/receipt';
import type { JobContext } from './events';
import type { Interruption } from './interruption';
import type { JobRequest } from './request';
import { steadyClock } from './steady-clock';

/** Part of the time after which the user is warned. */
const warnAt = 0.8;
/** Left at the end for bringing home what is on its way, seconds; the teardown comes after it. */
const rescueSeconds = 30;

/** What the end of a job's time is called. */
export function outOfTime(request: JobRequest): UserError {
  const { ttlMinutes } = request.lease;
  return new UserError({
    code: 'out-of-time',
    what: `The job's time is over (${ttlMinutes} min${moneyOf(request, ttlMinutes * 60_000)})`,
    why: 'the conversion took longer than --timeout and --max-cost allow',
    fix: `\`cvicast resume ${request.job}\` does it again, with the calibration table if it came home; raise --timeout or --max-cost`,
    exit: 'budget',
  });
}

/** What a part of a job's time costs, to be read after it; nothing where it costs nothing. */
function moneyOf({ lease }: JobRequest, milliseconds: number): string {
  const { pricePerHour, currency } = lease;
  return pricePerHour > 0 ? `, ${moneyText((milliseconds / 3_600_000) * pricePerHour, currency)} at list price` : '';
}

/**
 * Watches elapsed time against what was paid for: warns once at 80 %, and ends the work half a minute before the
 * machine's timers do. Answers a function that stops watching.
 */
export function watchBudget(
  request: JobRequest,
  expiresAt: string,
  context: Pick<JobContext, 'emit'>,
  interruption: Pick<Interruption, 'windUp'>,
): () => void {
  const end = Date.parse(expiresAt);
  const now = steadyClock();
  const total = request.lease.ttlMinutes * 60_000;
  let warned = false;
  // The clock is looked at again and again: one long timer would miss a computer that slept or a clock that jumped.
  const timer = setInterval(() => {
    const left = end - now();
    if (left < Math.min(rescueSeconds * 1000, total * 0.1)) {
      clearInterval(timer);
      const message = `the job's time is over: what is on its way home has ${rescueSeconds} s (Ctrl-C ends the wait), then comes the teardown`;
      context.emit({ type: 'warning', code: 'time-over', message });
      interruption.windUp(outOfTime(request), rescueSeconds);
    } else if (!warned && left < total * (1 - warnAt)) {
      warned = true;
      const used = `80 % of the job's time is used${moneyOf(request, total - left)}`;
      const message = `${used}; ${Math.round(left / 1000)} s are left`;
      context.emit({ type: 'warning', code: 'time-nearly-over', message });
    }
  }, 1000);
  timer.unref();
  return () => clearInterval(timer);
}
