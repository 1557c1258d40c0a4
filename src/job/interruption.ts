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
 * One end for a whole run: the first reason counts. The signals' handlers stay until `release`, so that no later
 * signal ends the process in the middle of its teardown.
 */
export class Interruption {
  private readonly controller = new AbortController();
  private readonly homewardController = new AbortController();
  private readonly handlers = new Map<StopSignal, () => void>();
  private repeats = 0;
  private uncaught: unknown = null;
  private readonly onFault = (thrown: unknown): void => {
    this.uncaught ??= thrown;
    this.stop(thrown);
  };

  constructor(
    private readonly job: string,
    private readonly onSignal: (signal: StopSignal, repeat: number) => void,
  ) {}

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** What is already on its way home is given up under this one: with the work, or after the grace of `windUp`. */
  get homeward(): AbortSignal {
    return this.homewardController.signal;
  }

  /** The first error that nobody caught: to be told also when the job came to its end in spite of it. */
  get fault(): unknown {
    return this.uncaught;
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

  /** Ends the work for this reason, unless it was ended already, and whatever is still on its way home. */
  stop(reason: unknown): void {
    for (const one of [this.controller, this.homewardController]) if (!one.signal.aborted) one.abort(reason);
  }

  /** Ends the work as `stop` does, but what is on its way home has so many seconds more, unless somebody stops it. */
  windUp(reason: unknown, graceSeconds: number): void {
    if (!this.controller.signal.aborted) this.controller.abort(reason);
    setTimeout(() => this.stop(reason), graceSeconds * 1000).unref();
  }

  release(): void {
    for (const [name, handler] of this.handlers) process.off(name, handler);
    this.handlers.clear();
    process.off('uncaughtException', this.onFault);
    process.off('unhandledRejection', this.onFault);
  }
}
