import type { JobStage } from './journal';

/** Everything a job says while it runs. The command line renders it; nobody else prints. */
export type JobEvent =
  | {
      readonly type: 'job';
      readonly job: string;
      readonly provider: string;
      readonly folder: string;
      readonly expiresAt: string;
    }
  | { readonly type: 'stage'; readonly stage: JobStage; readonly phase: 'begun'; readonly note?: string }
  | {
      readonly type: 'stage';
      readonly stage: JobStage;
      readonly phase: 'progress';
      readonly fraction: number | null;
      readonly note?: string;
    }
  | {
      readonly type: 'stage';
      readonly stage: JobStage;
      readonly phase: 'ended';
      readonly seconds: number;
      readonly result: 'done' | 'failed' | 'skipped' | 'interrupted';
      readonly note?: string;
    }
  | { readonly type: 'warning'; readonly code: string; readonly message: string }
  | { readonly type: 'note'; readonly message: string };

export type Emit = (event: JobEvent) => void;

/** What every part of a job needs to know of its surroundings. */
export interface JobContext {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly emit: Emit;
  /** Aborted by a signal, by the end of the money, or by nothing at all. Its reason is a `UserError`. */
  readonly signal: AbortSignal;
}
