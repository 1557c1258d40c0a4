import { UserError, type ExitName } from '../errors';

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** What ended a job from outside, as its error. */
function interrupted(signal: StopSignal, job: string): UserError {
  return new UserError({
    code: 'interrupted',
    what: `Interrupted by ${signal}`,
    why: { SIGINT: 'Ctrl-C was pressed', SIGTERM: 'the process was asked to end', SIGHUP: 'the terminal was closed' }[
      signal
    ],
    fix: `what was finished is kept: \`cvicast resume ${job}\` goes on from there`,
    exit: signal satisfies ExitName,
  });
}

/**
 * One abort for a whole run: the first reason counts. The signals' handlers stay until `release`, so that no later
 * signal ends the process in the middle of its teardown.
 */
export class Interruption {
  private readonly controller = new AbortController();
  private readonly handlers = new Map<StopSignal, () => void>();
  private repeats = 0;
  private readonly onFault = (thrown: unknown): void => this.stop(thrown);

  constructor(
    private readonly job: string,
    private readonly onSignal: (signal: StopSignal, repeat: number) => void,
  ) {}

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  listen(): this {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      const handler = (): void => {
        this.onSignal(name, this.repeats++);
        this.stop(interrupted(name, this.job));
      };
      this.handlers.set(name, handler);
      process.on(name, handler);
    }
    // A fault of ours far from the job's own path must not skip its teardown either.
    process.on('uncaughtException', this.onFault);
    process.on('unhandledRejection', this.onFault);
    return this;
  }

  /** Ends the work for this reason, unless it was ended already. */
  stop(reason: unknown): void {
    if (!this.controller.signal.aborted) this.controller.abort(reason);
  }

  release(): void {
    for (const [name, handler] of this.handlers) process.off(name, handler);
    this.handlers.clear();
    process.off('uncaughtException', this.onFault);
    process.off('unhandledRejection', this.onFault);
  }
}
