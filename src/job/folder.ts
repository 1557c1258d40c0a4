import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { UserError } from '../errors';
import { homeFolder } from '../paths';
import { syncFolder, writeDurably } from './durable';
import { isJobId } from './identity';
import { factsOf, Journal, type JournalFacts } from './journal';
import type { JobRequest } from './request';

/** A job's folder under the home folder: journal, request, keys, logs, what came home early. */
export class JobFolder {
  readonly journal: Journal;

  private constructor(
    readonly home: string,
    readonly job: string,
    readonly path: string,
  ) {
    this.journal = new Journal(path + '/journal.jsonl');
  }

  /** Makes the folder of a new job, for its owner alone. */
  static create(home: string, job: string): JobFolder {
    const folder = path.join(homeFolder.jobs(home), job);
    fs.mkdirSync(path.join(folder, 'kept'), { recursive: true, mode: 0o700 });
    fs.mkdirSync(path.join(folder, 'engine'), { recursive: true, mode: 0o700 });
    syncFolder(path.dirname(folder));
    return new JobFolder(home, job, folder);
  }

  /** Opens the folder of a job that exists; `UserError` `no-such-job` when it does not. */
  static open(home: string, job: string): JobFolder {
    const folder = path.join(homeFolder.jobs(home), job);
    if (!isJobId(job) || !fs.existsSync(folder)) {
      throw new UserError({
        code: 'no-such-job',
        what: `There is no job ${JSON.stringify(job)}`,
        why: 'its folder is not in the jobs of this installation',
        fix: 'run `cvicast ls` for the jobs that are known here, or `cvicast gc --provider NAME` to ask a cloud',
        exit: 'input',
      });
    }
    return new JobFolder(home, job, folder);
  }

  /** All jobs of this installation, oldest first. */
  static all(home: string): JobFolder[] {
    const jobs = homeFolder.jobs(home);
    if (!fs.existsSync(jobs)) return [];
    return fs
      .readdirSync(jobs)
      .filter(isJobId)
      .sort()
      .map((job) => new JobFolder(home, job, path.join(jobs, job)));
  }

  facts(): JournalFacts {
    return factsOf(this.journal.read());
  }

  file(...names: string[]): string {
    return path.join(this.path, ...names);
  }

  /** Where the engine writes its own output. */
  get engineLogs(): string {
    return this.file('engine');
  }

  /** What came home before the job's end, for `resume`. */
  get kept(): string {
    return this.file('kept');
  }

  /** It is on the disk when this returns: without it, what is created next could not be reached or ended. */
  writeSecret(name: string, text: string): void {
    writeDurably(this.file(name), text);
    syncFolder(this.path);
  }

  readSecret(name: string): string | null {
    const file = this.file(name);
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : null;
  }

  /** Takes the keys away once nothing is left that they open. */
  removeSecrets(): void {
    for (const name of secretNames) fs.rmSync(this.file(name), { force: true });
  }

  writeRequest(request: JobRequest): void {
    const aside = this.file(`request.json.${randomBytes(4).toString('hex')}`);
    writeDurably(aside, `${JSON.stringify(request, null, 2)}\n`);
    fs.renameSync(aside, this.file('request.json'));
    syncFolder(this.path);
  }

  /** What the job was asked to do; null when that is lost: the file is missing, or a crash tore it. */
  readRequest(): JobRequest | null {
    try {
      const request = JSON.parse(fs.readFileSync(this.file('request.json'), 'utf8')) as JobRequest | null;
      return request?.job === this.job ? request : null;
    } catch (thrown) {
      if (thrown instanceof SyntaxError || (thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw thrown;
    }
  }
}

/** Files of a job that are of no use once its machine is gone. */
const secretNames = ['client-key', 'host-key.pub', 'passphrase', 'machine-request.json'] as const;
