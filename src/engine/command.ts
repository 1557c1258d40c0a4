import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';

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
    const name = kept ? `engine-${verb}` : `engine-${verb}-${process.pid}-${serial++}`;
    const stdout = new OutputFile(path.join(this.options.logFolder, `${name}.log`), onOutput);
    const stderr = new OutputFile(path.join(this.options.logFolder, `${name}.err.log`), onError);
    try {
      const { code, signal } = await this.spawn([...args, '--non-interactive'], cwd, additionalEnv, stdout, stderr);
      const outcome = { stdout: stdout.finish(), stderr: stderr.finish(), code: code ?? -1 };
      if (code === 0) return outcome;
      throw new CommandFailure(verb, { ...outcome, stderr: outcome.stderr + fullDisk(this.options.logFolder), signal });
    } finally {
      stdout.close(kept);
      stderr.close(kept);
    }
  }

  private spawn(
    args: readonly string[],
    cwd: string,
    additionalEnv: Readonly<Record<string, string>>,
    stdout: OutputFile,
    stderr: OutputFile,
  ): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.options.binary, args, {
        cwd,
        detached: true,
        env: { ...this.options.env, ...additionalEnv },
        stdio: ['ignore', stdout.descriptor, stderr.descriptor],
      });
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
