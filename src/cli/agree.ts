import { UserError } from '../errors';
import { firstFitting } from '../job/preflight';
import type { Prepared } from '../job/prepare';
import type { Surroundings } from './command';
import { confirm } from './confirm';
import { planLines } from './plan-table';

/**
 * The job with the user's word for it, before money is spent: the cloud is asked what it would refuse, and the plan that
 * is shown is that of the machine which is really asked for. Throws `not-agreed`, and what no other choice mends.
 */
export async function agreed(prepared: Prepared, yes: boolean, around: Surroundings): Promise<Prepared> {
  if (prepared.plan === null || prepared.plan.provider === 'local') return prepared;
  const { output } = around;
  const fitting = await firstFitting(prepared, around);
  for (const warning of fitting.warnings) output.talk(`${output.paint('yellow', 'warning:')} ${warning}`);
  const { plan, request } = fitting.prepared;
  if (plan !== null) for (const line of planLines(plan)) output.talk(line);
  if (yes || (await confirm(output, `Rent ${request.lease.size} from ${plan?.title ?? ''}?`))) return fitting.prepared;
  throw new UserError({
    code: 'not-agreed',
    what: 'Nothing was created',
    why: process.stdin.isTTY ? 'the plan was not agreed to' : 'nobody is there to agree to the plan',
    fix: 'say --yes to agree beforehand',
    exit: 'input',
  });
}
