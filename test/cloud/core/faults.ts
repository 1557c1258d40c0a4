import { Panic, Refusal } from './refusal';

export type Operation = 'check' | 'create' | 'read' | 'update' | 'delete' | 'invoke' | 'api' | 'boot';

/** A failure on order: the next `times` operations of this sort meet it. */
export interface Fault {
  readonly on: Operation;
  /** Ledger kind (`droplet`), invoke token, or a part of `METHOD /path` for `api`. Without it: whatever comes. */
  readonly kind?: string;
  readonly times?: number;
  readonly do:
    | { readonly refuse: { readonly code: string; readonly message: string; readonly status?: number } }
    /**
     * The work is done, the answer is lost; the plugin asks again, as the real ones do, unless told not to. `hide`: the
     * next listings do not know it.
     */
    | { readonly loseAnswer: { readonly retry: boolean; readonly hide?: number } }
    /** Waits at a gate that the test opens, before the work or after it. */
    | { readonly wait: { readonly gate: string; readonly when: 'before' | 'after' } }
    /** The work is done, but the plugin could not watch it to its end: the engine is told so, with the id. */
    | { readonly initFailed: { readonly message: string } }
    /** The plugin dies: the engine reads the end of the stream. */
    | { readonly panic: { readonly when: 'before' | 'after' } }
    /** The next listings do not know it. */
    | { readonly hide: { readonly listings: number } };
}

interface Armed {
  readonly fault: Fault;
  left: number;
}

/** What goes wrong, in the order in which it was ordered. */
export class Faults {
  private readonly armed: Armed[] = [];
  private readonly gates = new Map<string, { open: boolean; waiting: (() => void)[] }>();

  order(fault: Fault): void {
    this.armed.push({ fault, left: fault.times ?? 1 });
  }

  /** Nothing that was ordered happens any more. */
  calm(): void {
    this.armed.length = 0;
  }

  /** The fault that this operation meets; it is used up by asking. */
  next(on: Operation, kind: string): Fault['do'] | null {
    const found = this.armed.find(
      ({ fault, left }) =>
        left > 0 &&
        fault.on === on &&
        (fault.kind === undefined || (on === 'api' ? kind.includes(fault.kind) : fault.kind === kind)),
    );
    if (!found) return null;
    found.left--;
    return found.fault.do;
  }

  /** Names of gates at which something waits now. */
  waitingAt(): string[] {
    return [...this.gates].filter(([, gate]) => gate.waiting.length > 0).map(([name]) => name);
  }

  open(name: string): void {
    const gate = this.gate(name);
    gate.open = true;
    for (const go of gate.waiting.splice(0)) go();
  }

  pass(name: string): Promise<void> {
    const gate = this.gate(name);
    return gate.open ? Promise.resolve() : new Promise((resolve) => void gate.waiting.push(resolve));
  }

  private gate(name: string): { open: boolean; waiting: (() => void)[] } {
    const gate = this.gates.get(name) ?? { open: false, waiting: [] };
    this.gates.set(name, gate);
    return gate;
  }

  /** Runs `work` under whatever was ordered for it; `lost` and `initFailed` faults are the caller's own business. */
  async around<T>(fault: Fault['do'] | null, work: () => Promise<T>): Promise<T> {
    if (fault === null) return work();
    if ('refuse' in fault) throw new Refusal(fault.refuse.code, fault.refuse.message, fault.refuse.status);
    if ('panic' in fault) {
      if (fault.panic.when === 'after') await work();
      throw new Panic('the plugin died');
    }
    if ('wait' in fault) {
      if (fault.wait.when === 'before') await this.pass(fault.wait.gate);
      const done = await work();
      if (fault.wait.when === 'after') await this.pass(fault.wait.gate);
      return done;
    }
    if ('loseAnswer' in fault) {
      await work();
      if (fault.loseAnswer.retry) return work();
      throw new Refusal('ConnectionReset', 'read: connection reset by peer', 0);
    }
    return work();
  }
}
