import type { StackEvent } from '../engine/types';
import type { DatedEntry, Journal } from './journal';

/** One machine that was had, or may have been. */
export interface Rental {
  readonly region: string;
  readonly size: string;
  readonly from: string;
  /** Null while it may still live. */
  readonly until: string | null;
}

/** What the stacks call things that bill for as long as they are there; a group's end is that of all in it. */
const billedNames = new Set(['machine', 'address', 'group']);

const isBilled = (event: StackEvent): boolean =>
  event.kind === 'resource' && billedNames.has(event.urn?.split('::').at(-1) ?? '');

/** Writes down when the engine asks a cloud for what bills, and when it has it. */
export function noteCreation(journal: Journal, event: StackEvent): void {
  if (!isBilled(event) || event.operation !== 'create' || event.phase === 'failed') return;
  // The group alone costs nothing.
  if (event.urn?.endsWith('::group')) return;
  // The engine's own time, since its words arrive a little later: the cloud cannot have begun to bill before.
  if (event.phase === 'started')
    journal.note({ type: 'billing', what: 'asked', since: new Date(event.at ?? Date.now()).toISOString() });
  else journal.note({ type: 'billing', what: 'made', since: new Date().toISOString() });
}

/** Writes down when the engine says that what bills is gone. */
export function noteEnd(journal: Journal, event: StackEvent): void {
  if (isBilled(event) && event.operation === 'delete' && event.phase === 'done')
    journal.note({ type: 'billing', what: 'gone', since: new Date().toISOString() });
}

interface Draft extends Rental {
  readonly asked: boolean;
  /** Null: nobody knows, so it is taken to exist. */
  readonly exists: boolean | null;
  /** Machines that a sweep found among what it found; null: it found nothing at all. */
  readonly found: number | null;
  /** When a listing was empty. */
  readonly closedAt: string | null;
}

function after(draft: Draft, entry: DatedEntry): Draft {
  if (draft.closedAt !== null) return draft;
  if (entry.type === 'found') {
    const { machines } = entry;
    // A sweep that tries again finds the same ones.
    return { ...draft, exists: machines > 0 || draft.exists, found: Math.max(draft.found ?? 0, machines) };
  }
  if (entry.type === 'billing') {
    if (entry.what === 'made') return { ...draft, exists: true };
    if (entry.what === 'gone') return { ...draft, exists: true, until: entry.since };
    if (draft.asked) return draft;
    return { ...draft, asked: true, from: entry.since > draft.from ? entry.since : draft.from };
  }
  if (entry.type !== 'teardown' || entry.left.length > 0) return draft;
  return { ...draft, exists: draft.exists ?? false, closedAt: entry.checkedAt };
}

/** The machine that the engine knows, and those that a lost answer made besides: only the sweep saw and ended them. */
function machinesOf({ region, size, from, until, found, closedAt }: Draft): Rental[] {
  // What a sweep found lived on after the engine's own delete, be it only an address.
  const end = found === null ? (until ?? closedAt) : closedAt;
  const known = { region, size, from, until: closedAt === null ? null : end };
  const unknown = until === null ? Math.max(0, (found ?? 0) - 1) : (found ?? 0);
  return [known, ...Array<Rental>(unknown).fill({ region, size, from, until: closedAt })];
}

/**
 * The machines of a job, from its journal: each from the moment in which the engine asked for it to that in which it was
 * gone. What was refused, and proven not to be there, is none; what an answer that was lost made twice is two.
 */
export function rentalsOf(entries: readonly DatedEntry[]): Rental[] {
  const drafts: Draft[] = [];
  for (const entry of entries) {
    if (entry.type === 'intent') {
      const { region, size, at: from } = entry;
      drafts.push({ region, size, from, until: null, asked: false, exists: null, found: null, closedAt: null });
    } else {
      const current = drafts.pop();
      if (current !== undefined) drafts.push(after(current, entry));
    }
  }
  return drafts.filter((draft) => draft.exists !== false).flatMap(machinesOf);
}
