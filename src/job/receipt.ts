import { UserError } from '../errors';
import type { Receipt, WrittenFile } from '../report/receipt';
import { version } from '../version';
import type { Ready } from './bootstrap';
import type { JobFolder } from './folder';
import type { LeftOver } from './journal';
import { costOf } from './listing';
import type { PipelineResult } from './pipeline';
import type { Prepared } from './prepare';
import { qualityGate } from './quality';
import type { JobRequest } from './request';
import type { StageRecord } from './stages';

interface Facts {
  readonly folder: JobFolder;
  readonly prepared: Prepared;
  readonly stages: readonly StageRecord[];
  /** The command lines that were begun on the machine. */
  readonly commands: readonly string[];
  /** Version of the engine; null on a machine of the user's own, which needs none. */
  readonly engine: string | null;
  readonly startedAt: Date;
  readonly ready?: Ready;
  readonly result?: PipelineResult;
  readonly delivered?: readonly [WrittenFile, ...WrittenFile[]];
  readonly failure: unknown;
  readonly left: readonly LeftOver[];
}

/** The receipt of a job that is over, delivered or not. */
export function buildReceipt(facts: Facts, context: { home: string; env: NodeJS.ProcessEnv }): Receipt {
  const { folder, prepared, engine, ready, result, delivered, failure, left } = facts;
  const { request } = prepared;
  const journal = folder.facts();
  // Not always what was planned: a zone or size that is sold out is followed by the next.
  const had = journal.rentals.at(-1);
  return {
    schemaVersion: 1,
    job: request.job,
    result: failure === null ? 'delivered' : failure instanceof UserError ? failure.code : 'failed',
    provider: request.provider,
    region: had?.region ?? request.lease.region,
    size: had?.size ?? request.lease.size,
    target: request.target,
    startedAt: facts.startedAt.toISOString(),
    endedAt: new Date().toISOString(),
    model: delivered?.[0] ?? null,
    outputs: delivered ?? [],
    inputs: inputsOf(request),
    versions: { cvicast: version, ...(engine === null ? {} : { pulumi: engine }), ...ready?.versions },
    commands: facts.commands,
    stages: facts.stages,
    similarity: result?.similarity ?? null,
    qualityGate: qualityGate(request.wish.minCosine, result?.similarity),
    calibration:
      result === undefined || result.calibration === null
        ? null
        : { ...result.calibration, reused: result.tableReused, images: request.images.length },
    cost: {
      estimate: request.lease.estimate,
      actual: request.host === null ? costOf(journal, request.provider, context, Date.now()) : 0,
      currency: request.lease.currency,
    },
    teardown: { checkedAt: journal.teardown?.checkedAt ?? null, left },
    problem:
      failure instanceof UserError
        ? { code: failure.code, message: failure.what, cause: failure.why, fix: failure.fix }
        : null,
  };
}

/** What goes into a conversion: the model and its pictures. */
export function inputsOf({ model, testImage, images }: JobRequest): Receipt['inputs'] {
  const plain = ({ path, sha256, bytes }: JobRequest['model']) => ({ path, sha256, bytes });
  return [
    { kind: 'model', ...plain(model) },
    { kind: 'test-image', ...plain(testImage) },
    ...images.map((image) => ({ kind: 'image' as const, ...plain(image) })),
  ];
}
