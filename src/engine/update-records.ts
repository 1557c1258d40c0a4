import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { isStale, readLock, type StackLock } from './locks';

/** Whether the engine says that Pulumi Cloud refused an update because of another one. */
export function isConflict(said: string): boolean {
  return /\[409\] Conflict: Another update is currently in progress/.test(said);
}

/**
 * The updates that engines of this computer began for a job. Pulumi Cloud says that an update is in progress, but not on
 * which computer, so what may be in progress on our account is on record here, a file an update, in the form of the locks
 * of Pulumi's own backends.
 */
export class UpdateRecords {
  constructor(private readonly folder: string) {}

  /** An engine was started; without a number it was not. */
  begun(pid: number | undefined): void {
    if (pid === undefined) return;
    const content = {
      ...{ pid, hostname: os.hostname(), username: os.userInfo().username },
      timestamp: new Date().toISOString(),
    };
    try {
      fs.mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      fs.writeFileSync(this.file(pid), JSON.stringify(content), { mode: 0o600 });
    } catch {
      // The engine runs already: a full disk must not keep us from hearing its end. Nobody will cancel its update, then.
    }
  }

  /**
   * Its engine ended. Only one that succeeded or was refused leaves nothing in progress for sure: an engine that cannot
   * read or write the state, for example, ends without a word to the service.
   */
  ended(
    pid: number | undefined,
    outcome: { readonly code: number; readonly stdout: string; readonly stderr: string },
  ): void {
    if (pid === undefined) return;
    if (outcome.code === 0 || isConflict(outcome.stderr + outcome.stdout)) fs.rmSync(this.file(pid), { force: true });
    // The service runs one update at a time: with this one all those before it are over.
    if (outcome.code === 0) this.forgetStale();
  }

  /** Those that may be in progress; a stale one when nobody here works on it any more. */
  unfinished(): StackLock[] {
    let names: string[];
    try {
      names = fs.readdirSync(this.folder);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw thrown;
    }
    return names.flatMap((name) => readLock(path.join(this.folder, name)) ?? []);
  }

  /** After the service was told, or showed, that they are over. */
  forgetStale(): void {
    for (const { file } of this.unfinished().filter(isStale)) fs.rmSync(file, { force: true });
  }

  private file(pid: number): string {
    return path.join(this.folder, `${pid}.json`);
  }
}
