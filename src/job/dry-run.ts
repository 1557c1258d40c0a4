import type { PlanRow } from '../cloud/plan';
import { quote } from '../machine';
import type { Receipt } from '../report/receipt';
import { installFor } from './bootstrap';
import { commandLines } from './pipeline';
import type { Prepared } from './prepare';
import { inputsOf } from './receipt';
import type { JobRequest } from './request';

/** The receipt of a conversion that was only shown: what would run, and that nothing was made. */
export type DryRunReceipt = Omit<Receipt, 'job'> & {
  /** There is none: nothing was begun. */
  readonly job: null;
  readonly result: 'dry-run';
  /** What it would create, take and cost; null on a machine of the user's. */
  readonly plan: PlanRow | null;
};

/** The exact command lines that would run on the machine, in order, quoted for a POSIX shell. */
function dryRunCommands(request: JobRequest, home: string, env: NodeJS.ProcessEnv): string[] {
  const install = installFor(request, home, env);
  return [quote(install.argv), ...commandLines(request, install.toolchain(''))];
}

/** What a dry run has to say, in the form of every conversion's receipt. */
export function dryRunReceipt(
  { request, plan }: Prepared,
  { home, env }: { home: string; env: NodeJS.ProcessEnv },
): DryRunReceipt {
  const now = new Date().toISOString();
  return {
    schemaVersion: 1,
    job: null,
    result: 'dry-run',
    provider: request.provider,
    region: request.lease.region,
    size: request.lease.size,
    target: request.target,
    startedAt: now,
    endedAt: now,
    model: null,
    outputs: [],
    inputs: inputsOf(request),
    versions: {},
    commands: dryRunCommands(request, home, env),
    stages: [],
    similarity: null,
    qualityGate: null,
    calibration: null,
    cost: { estimate: request.lease.estimate, actual: 0, currency: request.lease.currency },
    teardown: { checkedAt: null, left: [] },
    problem: null,
    plan,
  };
}
