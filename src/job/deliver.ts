import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { messageOf, UserError } from '../errors';
import { companionFiles } from '../model';
import { receiptPage } from '../report/page';
import type { Receipt, WrittenFile } from '../report/receipt';
import type { JobFolder } from './folder';
import { companionPath, writeNew, writeWhole } from './outputs';
import { keptFile } from './pipeline';
import type { Prepared } from './prepare';

type Job = Pick<Prepared, 'request' | 'outputs'>;

/**
 * Writes one result where the user wants it. What has come to lie there since the check is overwritten only with --force;
 * the result is then kept in the job's folder.
 */
export function deliverFile(folder: JobFolder, { request }: Job, file: string, content: string | Buffer): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  if (request.wish.force) {
    writeWhole(file, content);
    return;
  }
  if (writeNew(file, content)) return;
  const kept = path.join(folder.kept, 'undelivered', path.basename(file));
  fs.mkdirSync(path.dirname(kept), { recursive: true });
  writeWhole(kept, content);
  throw new UserError({
    code: 'output-exists',
    what: `${file} was not written`,
    why: 'a file of this name appeared there while the job ran, and cvicast overwrites nothing unless told to',
    fix: `take it from ${kept}`,
    exit: 'conversion',
  });
}

const written = (file: string, content: string | Buffer): WrittenFile => ({
  path: file,
  sha256: createHash('sha256').update(content).digest('hex'),
  bytes: Buffer.byteLength(content),
});

/** Puts the finished model and its companions where the user wants them; answers what was written, the model first. */
export function deliver(
  folder: JobFolder,
  prepared: Prepared,
  modelName: string,
): readonly [WrittenFile, ...WrittenFile[]] {
  const { outputs, request, facts, check } = prepared;
  const kept = keptFile(folder, modelName);
  const content = fs.readFileSync(kept);
  try {
    deliverFile(folder, prepared, outputs.model, content);
  } catch (thrown) {
    throw madeButNotDelivered(thrown, outputs.model, kept);
  }
  const modelFile = path.basename(outputs.model);
  const companions = companionFiles(request.target, facts, { modelFile, options: request.options, check });
  return [
    written(outputs.model, content),
    ...companions.map(({ name, text }) => {
      const file = companionPath(outputs, name);
      deliverFile(folder, prepared, file, text);
      return written(file, text);
    }),
  ];
}

/** A model that was made is not lost because its place takes it no more: the folder went, or its disk has no room. */
function madeButNotDelivered(thrown: unknown, file: string, kept: string): unknown {
  if (thrown instanceof UserError && thrown.code === 'output-exists') return thrown;
  const where = `The finished model is in ${kept}.`;
  if (thrown instanceof UserError) {
    const { code, what, why, fix, exit } = thrown;
    return new UserError({ code, what, why, fix: `${fix} ${where}`, exit }, { cause: thrown });
  }
  return new UserError(
    {
      code: 'not-delivered',
      what: `${file} could not be written`,
      why: messageOf(thrown),
      fix: where,
      exit: 'conversion',
    },
    { cause: thrown },
  );
}

/** Copies the logs of all steps beside the results; called also when a job failed. */
export function deliverLogs(folder: JobFolder, job: Job): void {
  const logs = path.join(folder.kept, 'logs');
  if (!fs.existsSync(logs)) return;
  for (const name of fs.readdirSync(logs))
    deliverFile(folder, job, path.join(job.outputs.logs, name), fs.readFileSync(path.join(logs, name)));
}

/** Writes the receipt for programs and for people. */
export function deliverReceipt(folder: JobFolder, job: Job, receipt: Receipt, commands: string): void {
  const { outputs } = job;
  deliverFile(folder, job, outputs.receipt, `${JSON.stringify(receipt, null, 2)}\n`);
  deliverFile(folder, job, outputs.page, receiptPage(receipt));
  deliverFile(folder, job, outputs.commands, commands);
  fs.chmodSync(outputs.commands, 0o755);
}
