import { UserError } from '../errors';
import type { Prepared } from '../job/prepare';
import type { Surroundings } from './command';
import { confirm } from './confirm';
import { planLines } from './plan-table';

/** Shows the plan and gets the user's word for it, before money is spent. Throws `not-agreed`. */
export async function agree(yes: boolean, prepared: Prepared, { output }: Surroundings): Promise<void> {
  if (prepared.plan !== null) for (const line of planLines(prepared.plan)) output.talk(line);
  if (yes) return;
  if (await confirm(output, `Rent ${prepared.request.lease.size} from ${prepared.plan?.title ?? ''}?`)) return;
  throw new UserError({
    code: 'not-agreed',
    what: 'Nothing was created',
    why: process.stdin.isTTY ? 'the plan was not agreed to' : 'nobody is there to agree to the plan',
    fix: 'say --yes to agree beforehand',
    exit: 'input',
  });
}
