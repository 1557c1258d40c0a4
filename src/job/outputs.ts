import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { messageOf, UserError } from '../errors';
import { diskFullHere } from '../machine/disk-full';

/** Where the results of a job go, under the folder that `--out` names. */
export interface OutputPaths {
  readonly folder: string;
  readonly model: string;
  readonly receipt: string;
  readonly page: string;
  readonly commands: string;
  readonly logs: string;
}

/** The output files for a model called `stem` (the user's own file name without its ending). */
export function outputPaths(out: string, stem: string, quantize: string): OutputPaths {
  const folder = path.resolve(out);
  return {
    folder,
    model: path.join(folder, `${stem}_cv181x_${quantize}.cvimodel`),
    receipt: path.join(folder, 'receipt.json'),
    page: path.join(folder, 'receipt.html'),
    commands: path.join(folder, 'commands.sh'),
    logs: path.join(folder, 'logs'),
  };
}

/** Where a file lies that the board's software wants beside the model. */
export function companionPath(paths: OutputPaths, name: string): string {
  return path.join(paths.folder, path.basename(name));
}

/** Where the log of a unit lies. */
export function logPath(paths: OutputPaths, unit: string): string {
  return path.join(paths.logs, `${unit}.log`);
}

/**
 * Checks before anything is spent that the results can be written, and would overwrite nothing unless `force`.
 * `besides`: the files that this job writes beside those of every job (companions, logs).
 * Throws `output-exists` or `output-unwritable`. Leaves nothing behind.
 */
export function checkOutputs(paths: OutputPaths, besides: readonly string[], force: boolean): void {
  let folder = paths.folder;
  while (!fs.existsSync(folder)) folder = path.dirname(folder);
  for (const place of [folder, paths.logs]) {
    if (fs.existsSync(place) && !fs.statSync(place).isDirectory()) {
      throw unwritable(place, 'it is a file, not a folder');
    }
  }
  const written = [paths.model, paths.receipt, paths.page, paths.commands, ...besides];
  const existing = written.find((file) => fs.existsSync(file));
  if (existing !== undefined && !force) {
    throw new UserError({
      code: 'output-exists',
      what: `${existing} exists already`,
      why: 'cvicast overwrites nothing unless told to',
      fix: 'choose another folder with --out, or say --force',
      exit: 'input',
    });
  }
  const probe = path.join(folder, `.cvicast-${randomBytes(6).toString('hex')}`);
  try {
    fs.writeFileSync(probe, 'x');
  } catch (thrown) {
    throw unwritable(folder, messageOf(thrown));
  } finally {
    fs.rmSync(probe, { force: true });
  }
}

function unwritable(folder: string, why: string): UserError {
  return new UserError({
    code: 'output-unwritable',
    what: `The results cannot be written to ${folder}`,
    why,
    fix: 'choose a folder of yours with --out',
    exit: 'input',
  });
}

/** Writes a file beside and renames it, so that no half file ever has its name. */
export function writeWhole(file: string, content: string | Buffer): void {
  const part = `${file}.${randomBytes(4).toString('hex')}.part`;
  try {
    fs.writeFileSync(part, content);
    fs.renameSync(part, file);
  } catch (thrown) {
    fs.rmSync(part, { force: true });
    throw diskFullHere(thrown, file) ?? thrown;
  }
}
