import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { UserError } from '../errors';
import { checkCidrs } from './caller-address';
import { JobFolder } from './folder';
import { isOpen } from './listing';
import { outputPaths } from './outputs';
import { keptFile, keptFiles } from './pipeline';
import { prepare, type PrepareContext, type Prepared } from './prepare';
import { isForeign, isRunning, markOf } from './process-mark';
import type { ConvertWish, JobRequest } from './request';

function requestOf(folder: JobFolder): JobRequest {
  const request = folder.readRequest();
  if (request !== null) return request;
  throw new UserError({
    code: 'job-unreadable',
    what: `What ${folder.job} was asked to do is not known any more`,
    why: 'its request.json is missing or damaged',
    fix: `run \`cvicast down ${folder.job}\`, then convert again`,
    exit: 'input',
  });
}

function refuseIfHeld(folder: JobFolder): void {
  const { holder, closed } = folder.facts();
  if (closed !== null || holder === null || !isRunning(holder)) return;
  if (isForeign(holder)) {
    throw new UserError({
      code: 'job-in-use',
      what: `Process ${holder.pid} of the computer ${holder.host} works on ${folder.job}`,
      why: 'one process at a time may lead a job, and whether that one still runs cannot be told from here',
      fix:
        `watch it there; where it is gone, or this computer was called ${holder.host} before it was started anew, ` +
        `\`cvicast down ${folder.job}\` ends what it has and \`cvicast resume ${folder.job}\` goes on`,
      exit: 'input',
    });
  }
  throw new UserError({
    code: 'job-in-use',
    what: `Process ${holder.pid} works on ${folder.job}`,
    why: 'one process at a time may lead a job',
    fix: 'watch it there, or end that process first',
    exit: 'input',
  });
}

/** Whether the results that stand in the output folder are this job's own, so that going on may replace them. */
function ownResults(request: JobRequest): boolean {
  const { receipt } = outputPaths(request.out, path.parse(request.model.path).name, request.options.quantize);
  try {
    return (JSON.parse(fs.readFileSync(receipt, 'utf8')) as { job?: unknown }).job === request.job;
  } catch {
    return request.wish.force;
  }
}

/** The request with others that port 22 should be open for, when some are named. */
function withDoor(request: JobRequest, allowCidrs: readonly string[] | undefined): JobRequest {
  if (allowCidrs === undefined) return request;
  return { ...request, wish: { ...request.wish, allowCidrs: checkCidrs(allowCidrs) } };
}

/**
 * Takes over a job whose client is gone while its machine lives, perhaps from another address. Throws `job-over`, `job-in-use`, or `inputs-changed`
 * when model or pictures are not what they were.
 */
export async function takeOver(
  job: string,
  changes: { readonly allowCidrs?: readonly string[] },
  context: PrepareContext,
): Promise<{ folder: JobFolder; prepared: Prepared }> {
  const folder = JobFolder.open(context.home, job);
  const request = withDoor(requestOf(folder), changes.allowCidrs);
  const facts = folder.facts();
  if (
    !isOpen(facts) ||
    facts.closed !== null ||
    facts.teardown !== null ||
    (facts.machine === null && request.host === null)
  ) {
    throw new UserError({
      code: 'job-over',
      what: `There is no machine of ${job} to attach to`,
      why: facts.machine === null ? 'it never had one' : 'it was torn down',
      fix: `\`cvicast resume ${job}\` does it again on a new machine, with the calibration table if it came home`,
      exit: 'input',
    });
  }
  refuseIfHeld(folder);
  folder.journal.write({ type: 'holder', process: markOf() });
  const again = await prepare(
    {
      ...request.wish,
      provider: request.provider === 'host' ? request.wish.provider : request.provider,
      // Where we are is asked when the machine keeps us out, not now.
      allowCidrs: request.lease.allowCidrs,
      force: true,
    },
    context,
  );
  if (again.request.tableKey !== request.tableKey) {
    throw new UserError({
      code: 'inputs-changed',
      what: `The inputs of ${job} have changed since it began`,
      why: 'the model, the pictures or the options are not what they were',
      fix: `run \`cvicast down ${job}\`, then convert again`,
      exit: 'input',
    });
  }
  if (changes.allowCidrs !== undefined) folder.writeRequest(request);
  return { folder, prepared: { ...again, request, takenOver: [] } };
}

/**
 * A new job that does again what an earlier one did not end, on a new machine. The calibration table that came home is taken
 * over when model, pictures, options and toolchain hash the same; `changes` may name another place, bound or time.
 */
export async function goOn(job: string, changes: Partial<ConvertWish>, context: PrepareContext): Promise<Prepared> {
  const earlier = JobFolder.open(context.home, job);
  const request = requestOf(earlier);
  const facts = earlier.facts();
  refuseIfHeld(earlier);
  if (facts.closed?.result === 'delivered') {
    throw new UserError({
      code: 'job-over',
      what: `${job} has delivered`,
      why: 'nothing is left to do',
      fix: `see ${request.out}`,
      exit: 'input',
    });
  }
  if (isOpen(facts)) {
    throw new UserError({
      code: 'job-alive',
      what: `${job} may still have a machine`,
      why: 'it was not torn down',
      fix: `\`cvicast attach ${job}\` goes on with it; \`cvicast down ${job}\` ends it`,
      exit: 'input',
    });
  }
  const prepared = await prepare(
    { ...request.wish, ...changes, force: request.wish.force || ownResults(request) },
    context,
  );
  const same =
    prepared.request.tableKey === request.tableKey &&
    JSON.stringify(prepared.request.options) === JSON.stringify(request.options);
  const kept = same ? keptFiles(earlier) : [];
  const warnings = same
    ? prepared.warnings
    : [...prepared.warnings, 'model, pictures or options have changed since the earlier job: it starts anew'];
  return {
    ...prepared,
    request: { ...prepared.request, resumedFrom: job },
    warnings,
    takenOver:
      kept.length === 0
        ? prepared.takenOver
        : kept.map((name) => ({ name, path: keptFile(earlier, name), sha256: hashOfFile(keptFile(earlier, name)) })),
  };
}

function hashOfFile(file: string): string {
  return createHash('sha256').update(fs.readFileSync(file)).digest('hex');
}
