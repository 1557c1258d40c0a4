import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { companionFiles } from '../model';
import { receiptPage } from '../report/page';
import type { Receipt } from '../report/receipt';
import type { JobFolder } from './folder';
import { companionPath, writeWhole, type OutputPaths } from './outputs';
import { keptFile } from './pipeline';
import type { Prepared } from './prepare';

/** Puts the finished model and its companion where the user wants them; answers the model's size and hash. */
export function deliver(folder: JobFolder, prepared: Prepared, modelName: string): { bytes: number; sha256: string } {
  const { outputs, request, facts, check } = prepared;
  fs.mkdirSync(outputs.folder, { recursive: true });
  const content = fs.readFileSync(keptFile(folder, modelName));
  writeWhole(outputs.model, content);
  const modelFile = path.basename(outputs.model);
  for (const file of companionFiles(request.target, facts, { modelFile, options: request.options, check })) {
    writeWhole(companionPath(outputs, file.name), file.text);
  }
  return { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}

/** Copies the logs of all steps beside the results; called also when a job failed. */
export function deliverLogs(folder: JobFolder, outputs: OutputPaths): void {
  const logs = path.join(folder.kept, 'logs');
  if (!fs.existsSync(logs)) return;
  fs.mkdirSync(outputs.logs, { recursive: true });
  for (const name of fs.readdirSync(logs))
    writeWhole(path.join(outputs.logs, name), fs.readFileSync(path.join(logs, name)));
}

/** Writes the receipt for programs and for people. */
export function deliverReceipt(outputs: OutputPaths, receipt: Receipt, commands: string): void {
  fs.mkdirSync(outputs.folder, { recursive: true });
  writeWhole(outputs.receipt, `${JSON.stringify(receipt, null, 2)}\n`);
  writeWhole(outputs.page, receiptPage(receipt));
  writeWhole(outputs.commands, commands);
  fs.chmodSync(outputs.commands, 0o755);
}
