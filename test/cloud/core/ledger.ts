import type { Clock } from './clock';

export type Props = Record<string, unknown>;

/** One thing in the account. What is gone stays written: a bill is made of it. */
export interface Entry {
  readonly kind: string;
  readonly id: string;
  readonly region: string;
  readonly zone?: string;
  readonly name: string;
  /** Tags or labels as the cloud knows them. */
  tags: Record<string, string>;
  /** What the cloud would tell of it. */
  properties: Props;
  state: 'active' | 'off' | 'deleted';
  readonly createdAt: number;
  deletedAt: number | null;
  /** Since when it costs nothing though it is still there; null while it costs. */
  freeSince: number | null;
  /** Why it went: `engine`, `api`, `timer`, `guest`, `outside`. */
  deletedBy: string | null;
  /** USD an hour while it exists; 0 for what is free. */
  readonly pricePerHour: number;
  /** Listings that do not know it yet. */
  hiddenFor: number;
}

export interface NewEntry {
  readonly kind: string;
  readonly id: string;
  readonly region: string;
  readonly zone?: string;
  readonly name: string;
  readonly tags?: Record<string, string>;
  readonly properties?: Props;
  readonly pricePerHour?: number;
}

export interface Billing {
  readonly minimumSeconds: number;
  readonly stepSeconds: number;
  /** Smallest amount on the bill, USD, once anything is on it. */
  readonly minimumCharge?: number;
}

/** Everything one cloud knows of one account: what lives, what lived, and what it costs. */
export class Ledger {
  private readonly entries: Entry[] = [];
  /** What a strict cloud would have said aloud: unknown user data, powered-off machines that still bill. */
  readonly remarks: string[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly billing: Billing,
  ) {}

  add(given: NewEntry): Entry {
    const entry: Entry = {
      tags: {},
      properties: {},
      pricePerHour: 0,
      ...given,
      state: 'active',
      createdAt: this.clock.now(),
      deletedAt: null,
      freeSince: null,
      deletedBy: null,
      hiddenFor: 0,
    };
    this.entries.push(entry);
    return entry;
  }

  all(): readonly Entry[] {
    return this.entries;
  }

  alive(kind?: string): Entry[] {
    return this.entries.filter((entry) => entry.state !== 'deleted' && (kind === undefined || entry.kind === kind));
  }

  get(kind: string, id: string): Entry | undefined {
    return this.alive(kind).find((entry) => entry.id === id);
  }

  named(kind: string, name: string): Entry | undefined {
    return this.alive(kind).find((entry) => entry.name === name);
  }

  /** What a listing shows now: eventual consistency hides what is too young. */
  listed(kind: string): Entry[] {
    return this.alive(kind).filter((entry) => {
      if (entry.hiddenFor <= 0) return true;
      entry.hiddenFor--;
      return false;
    });
  }

  delete(entry: Entry, by: string): void {
    if (entry.state === 'deleted') return;
    entry.state = 'deleted';
    entry.deletedAt = this.clock.now();
    entry.deletedBy = by;
  }

  /** It stays, off, and costs nothing more. */
  deallocate(entry: Entry): void {
    if (entry.state === 'deleted') return;
    entry.state = 'off';
    entry.freeSince ??= this.clock.now();
  }

  /** A delete that took its time is paid for until it is through. */
  billUntilNow(entry: Entry): void {
    if (entry.state === 'deleted') entry.deletedAt = this.clock.now();
  }

  /** USD for everything that ever was, by the cloud's own rounding. */
  bill(): number {
    const sum = this.entries.reduce((total, entry) => total + this.billOf(entry), 0);
    return sum === 0 ? 0 : Math.max(sum, this.billing.minimumCharge ?? 0);
  }

  private billOf(entry: Entry): number {
    const { minimumSeconds, stepSeconds } = this.billing;
    const seconds = ((entry.freeSince ?? entry.deletedAt ?? this.clock.now()) - entry.createdAt) / 1000;
    const billed = Math.max(minimumSeconds, Math.ceil(seconds / stepSeconds) * stepSeconds);
    return (billed / 3600) * entry.pricePerHour;
  }
}
