import { randomInt } from 'node:crypto';
import { messageOf } from '../../../src/errors';
import { Clock } from './clock';
import { Faults } from './faults';
import { Ledger, type Entry } from './ledger';
import { Machine, type MachineSpec } from './machine';
import { Refusal } from './refusal';
import type { CloudTable, World } from './table';

/** One account of one cloud, with machines that run. */
export class LiveWorld implements World {
  readonly clock = new Clock();
  readonly faults = new Faults();
  readonly ledger: Ledger;
  /** The port on which guests and tests speak to this process. */
  controlPort = 0;
  private readonly machines = new Map<Entry, Promise<Machine | null>>();
  private readonly guestTimers = new Map<Entry, number>();
  private lastSerial = 400_000_000 + randomInt(1_000_000);

  constructor(
    readonly table: CloudTable,
    readonly options: Readonly<Record<string, string>>,
  ) {
    this.ledger = new Ledger(this.clock, table.billing);
  }

  serial(): number {
    return ++this.lastSerial;
  }

  boot(entry: Entry, spec: MachineSpec): Promise<string> {
    const address = ['127', randomInt(16, 250), randomInt(256), randomInt(1, 255)].join('.');
    this.machines.set(entry, this.bootWhenAllowed(entry, spec, address));
    return Promise.resolve(address);
  }

  private async bootWhenAllowed(entry: Entry, spec: MachineSpec, address: string): Promise<Machine | null> {
    if (this.options['machines'] === 'none') return null;
    try {
      return await this.faults.around(this.faults.next('boot', entry.kind), () =>
        Machine.start(spec, {
          address,
          controlPort: this.controlPort,
          entryId: entry.id,
          admits: (peer) => this.table.admits(this, entry, peer),
          remark: (text) => void this.ledger.remarks.push(text),
        }),
      );
    } catch (thrown) {
      // A guest that does not boot is no failure of the cloud's API.
      this.ledger.remarks.push(`the guest of ${entry.id} did not boot: ${messageOf(thrown)}`);
      return null;
    }
  }

  async halt(entry: Entry): Promise<void> {
    this.disarm(entry);
    const machine = this.machines.get(entry);
    this.machines.delete(entry);
    await (await machine)?.stop();
  }

  /** Ends an entry and its guest. */
  async end(entry: Entry, by: string): Promise<void> {
    this.ledger.delete(entry, by);
    await this.halt(entry);
  }

  async cut(): Promise<void> {
    for (const machine of this.machines.values()) (await machine)?.cut();
  }

  async logs(): Promise<string> {
    const logs = await Promise.all([...this.machines.values()].map(async (machine) => (await machine)?.log() ?? ''));
    return logs.join('\n');
  }

  /** The guest called `shutdown`, `poweroff` and the like. */
  guestSays(entryId: string, words: string): void {
    const entry = this.ledger.alive().find((one) => one.id === entryId);
    if (!entry) return;
    const argv = words.trim().split(/\s+/);
    if (argv.includes('-c')) {
      this.disarm(entry);
      return;
    }
    const minutes = argv[0] === 'shutdown' ? minutesOf(argv) : 0;
    if (minutes === null) {
      this.ledger.remarks.push(`the guest of ${entryId} said "${words}", which names no time`);
      return;
    }
    this.disarm(entry);
    this.guestTimers.set(
      entry,
      this.clock.at(this.clock.now() + minutes * 60_000, () => {
        // A guest that is halted, or whose platform took it, fires nothing any more.
        if (entry.state === 'active') void this.table.poweredOff(this, entry);
      }),
    );
  }

  private disarm(entry: Entry): void {
    const timer = this.guestTimers.get(entry);
    if (timer !== undefined) this.clock.cancel(timer);
    this.guestTimers.delete(entry);
  }

  /** Minutes until the guest's own timer is due are the test's to know only through `clock.advance`. */
  hasGuestTimer(entry: Entry): boolean {
    return this.guestTimers.has(entry);
  }

  async stop(): Promise<void> {
    this.clock.stop();
    await Promise.all([...this.machines.keys()].map((entry) => this.halt(entry)));
  }
}

/** Minutes of `shutdown [-P|-h|-H] [+N|now]`; one minute when nothing is said, as systemd has it. */
function minutesOf(argv: readonly string[]): number | null {
  const times = argv.slice(1).filter((word) => !word.startsWith('-'));
  const time = times[0];
  if (time === undefined) return 1;
  if (time === 'now') return 0;
  const match = /^\+?(\d+)$/.exec(time);
  return match ? Number(match[1]) : null;
}

export function notFound(code: string, message: string): Refusal {
  return new Refusal(code, message, 404);
}
