import { randomInt } from 'node:crypto';
import * as os from 'node:os';
import { messageOf } from '../../../src/errors';
import { Clock } from './clock';
import { Faults } from './faults';
import type { Found } from './find-inside';
import { Ledger, type Entry } from './ledger';
import { Machine, type MachineSpec } from './machine';
import { usualSecret, type CloudTable, type World } from './table';
import { Wire } from './wire';

/** One account of one cloud, with machines that run. */
export class LiveWorld implements World {
  readonly clock = new Clock();
  readonly faults = new Faults();
  readonly ledger: Ledger;
  readonly wire = new Wire();
  /** The address that the cloud sees this computer at. */
  caller = '127.0.0.1';
  readonly secret: string;
  config: Readonly<Record<string, unknown>> = {};
  /** The port on which guests and tests speak to this process. */
  controlPort = 0;
  private readonly machines = new Map<Entry, Promise<Machine | null>>();
  private readonly guestTimers: { readonly entry: Entry; readonly kind: string; readonly timer: number }[] = [];
  private lastSerial = 400_000_000 + randomInt(1_000_000);

  constructor(
    readonly table: CloudTable,
    readonly options: Readonly<Record<string, string>>,
  ) {
    this.ledger = new Ledger(this.clock, table.billing);
    this.secret = options['secret'] ?? usualSecret;
  }

  serial(): number {
    return ++this.lastSerial;
  }

  newAddress(): string {
    return ['127', randomInt(16, 250), randomInt(256), randomInt(1, 255)].join('.');
  }

  boot(entry: Entry, spec: MachineSpec, address = this.newAddress()): Promise<string> {
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
          admits: () => this.table.admits(this, entry, this.caller),
          wire: this.wire,
          toolchains: this.options['toolchains'],
          impostor: this.options['impostor'] !== undefined,
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
    this.ledger.billUntilNow(entry);
  }

  async cut(): Promise<void> {
    for (const machine of this.machines.values()) (await machine)?.cut();
  }

  /** Guests die; their entries go on to bill. */
  async crash(): Promise<void> {
    for (const machine of this.machines.values()) await (await machine)?.crash();
  }

  async fillDisks(): Promise<void> {
    for (const machine of this.machines.values()) (await machine)?.fillDisk();
  }

  /** Where on the guests these words are, on disk or in a process. */
  async find(words: readonly string[]): Promise<Found[]> {
    const machines = await Promise.all(this.machines.values());
    return machines.flatMap((machine) => machine?.find(words) ?? []);
  }

  async logs(): Promise<string> {
    const logs = await Promise.all([...this.machines.values()].map(async (machine) => (await machine)?.log() ?? ''));
    return logs.join('\n');
  }

  /** The guest called `shutdown`, `systemctl poweroff`, `systemd-run --on-boot=…` and the like. */
  guestSays(entryId: string, words: string): void {
    const entry = this.ledger.alive().find((one) => one.id === entryId);
    if (!entry) return;
    const wish = wishOf(words.trim().split(/\s+/));
    if (wish === 'nothing') return;
    if (wish === 'unclear') {
      this.ledger.remarks.push(`the guest of ${entryId} said "${words}", which names no time`);
      return;
    }
    // One timer a kind: a second `shutdown` replaces the first.
    this.disarm(entry, wish.kind);
    if (wish.minutes === null) return;
    const timer = this.clock.at(this.clock.now() + wish.minutes * 60_000, () => {
      // A guest that is off already, or whose platform took it, fires nothing any more.
      if (entry.state === 'active') void this.table.poweredOff(this, entry);
    });
    this.guestTimers.push({ entry, kind: wish.kind, timer });
  }

  private disarm(entry: Entry, kind?: string): void {
    const mine = this.guestTimers.filter((one) => one.entry === entry && (kind === undefined || one.kind === kind));
    for (const one of mine) {
      this.clock.cancel(one.timer);
      this.guestTimers.splice(this.guestTimers.indexOf(one), 1);
    }
  }

  /** Has the guest armed a timer of its own? */
  hasGuestTimer(entry: Entry): boolean {
    return this.guestTimers.some((one) => one.entry === entry);
  }

  async stop(): Promise<void> {
    this.clock.stop();
    await Promise.all([...this.machines.keys()].map((entry) => this.halt(entry)));
  }
}

type Wish = { readonly kind: string; readonly minutes: number | null } | 'nothing' | 'unclear';

/** What a command of the guest means for its power; minutes `null` takes a timer back. */
function wishOf(argv: readonly string[]): Wish {
  const command = argv[0] ?? '';
  if (command === 'systemctl')
    return argv.some((word) => /^(poweroff|halt|reboot)$/.test(word)) ? { kind: 'now', minutes: 0 } : 'nothing';
  if (command === 'systemd-run') {
    const uptime = argv.map((word) => /^--on-boot=(\d+)s?$/.exec(word)?.[1]).find((found) => found !== undefined);
    // The guest's kernel is this computer's.
    return uptime === undefined ? 'unclear' : { kind: command, minutes: (Number(uptime) - os.uptime()) / 60 };
  }
  if (command !== 'shutdown') return { kind: 'now', minutes: 0 };
  if (argv.includes('-c')) return { kind: command, minutes: null };
  // One minute when nothing is said, as systemd has it.
  const time = argv.slice(1).find((word) => !word.startsWith('-')) ?? '+1';
  if (time === 'now') return { kind: command, minutes: 0 };
  const match = /^\+?(\d+)$/.exec(time);
  return match ? { kind: command, minutes: Number(match[1]) } : 'unclear';
}
