import * as fs from 'node:fs';
import * as path from 'node:path';
import { together } from '../cloud/together';
import { findEngine } from '../engine/find';
import { UserError } from '../errors';
import { connect, type Machine } from '../machine';
import { homeFolder } from '../paths';
import type { Receipt } from '../report/receipt';
import { cvimodelFile } from '../tpumlir';
import { bootstrap, remoteJobFolder, type Ready } from './bootstrap';
import { watchBudget } from './budget';
import { doorOf, type Door } from './door';
import { deliver, deliverLogs, deliverReceipt } from './deliver';
import { stillAlive } from './down';
import type { JobContext } from './events';
import { JobFolder } from './folder';
import { inHome } from './home-trouble';
import type { Interruption } from './interruption';
import type { LeftOver } from './journal';
import { lease, targetOf } from './lease';
import { ownTarget } from './own-host';
import { keptFile, runPipeline, type PipelineResult } from './pipeline';
import { placeOf } from './place';
import type { Prepared } from './prepare';
import { markOf } from './process-mark';
import { buildReceipt } from './receipt';
import { filesToSend } from './sending';
import { StageRunner } from './stages';
import { teardown } from './teardown';
import { ensureWatchdog, startWatchdog } from './watchdog';
import { withWayOn } from './way-on';

export interface Outcome {
  readonly receipt: Receipt;
  /** Why the job ended otherwise than delivered; null when it delivered and nothing is left. */
  readonly failure: unknown;
}

/**
 * Opens a job: its folder, its request and its holder are on the disk, and its watchdog runs, before anything is created.
 * Throws a `UserError` where cvicast's folder takes nothing, and leaves no half job there.
 */
export function openJob(home: string, prepared: Prepared, env: NodeJS.ProcessEnv): JobFolder {
  return inHome(home, () => {
    try {
      const folder = JobFolder.create(home, prepared.request.job);
      fillFolder(folder, prepared, env);
      return folder;
    } catch (thrown) {
      // A watchdog that runs already finds nothing to watch, and ends.
      fs.rmSync(path.join(homeFolder.jobs(home), prepared.request.job), { recursive: true, force: true });
      throw thrown;
    }
  });
}

function fillFolder(folder: JobFolder, prepared: Prepared, env: NodeJS.ProcessEnv): void {
  const { request } = prepared;
  folder.writeRequest(request);
  folder.journal.write({ type: 'holder', process: markOf() });
  folder.journal.write({
    type: 'opened',
    provider: request.provider,
    region: request.lease.region,
    size: request.lease.size,
    pricePerHour: request.lease.pricePerHour,
    currency: request.lease.currency,
    expiresAt: new Date(Date.now() + request.lease.ttlMinutes * 60_000).toISOString(),
    toolchain: request.toolchain,
  });
  for (const file of prepared.takenOver) {
    const kept = keptFile(folder, file.name);
    fs.mkdirSync(path.dirname(kept), { recursive: true });
    fs.copyFileSync(file.path, kept);
    folder.journal.write({ type: 'file', name: file.name, sha256: file.sha256 });
  }
  startWatchdog(folder, env);
}

/** Opens a job that an earlier process opened: it has a watchdog again, should that one's be gone too. */
export function reopenJob(folder: JobFolder, env: NodeJS.ProcessEnv): JobFolder {
  ensureWatchdog(folder, env);
  return folder;
}

/**
 * Runs a job from wherever it stands to its end: a machine (a new one, or the one it has), toolchain and files, the
 * pipeline, the results home, and in any case the teardown and the receipt. Does not throw for a failed job.
 */
export async function runJob(
  folder: JobFolder,
  prepared: Prepared,
  context: JobContext,
  interruption: Interruption,
): Promise<Outcome> {
  const { request } = prepared;
  const stages = new StageRunner(folder, context);
  const startedAt = new Date();
  const expiresAt = folder.facts().opened?.expiresAt ?? startedAt.toISOString();
  context.emit({
    type: 'job',
    job: request.job,
    provider: request.host?.host ?? request.provider,
    folder: folder.path,
    expiresAt,
  });
  const stopWatching = watchBudget(request, expiresAt, context, interruption);
  const done: { ready?: Ready; result?: PipelineResult; delivered?: ReturnType<typeof deliver> } = {};
  let failure: unknown = null;
  const door = doorOf(folder, request, context);
  let machine: Machine | undefined;
  try {
    machine = await reach(folder, request, door, stages, context);
    done.ready = await prepareMachine(machine, folder, prepared, stages, context);
    const { homeward } = interruption;
    done.result = await runPipeline(machine, done.ready.toolchain, request, folder, stages, { ...context, homeward });
    done.delivered = await stages.run('fetch', () =>
      Promise.resolve(deliver(folder, prepared, cvimodelFile(request.options))),
    );
  } catch (thrown) {
    failure = context.signal.aborted ? context.signal.reason : withWayOn(thrown, request);
    folder.journal.note({ type: 'failed', ...failureEntry(failure) });
  } finally {
    stopWatching();
    await machine?.close();
    // An update that is under way must not bring back what the teardown takes away.
    await door?.settled();
  }
  const left = await tearDown(folder, stages, context);
  const engine = request.host === null ? await findEngine({ env: context.env, home: context.home }) : null;
  const receipt = buildReceipt(
    {
      ...{ folder, prepared, stages: stages.records, commands: stages.commands, engine: engine?.version ?? null },
      ...{ startedAt, ...done, failure, left },
    },
    context,
  );
  try {
    // The receipt first: by it a later `resume` knows the rest for this job's own, which it may write over.
    deliverReceipt(folder, prepared, receipt, prepared.commandsText);
    deliverLogs(folder, prepared);
  } catch (thrown) {
    // Why the job failed, and what it left, is the greater news.
    failure ??= thrown;
  }
  if (left.length === 0) {
    if (failure === null) fs.rmSync(folder.kept, { recursive: true, force: true });
    folder.journal.note({ type: 'closed', result: receipt.result });
  }
  return { receipt, failure: left.length > 0 ? stillAlive(request.job, left) : failure };
}

function failureEntry(thrown: unknown): { code: string; what: string; why: string; fix: string; exit: string } {
  if (thrown instanceof UserError) {
    const { code, what, why, fix, exit } = thrown;
    return { code, what, why, fix, exit };
  }
  return { code: 'bug', what: 'cvicast failed', why: String(thrown), fix: 'report it', exit: 'bug' };
}

/** How long a machine may be out of reach, and a line silent, seconds. Shortened in tests. */
function linePatience(env: NodeJS.ProcessEnv): { deadlineSeconds: number; stallSeconds: number } {
  const deadlineSeconds = Number(env['CVICAST_LINE_SECONDS'] ?? 180);
  return { deadlineSeconds, stallSeconds: deadlineSeconds / 6 };
}

async function reach(
  folder: JobFolder,
  request: Prepared['request'],
  door: Door | null,
  stages: StageRunner,
  context: JobContext,
): Promise<Machine> {
  return stages.run('up', async () => {
    const settings = {
      jobFolder: remoteJobFolder(request.job),
      signal: context.signal,
      ...linePatience(context.env),
      ...(door === null ? {} : { clearWay: door.look }),
    };
    if (request.host !== null) {
      const target = await ownTarget(request.host, context.env);
      folder.journal.write({
        type: 'intent',
        what: 'create-machine',
        region: request.lease.region,
        size: request.lease.size,
      });
      // A key that the user's own machine refuses now, it refuses in a minute too.
      const machine = await connect(target, { ...settings, deadlineSeconds: 60, loginSeconds: 5 });
      const { address, port, user } = target;
      folder.journal.write({ type: 'machine', address, port, user, machineId: address });
      return machine;
    }
    const target =
      targetOf(folder, request) ?? (await lease(folder, request, placeOf(request.provider, context), context));
    return connect(target, settings);
  });
}

/** Toolchain and files at the same time: the one waits for the machine's network, the other for the user's. */
async function prepareMachine(
  machine: Machine,
  folder: JobFolder,
  prepared: Prepared,
  stages: StageRunner,
  context: JobContext,
): Promise<Ready> {
  const sending = stages.run('send', async (progress) => {
    const files = await filesToSend(folder, prepared);
    await machine.send(files, '.', {
      signal: context.signal,
      onProgress: ({ doneBytes, totalBytes }) => progress(totalBytes === 0 ? 1 : doneBytes / totalBytes),
    });
  });
  const installing = stages.run('bootstrap', (progress) =>
    bootstrap(machine, prepared.request, folder, context, progress),
  );
  const [ready] = await together<Ready | undefined>([installing, sending.then(() => undefined)]);
  return ready as Ready;
}

/** The teardown of the client itself: nothing aborts it. */
async function tearDown(folder: JobFolder, stages: StageRunner, context: JobContext): Promise<readonly LeftOver[]> {
  const unstoppable: JobContext = { ...context, signal: new AbortController().signal };
  try {
    return await stages.run('down', () => teardown(folder, unstoppable));
  } catch (thrown) {
    return [{ type: 'job', id: folder.job, why: String(thrown) }];
  }
}
