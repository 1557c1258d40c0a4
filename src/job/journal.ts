import * as fs from 'node:fs';
import { diskFullHere } from '../machine/disk-full';
import type { ProcessMark } from './process-mark';
import { rentalsOf, type Rental } from './rentals';

/** The stages of a job, in order. */
export const stageNames = [
  'preflight',
  'plan',
  'up',
  'bootstrap',
  'send',
  'transform',
  'calibrate',
  'deploy',
  'verify',
  'fetch',
  'down',
] as const;
export type JobStage = (typeof stageNames)[number];

/** What is still alive after a teardown, with the words that help to end it by hand. */
export interface LeftOver {
  readonly type: string;
  readonly id: string;
  readonly console?: string;
  readonly why?: string;
  /** What helps, where another `cvicast down` alone does not. */
  readonly fix?: string;
  /** True where the teardown kept its hands off the whole job, so that nobody else of us may touch it either. */
  readonly untouched?: true;
}

/** One line of a job's journal. Intent is written before the act, so that no act is unknown. */
export type JournalEntry =
  | {
      readonly type: 'opened';
      readonly provider: string;
      readonly region: string;
      readonly size: string;
      readonly pricePerHour: number;
      readonly currency: string;
      readonly expiresAt: string;
      readonly toolchain: string;
    }
  | { readonly type: 'holder'; readonly process: ProcessMark }
  | { readonly type: 'stage'; readonly stage: JobStage; readonly phase: 'begun' }
  | {
      readonly type: 'stage';
      readonly stage: JobStage;
      readonly phase: 'ended';
      readonly seconds: number;
      readonly result: 'done' | 'failed' | 'skipped' | 'interrupted';
    }
  | {
      readonly type: 'intent';
      readonly what: 'create-machine';
      readonly region: string;
      readonly size: string;
      readonly zone?: string;
      /** Whose credentials asked, see `CloudApi.account`. */
      readonly account?: string;
    }
  | {
      readonly type: 'machine';
      readonly address: string;
      readonly port: number;
      readonly user: string;
      readonly machineId: string;
    }
  /** The cloud said no to the last intent, in words that its catalogue knows: no machine comes of it. */
  | { readonly type: 'refused'; readonly code: string }
  /** A machine's time at the cloud's expense: asked for, made, gone. */
  | { readonly type: 'billing'; readonly what: 'asked' | 'made' | 'gone'; readonly since: string }
  /** What a sweep found after the engine's own delete. */
  | { readonly type: 'found'; readonly machines: number }
  | { readonly type: 'door'; readonly cidrs: readonly string[] }
  | { readonly type: 'file'; readonly name: string; readonly sha256: string }
  | {
      readonly type: 'failed';
      readonly code: string;
      readonly what: string;
      readonly why: string;
      readonly fix: string;
      readonly exit: string;
    }
  | { readonly type: 'teardown'; readonly checkedAt: string; readonly left: readonly LeftOver[] }
  | { readonly type: 'closed'; readonly result: string };

export type DatedEntry = JournalEntry & { readonly at: string };

/** Does a file end in the middle of a line? What follows it must not become a part of that one. */
function isTorn(descriptor: number): boolean {
  const { size } = fs.fstatSync(descriptor);
  const last = Buffer.alloc(1);
  return size > 0 && fs.readSync(descriptor, last, 0, 1, size - 1) === 1 && last.toString() !== '\n';
}

/** Appends lines to a job's journal. */
export class Journal {
  constructor(private readonly file: string) {}

  /**
   * Writes a line that somebody depends on: it is on the disk when this returns. Throws `disk-full-here` where there is no
   * room for it.
   */
  write(entry: JournalEntry): void {
    try {
      this.append(entry);
    } catch (thrown) {
      throw diskFullHere(thrown, this.file) ?? thrown;
    }
  }

  /** Writes a line that tells what has happened. A full disk must not keep a teardown from going on, so it is lost there. */
  note(entry: JournalEntry): void {
    try {
      this.append(entry);
    } catch (thrown) {
      if (diskFullHere(thrown, this.file) === null) throw thrown;
    }
  }

  private append(entry: JournalEntry): void {
    const line = Buffer.from(`${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`);
    const descriptor = fs.openSync(this.file, 'a+', 0o600);
    try {
      // One write of one line: two processes that append never interleave within it.
      const whole = isTorn(descriptor) ? Buffer.concat([Buffer.from('\n'), line]) : line;
      // The last bytes of a disk take a part of a line, and no error tells of the rest.
      if (fs.writeSync(descriptor, whole) < whole.length)
        throw Object.assign(new Error('the line was not written whole'), { code: 'ENOSPC' });
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  }

  /** All whole lines; one torn by a crash is left out. */
  read(): DatedEntry[] {
    let text: string;
    try {
      text = fs.readFileSync(this.file, 'utf8');
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw thrown;
    }
    return text.split('\n').flatMap((line) => {
      if (line === '') return [];
      try {
        return [JSON.parse(line) as DatedEntry];
      } catch {
        return [];
      }
    });
  }
}

/** What a journal says in sum. */
export interface JournalFacts {
  readonly opened: Extract<DatedEntry, { type: 'opened' }> | null;
  readonly holder: ProcessMark | null;
  readonly machine: Extract<DatedEntry, { type: 'machine' }> | null;
  /** Whom port 22 was opened for since the machine was made; null: still for whom it was made. */
  readonly door: readonly string[] | null;
  /** When a machine was first asked for; null when none ever was. */
  readonly askedAt: string | null;
  /** Whether a machine was asked for and no answer came, as far as the journal knows: it may still come to be. */
  readonly isUnanswered: boolean;
  readonly stagesDone: readonly JobStage[];
  readonly stage: JobStage | null;
  readonly teardown: Extract<DatedEntry, { type: 'teardown' }> | null;
  readonly failure: Extract<DatedEntry, { type: 'failed' }> | null;
  readonly closed: Extract<DatedEntry, { type: 'closed' }> | null;
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
  readonly rentals: readonly Rental[];
}

function last<T extends DatedEntry['type']>(
  entries: readonly DatedEntry[],
  type: T,
): Extract<DatedEntry, { type: T }> | null {
  return entries.filter((entry): entry is Extract<DatedEntry, { type: T }> => entry.type === type).at(-1) ?? null;
}

/** Sums up a journal. A teardown counts only when no machine was asked for after it. */
export function factsOf(entries: readonly DatedEntry[]): JournalFacts {
  const stages = entries.filter((entry) => entry.type === 'stage');
  const teardownAt = entries.findLastIndex((entry) => entry.type === 'teardown');
  const intentAt = entries.findLastIndex((entry) => entry.type === 'intent');
  const lastStage = stages.at(-1);
  const isAnswer = ({ type }: DatedEntry): boolean => type === 'machine' || type === 'refused';
  return {
    opened: last(entries, 'opened'),
    holder: last(entries, 'holder')?.process ?? null,
    machine: last(entries, 'machine'),
    door: last(entries, 'door')?.cidrs ?? null,
    askedAt: entries.find((entry) => entry.type === 'intent')?.at ?? null,
    isUnanswered: intentAt !== -1 && !entries.slice(intentAt).some(isAnswer),
    stagesDone: stages.flatMap((entry) =>
      entry.phase === 'ended' && entry.result !== 'failed' && entry.result !== 'interrupted' ? [entry.stage] : [],
    ),
    stage: lastStage ? lastStage.stage : null,
    teardown: teardownAt > intentAt ? last(entries, 'teardown') : null,
    failure: last(entries, 'failed'),
    closed: last(entries, 'closed'),
    rentals: rentalsOf(entries),
    files: entries.flatMap((entry) => (entry.type === 'file' ? [{ name: entry.name, sha256: entry.sha256 }] : [])),
  };
}
