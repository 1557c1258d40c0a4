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
  while (!isTaken(folder)) folder = path.dirname(folder);
  for (const place of [folder, paths.logs]) {
    if (!isTaken(place)) continue;
    const found = fs.statSync(place, { throwIfNoEntry: false });
    if (found === undefined) throw unwritable(place, 'it is a link that leads nowhere');
    if (!found.isDirectory()) throw unwritable(place, 'it is a file, not a folder');
  }
  const written = [paths.model, paths.receipt, paths.page, paths.commands, ...besides];
  const existing = written.find(isTaken);
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

/** Whether something has this name, be it a link that leads nowhere. */
function isTaken(file: string): boolean {
  try {
    fs.lstatSync(file);
    return true;
  } catch {
    return false; // also where a folder above is a file: that is told of the folder
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

/** The same where nothing has that name yet. Answers false, and writes nothing, where something else came to have it. */
export function writeNew(file: string, content: string | Buffer): boolean {
  const part = `${file}.${randomBytes(4).toString('hex')}.part`;
  try {
    fs.writeFileSync(part, content);
    claim(part, file);
    return true;
  } catch (thrown) {
    // What this very job wrote before it was interrupted is not in its own way.
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return holds(file, content);
    throw diskFullHere(thrown, file) ?? thrown;
  } finally {
    fs.rmSync(part, { force: true });
  }
}

/** Gives a file its name, or throws EEXIST: a link cannot replace anything, as a rename would. */
function claim(part: string, file: string): void {
  try {
    fs.linkSync(part, file);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') throw thrown;
    // Not every file system has links.
    fs.copyFileSync(part, file, fs.constants.COPYFILE_EXCL);
  }
}

function holds(file: string, content: string | Buffer): boolean {
  const found = fs.statSync(file, { throwIfNoEntry: false });
  return found?.isFile() === true && fs.readFileSync(file).equals(Buffer.from(content));
}
