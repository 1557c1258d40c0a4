import { UserError } from '../errors';
import { moneyText } from '../report/receipt';
import type { JobContext } from './events';
import type { Interruption } from './interruption';
import type { JobRequest } from './request';

/** Part of the time after which the user is warned. */
const warnAt = 0.8;
/** Left at the end for bringing home what can be saved, and for the teardown, seconds. */
const rescueSeconds = 30;

/** What the end of a job's time is called. */
export function outOfTime(request: JobRequest): UserError {
  const { ttlMinutes, pricePerHour, currency } = request.lease;
  const money = pricePerHour > 0 ? `, ${moneyText((ttlMinutes / 60) * pricePerHour, currency)} at list price` : '';
  return new UserError({
    code: 'out-of-time',
    what: `The job's time is over (${ttlMinutes} min${money})`,
    why: 'the conversion took longer than --timeout and --max-cost allow',
    fix: `\`cvicast resume ${request.job}\` goes on from the last finished stage; raise --timeout or --max-cost`,
    exit: 'budget',
  });
}

/**
 * Watches elapsed time against what was paid for: warns at 80 %, and ends the work half a minute before the machine's
 * timers do. Answers a function that stops watching.
 */
export function watchBudget(
  request: JobRequest,
  expiresAt: string,
  context: JobContext,
  interruption: Interruption,
): () => void {
  const end = Date.parse(expiresAt);
  const total = request.lease.ttlMinutes * 60_000;
  let warned = false;
  // The clock is looked at again and again: one long timer would miss a computer that slept or a clock that jumped.
  const timer = setInterval(() => {
    const left = end - Date.now();
    if (!warned && left < total * (1 - warnAt)) {
      warned = true;
      context.emit({
        type: 'warning',
        code: 'time-nearly-over',
        message: `80 % of the job's time is used; ${Math.max(0, Math.round(left / 1000))} s are left`,
      });
    }
    if (left < Math.min(rescueSeconds * 1000, total * 0.1)) interruption.stop(outOfTime(request));
  }, 1000);
  timer.unref();
  return () => clearInterval(timer);
}
