import { messageOf } from '../errors';
import { callerCidr } from './caller-address';
import type { Emit, JobContext } from './events';
import type { JobFolder } from './folder';
import { openPort22 } from './lease';
import { placeOf } from './place';
import type { JobRequest } from './request';

/** How a door is looked after; each may throw. */
export interface DoorKeeper {
  /** For whom port 22 should be open now. */
  wanted(): Promise<readonly string[]>;
  /** Opens port 22 for these, and for nobody else any more. */
  open(cidrs: readonly string[]): Promise<void>;
}

/** Those who answer what our address is are not asked more often, seconds. */
const pauseSeconds = 10;

/** Port 22 of a job's machine, which stays open for this computer while its address changes. */
export class Door {
  private looking: Promise<boolean> | null = null;
  private lookedAt = -Infinity;
  private warned = false;

  constructor(
    private openFor: readonly string[],
    private readonly keeper: DoorKeeper,
    private readonly emit: Emit,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Looks whether the door is open for us, and opens it when it is not; answers whether it did. Does not throw. */
  readonly look = (): Promise<boolean> => {
    if (this.looking !== null) return this.looking;
    if (this.now() - this.lookedAt < pauseSeconds * 1000) return Promise.resolve(false);
    this.lookedAt = this.now();
    this.looking = this.openWhenShut().finally(() => (this.looking = null));
    return this.looking;
  };

  /** Resolves when nothing is being changed. */
  async settled(): Promise<void> {
    await this.looking;
  }

  private async openWhenShut(): Promise<boolean> {
    let cidrs: readonly string[];
    try {
      cidrs = await this.keeper.wanted();
    } catch {
      // Without a network nobody can be asked; the next attempt to connect asks again.
      return false;
    }
    const [before, now] = [this.openFor.join(', '), cidrs.join(', ')];
    if (now === before) return false;
    try {
      await this.keeper.open(cidrs);
    } catch (thrown) {
      if (!this.warned) {
        const message = `port 22 is open for ${before}, and could not be opened for ${now}: ${messageOf(thrown)}`;
        this.emit({ type: 'warning', code: 'door-shut', message });
      }
      this.warned = true;
      return false;
    }
    this.openFor = cidrs;
    this.emit({ type: 'note', message: `this computer's address has changed: port 22 is open for ${now} now` });
    return true;
  }
}

/**
 * The door of a job's rented machine; null where there is none. It follows this computer's address, or stays where
 * --allow-cidr says that it is.
 */
export function doorOf(folder: JobFolder, request: JobRequest, context: JobContext): Door | null {
  if (request.host !== null || request.provider === 'local') return null;
  const { allowCidrs } = request.wish;
  const keeper: DoorKeeper = {
    wanted: async () => (allowCidrs.length > 0 ? allowCidrs : [await callerCidr(context.env)]),
    open: (cidrs) => openPort22(folder, request, placeOf(request.provider, context), cidrs, context.signal),
  };
  return new Door(folder.facts().door ?? request.lease.allowCidrs, keeper, context.emit);
}
