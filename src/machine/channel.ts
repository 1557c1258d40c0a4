import type { Client, ClientChannel } from 'ssh2';
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
   * first.
   */
  readonly ending: Promise<Ending>;
  /** Closes the channel: the command finds its input at the end and nobody at its output. */
  leave(): void;
}

/**
 * Runs one command line on the machine; its output must be read for it to end.
 *
 * @throws LineLost when the command could not be handed over, or may not have been.
 */
export async function run(client: Client, command: string): Promise<Running> {
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    const lost = (problem: Error): void => reject(new LineLost(problem.message));
    try {
      client.exec(command, (problem, opened) => (problem ? lost(problem) : resolve(opened)));
    } catch (problem) {
      lost(problem as Error);
    }
  });
  const ending = new Promise<Ending>((resolve, reject) => {
    let ended: Ending | null = null;
    channel.on('exit', (status: number | null, signal?: string) => {
      ended = { status, signal: status === null ? (signal ?? null) : null };
    });
    channel.on('error', () => undefined);
    channel.stderr.on('error', () => undefined);
    channel.once('close', () => {
      if (ended) resolve(ended);
      else reject(new LineLost('the connection was lost'));
    });
  });
  // Whoever asks for it hears of it; nobody asking is no fault.
  ending.catch(() => undefined);
  const leave = (): void => {
    channel.destroy();
  };
  return { channel, ending, leave };
}
