import type { Client, ClientChannel } from 'ssh2';
import { untilAborted } from './abort';
import { LineLost } from './line';

/** How a command on the machine ended. Signals are written as Node does: `SIGKILL`. */
export interface Ending {
  readonly status: number | null;
  readonly signal: string | null;
}

export interface Running {
  readonly channel: ClientChannel;
  /**
   * Settles when the command has ended and all its output was read. Rejects with LineLost when the connection went
   * first, with the signal's reason when that came.
   */
  readonly ending: Promise<Ending>;
  /** Closes the channel: the command finds its input at the end and nobody at its output. */
  leave(): void;
}

/**
 * Runs one command line on the machine; its output must be read for it to end. A signal ends the wait for its beginning
 * and for its end at once, whether or not the line still carries anything, and closes the channel.
 *
 * @throws LineLost when the command could not be handed over, or may not have been; the signal's reason.
 */
export async function run(client: Client, command: string, signal?: AbortSignal): Promise<Running> {
  const opening = new Promise<ClientChannel>((resolve, reject) => {
    const lost = (problem: Error): void => reject(new LineLost(problem.message));
    try {
      client.exec(command, (problem, opened) => (problem ? lost(problem) : resolve(opened)));
    } catch (problem) {
      lost(problem as Error);
    }
  });
  const channel = await untilAborted(opening, signal).catch((problem: unknown) => {
    // One that opens after all finds nobody.
    opening.then((late) => late.destroy()).catch(() => undefined);
    throw problem;
  });
  const closing = new Promise<Ending>((resolve, reject) => {
    channel.on('error', () => undefined);
    channel.stderr.on('error', () => undefined);
    // What a quick command ended with comes together with its beginning, before anybody listens for `exit`; `close` knows it still.
    channel.once('close', (status?: number | null, killedBy?: string) => {
      if (status === undefined) reject(new LineLost('the connection was lost'));
      else resolve({ status, signal: status === null ? (killedBy ?? null) : null });
    });
  });
  const leave = (): void => {
    channel.destroy();
  };
  const ending = untilAborted(closing, signal);
  // Whoever asks for it hears of it; nobody asking is no fault.
  ending.catch(() => {
    if (signal?.aborted) leave();
  });
  return { channel, ending, leave };
}
