import { UserError } from '../errors';
import type { JobContext } from './events';
import type { JobFolder } from './folder';
import type { JobStage } from './journal';

export interface StageRecord {
  readonly name: JobStage;
  readonly seconds: number;
  readonly result: 'done' | 'failed' | 'skipped' | 'interrupted';
}

/** Tells a stage's own progress while it runs. */
export type Progress = (fraction: number | null, note?: string) => void;

/** Runs stages one by one (or beside each other) and writes each begin and end to the journal before telling it. */
export class StageRunner {
  readonly records: StageRecord[] = [];
  /** The command lines of the conversion's steps that were begun, quoted for a POSIX shell. */
  readonly commands: string[] = [];

  constructor(
    private readonly folder: JobFolder,
    private readonly context: JobContext,
  ) {}

  async run<T>(
    stage: JobStage,
    work: (progress: Progress) => Promise<T>,
    note?: (result: T) => string | undefined,
  ): Promise<T> {
    const begun = performance.now();
    this.folder.journal.note({ type: 'stage', stage, phase: 'begun' });
    this.context.emit({ type: 'stage', stage, phase: 'begun' });
    try {
      const result = await work((fraction, text) =>
        this.context.emit({
          type: 'stage',
          stage,
          phase: 'progress',
          fraction,
          ...(text === undefined ? {} : { note: text }),
        }),
      );
      this.end(stage, begun, 'done', note?.(result));
      return result;
    } catch (thrown) {
      const outside = this.context.signal.aborted || (thrown instanceof UserError && thrown.code === 'interrupted');
      this.end(stage, begun, outside ? 'interrupted' : 'failed');
      throw thrown;
    }
  }

  /** Records a stage that had nothing to do. */
  skip(stage: JobStage, why: string): void {
    this.end(stage, performance.now(), 'skipped', why);
  }

  private end(stage: JobStage, begun: number, result: StageRecord['result'], note?: string): void {
    const seconds = (performance.now() - begun) / 1000;
    // A stage of several steps is one line of the receipt.
    const earlier = this.records.findIndex((record) => record.name === stage);
    const sum = earlier === -1 ? seconds : seconds + (this.records[earlier]?.seconds ?? 0);
    const record = { name: stage, seconds: Math.round(sum * 1000) / 1000, result };
    if (earlier === -1) this.records.push(record);
    else this.records[earlier] = record;
    this.folder.journal.note({ type: 'stage', stage, phase: 'ended', seconds: record.seconds, result });
    this.context.emit({
      type: 'stage',
      stage,
      phase: 'ended',
      seconds,
      result,
      ...(note === undefined ? {} : { note }),
    });
  }
}
