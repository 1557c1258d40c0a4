import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { isAlive } from './processes';
import type { UpdateRecords } from './update-records';

/** How one run of the engine's command line ended. */
export interface CommandOutcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** The engine's command line said no, or was ended. Internal: translated to a `UserError` in `errors.ts`. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';

  constructor(
    readonly verb: string,
    readonly outcome: CommandOutcome & { readonly signal: NodeJS.Signals | null },
  ) {
    super(`pulumi ${verb} ended with ${outcome.signal ?? outcome.code}`);
  }
}

/** Runs that change the world: their output stays in the job's folder. */
const updates = new Set(['up', 'refresh', 'destroy']);
const pollMilliseconds = 100;
/** A disk with less room counts as full: less than the engine writes in any run. */
const leastBytes = 65_536;

/**
 * Runs the engine's command line for the Automation API (it takes the place of its `PulumiCommand`): in a session of
 * its own and with its output in files, so that neither a signal to our terminal nor our own death ends it in the middle of
 * a create. An engine that lost its client saves what is in flight, gives its lock back, and ends.
 */
export class DetachedCommand {
  readonly version: { toString(): string };

  constructor(
    private readonly options: {
      readonly binary: string;
      readonly version: string;
      readonly logFolder: string;
      /** The whole environment of the engine; nothing is added from this process's own. */
      readonly env: NodeJS.ProcessEnv;
      /** Where updates are on record until they are over; null for a backend that keeps locks itself. */
      readonly records?: UpdateRecords | null;
    },
  ) {
    const { version } = options;
    this.version = { toString: () => version };
  }

  /** Signature of `PulumiCommand.run`. An abort signal is not listened to: nothing may stop the engine half-way. */
  async run(
    args: readonly string[],
    cwd: string,
    additionalEnv: Readonly<Record<string, string>>,
    onOutput?: (text: string) => void,
    onError?: (text: string) => void,
  ): Promise<CommandOutcome> {
    const verb = args[0] ?? '';
    const kept = updates.has(verb);
    const number = serial++;
    const name = kept ? `engine-${verb}` : `engine-${verb}-${process.pid}-${number}`;
    const records = kept ? this.options.records : null;
    const credentials = path.join(this.options.logFolder, `credentials-${process.pid}-${number}`);
    const stdout = new OutputFile(path.join(this.options.logFolder, `${name}.log`), onOutput);
    const stderr = new OutputFile(path.join(this.options.logFolder, `${name}.err.log`), onError);
    try {
      const env = { ...this.options.env, ...additionalEnv, PULUMI_CREDENTIALS_PATH: credentials };
      const child = this.spawn([...args, '--non-interactive'], cwd, env, stdout, stderr);
      records?.begun(child.pid);
      const { code, signal } = await child.ended;
      const outcome = { stdout: stdout.finish(), stderr: stderr.finish(), code: code ?? -1 };
      records?.ended(child.pid, outcome);
      if (code === 0) return outcome;
      throw new CommandFailure(verb, { ...outcome, stderr: outcome.stderr + fullDisk(this.options.logFolder), signal });
    } finally {
      stdout.close(kept);
      stderr.close(kept);
      fs.rmSync(credentials, { recursive: true, force: true });
      removeLeftCredentials(this.options.logFolder);
    }
  }

  private spawn(
    args: readonly string[],
    cwd: string,
    env: NodeJS.ProcessEnv,
    stdout: OutputFile,
    stderr: OutputFile,
  ): { pid: number | undefined; ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }> } {
    const stdio = ['ignore' as const, stdout.descriptor, stderr.descriptor];
    const child = spawn(this.options.binary, args, { cwd, detached: true, env, stdio });
    const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
      const poll = setInterval(() => {
        stdout.read();
        stderr.read();
      }, pollMilliseconds);
      child.once('error', (error) => {
        clearInterval(poll);
        reject(error);
      });
      child.once('exit', (code, signal) => {
        clearInterval(poll);
        resolve({ code, signal });
      });
    });
    return { pid: child.pid, ended };
  }
}

/**
 * The engine writes the access token of Pulumi Cloud down at each start, and reads it back only then; it cannot be told
 * not to. Each run has a folder for that, which goes when the run is over, or with the next run when we died before.
 */
function removeLeftCredentials(logFolder: string): void {
  for (const name of fs.readdirSync(logFolder)) {
    const [, pid] = /^credentials-(\d+)-\d+$/.exec(name) ?? [];
    if (pid === undefined || isAlive(Number(pid))) continue;
    fs.rmSync(path.join(logFolder, name), { recursive: true, force: true });
  }
}

/** An engine that finds no room for its state finds none for saying so either, as its output goes to the same disk. */
function fullDisk(folder: string): string {
  const { bavail, bsize } = fs.statfsSync(folder);
  const free = bavail * bsize;
  return free < leastBytes ? `${folder}: no space left on device (${free} bytes are free)\n` : '';
}

let serial = 0;

/** A file that a child writes and we follow, from what it held before. */
class OutputFile {
  readonly descriptor: number;
  private readonly chunks: Buffer[] = [];
  private position: number;

  constructor(
    private readonly file: string,
    private readonly onText: ((text: string) => void) | undefined,
  ) {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    this.descriptor = fs.openSync(file, 'a+', 0o600);
    this.position = fs.fstatSync(this.descriptor).size;
  }

  read(): void {
    const buffer = Buffer.alloc(65_536);
    for (;;) {
      const length = fs.readSync(this.descriptor, buffer, 0, buffer.length, this.position);
      if (length === 0) return;
      this.position += length;
      const chunk = Buffer.from(buffer.subarray(0, length));
      this.chunks.push(chunk);
      this.onText?.(chunk.toString('utf8'));
    }
  }

  finish(): string {
    this.read();
    return Buffer.concat(this.chunks).toString('utf8');
  }

  close(keep: boolean): void {
    fs.closeSync(this.descriptor);
    if (!keep) fs.rmSync(this.file, { force: true });
  }
}
