import pRetry, { AbortError } from 'p-retry';
import type { Client } from 'ssh2';
import { UserError, messageOf } from '../errors';
import { abortReason, untilAborted } from './abort';
import { DialFailure, dial, type Connection } from './dial';
import { fingerprint } from './keys';
import type { SshTarget } from './types';

export interface LineSettings {
  /** How long to go on trying to connect before the machine counts as unreachable. */
  readonly deadlineSeconds: number;
  /** How long a refused login is tried again: cloud-init may still be placing the key. */
  readonly loginSeconds: number;
  readonly handshakeSeconds: number;
  readonly stallSeconds: number;
  readonly signal?: AbortSignal;
  readonly onRetry?: (attempt: number, reason: string) => void;
  /** An attempt that is unanswered for so long may be kept out by a firewall: then `clearWay` is asked. */
  readonly silentSeconds: number;
  /** Looks whether something of ours keeps us out; `true` when that was changed, so that a new attempt is worth it. */
  readonly clearWay?: () => Promise<boolean>;
}

/** The connection broke while something ran over it; whether that may be tried again is its caller's to know. */
export class LineLost extends Error {
  override readonly name = 'LineLost';
}

/** One SSH connection that is opened anew when it is needed and lost. */
export class Line {
  private connection: Connection | null = null;
  private opening: Promise<Connection> | null = null;
  private readonly ended = new AbortController();

  constructor(
    readonly target: SshTarget,
    readonly settings: LineSettings,
  ) {}

  /**
   * The open connection; connects first where there is none.
   *
   * @throws UserError `machine-unreachable`, `login-refused`, `host-key-mismatch`, `no-such-address`.
   */
  async open(signal?: AbortSignal): Promise<Client> {
    if (this.ended.signal.aborted) throw abortReason(this.ended.signal);
    if (this.connection) return this.connection.client;
    this.opening ??= this.connect().finally(() => (this.opening = null));
    return (await untilAborted(this.opening, signal)).client;
  }

  /** Gives the present connection up at once (it stalls); the next `open` makes a new one. */
  drop(): void {
    const connection = this.connection;
    this.connection = null;
    connection?.hangUp();
  }

  /**
   * Gives up the connection over which something was lost, unless another took its place. Between the last byte from the
   * other side and its end it refuses every command at once; who tries again and again would keep its end from being heard.
   */
  lost(client: Client): void {
    if (this.connection?.client === client) this.drop();
  }

  /** Ends the line for good. */
  async close(): Promise<void> {
    this.ended.abort(new LineLost('the connection was closed'));
    const connection = this.connection;
    this.connection = null;
    await this.opening?.catch(() => undefined);
    if (!connection) return;
    const { client, hangUp } = connection;
    await new Promise<void>((resolve) => {
      // A machine that no longer answers must not keep us from leaving.
      const timer = setTimeout(hangUp, 2000);
      client.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      client.end();
    });
  }

  private async connect(): Promise<Connection> {
    const { deadlineSeconds, loginSeconds, onRetry } = this.settings;
    const signal = AbortSignal.any([this.ended.signal, ...(this.settings.signal ? [this.settings.signal] : [])]);
    const begun = performance.now();
    let loginRefusedAt: number | null = null;
    const isWorthRetrying = (problem: unknown): boolean => {
      if (!(problem instanceof DialFailure) || signal.aborted) return false;
      if (problem.kind === 'login') {
        loginRefusedAt ??= performance.now();
        return performance.now() - loginRefusedAt < loginSeconds * 1000;
      }
      return problem.kind === 'unreachable' && performance.now() - begun < deadlineSeconds * 1000;
    };
    const attempt = async (): Promise<Connection> => {
      try {
        if (signal.aborted) throw abortReason(signal);
        return await this.dialOnce(signal);
      } catch (problem) {
        throw isWorthRetrying(problem) ? problem : new AbortError(problem as Error);
      }
    };
    let connection: Connection;
    try {
      connection = await untilAborted(
        pRetry(attempt, {
          forever: true,
          minTimeout: 200,
          factor: 1.6,
          maxTimeout: 3000,
          onFailedAttempt: (problem) => onRetry?.(problem.attemptNumber, problem.message),
        }),
        signal,
      );
    } catch (problem) {
      throw problem instanceof DialFailure ? this.explain(problem) : problem;
    }
    connection.client.once('close', () => {
      if (this.connection === connection) this.connection = null;
    });
    this.connection = connection;
    return connection;
  }

  private async dialOnce(signal: AbortSignal): Promise<Connection> {
    const { handshakeSeconds, stallSeconds, silentSeconds, clearWay } = this.settings;
    const cleared = new AbortController();
    const silence = setTimeout(() => {
      void clearWay?.().then((changed) => {
        if (changed) cleared.abort(new DialFailure('unreachable', 'the way to it was closed until now'));
      });
    }, silentSeconds * 1000);
    try {
      const either = AbortSignal.any([signal, cleared.signal]);
      return await dial(this.target, { handshakeSeconds, stallSeconds, signal: either });
    } finally {
      clearTimeout(silence);
    }
  }

  private explain(failure: DialFailure): UserError {
    const { address, port, user, hostKeys } = this.target;
    const where = `${address}, port ${port}`;
    const exit = 'provider';
    switch (failure.kind) {
      case 'host-key':
        return new UserError({
          code: 'host-key-mismatch',
          what: `another machine than ours answers at ${where}`,
          why: `${failure.message}, not ${hostKeys.map(fingerprint).join(' or ')}; we did not log in`,
          fix: 'Start again for a new machine. If it happens again, someone on the network may be in between: try another network.',
          exit,
        });
      case 'login':
        return new UserError({
          code: 'login-refused',
          what: `the machine at ${where} does not let ${user} in`,
          why: `it refused our key for ${this.settings.loginSeconds} s (${failure.message})`,
          fix: 'Check the user name and, with --host, that the public half of your key is in ~/.ssh/authorized_keys there.',
          exit,
        });
      case 'address':
        return new UserError({
          code: 'no-such-address',
          what: `there is no machine called ${address}`,
          why: messageOf(failure),
          fix: 'Check the spelling, or give the IP address.',
          exit,
        });
      case 'unreachable':
        return new UserError({
          code: 'machine-unreachable',
          what: `the machine at ${where} cannot be reached`,
          why: `we tried for ${this.settings.deadlineSeconds} s (${failure.message})`,
          fix: "Check this computer's network and that outgoing SSH is allowed; if your own address changed, allow it with --allow-cidr.",
          exit,
        });
    }
  }
}

/**
 * Does something that may be done again, over and over until it gets through: a lost connection is opened anew.
 *
 * @param work gets the connection and a function to call whenever it got further.
 * @throws UserError `line-keeps-breaking` when `deadlineSeconds` pass without getting further; what `work` throws.
 */
export async function persist<T>(
  line: Line,
  signal: AbortSignal | undefined,
  work: (client: Client, onward: () => void) => Promise<T>,
): Promise<T> {
  let last = performance.now();
  const onward = (): void => void (last = performance.now());
  for (;;) {
    if (signal?.aborted) throw abortReason(signal);
    const client = await line.open(signal);
    try {
      return await work(client, onward);
    } catch (problem) {
      if (!(problem instanceof LineLost)) throw problem;
      line.lost(client);
      if (performance.now() - last > line.settings.deadlineSeconds * 1000) {
        throw new UserError(
          {
            code: 'line-keeps-breaking',
            what: `the connection to ${line.target.address} breaks again and again`,
            why: `nothing got through for ${line.settings.deadlineSeconds} s (${problem.message})`,
            fix: 'Try again on another network; what the machine has done so far is kept until its time is up.',
            exit: 'provider',
          },
          { cause: problem },
        );
      }
    }
  }
}
