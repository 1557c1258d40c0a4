import { messageOf, UserError } from '../errors';
import type { Choice } from './choice';
import { entryFor, ownWords } from './refusal';
import type { Cloud, CloudErrorEntry, MachineSize } from './types';
import { Unfit } from './unfit';

export interface Wishes {
  readonly region: string;
  /** Given by the user: never left. */
  readonly zone?: string;
  readonly size: string;
  /** Whether the user named the region or the size: what was named is never changed. */
  readonly regionNamed: boolean;
  readonly sizeNamed: boolean;
}

/**
 * Sizes that can stand in for `size`, nearest first: as many vCPUs, then fewer (slower and cheaper, and within a quota
 * that was too small), then more for at most twice the price. None with less than 4 GiB.
 */
function otherSizes(cloud: Cloud, size: MachineSize): MachineSize[] {
  const rank = (other: MachineSize): number =>
    other.vcpus === size.vcpus ? 0 : other.vcpus < size.vcpus ? size.vcpus - other.vcpus : 1000 + other.vcpus;
  return cloud.sizes
    .filter((other) => other.name !== size.name && other.memoryGiB >= 4)
    .filter((other) => other.vcpus <= size.vcpus || other.pricePerHour <= 2 * size.pricePerHour)
    .sort((a, b) => rank(a) - rank(b) || a.pricePerHour - b.pricePerHour);
}

/**
 * The places to try, in order: zones of the region first (other regions where the cloud has no zones and the user named
 * no region), then the next sizes. `affordable` keeps out what the budget does not allow.
 */
export function choicesFor(
  cloud: Cloud,
  wishes: Wishes,
  affordable: (size: MachineSize) => boolean = () => true,
): Choice[] {
  const size = cloud.sizes.find((one) => one.name === wishes.size);
  const rest = size && !wishes.sizeNamed ? otherSizes(cloud, size).filter(affordable) : [];
  const region = cloud.regions.find((one) => one.name === wishes.region);
  const zones = wishes.zone === undefined ? (region?.zones ?? []) : [wishes.zone];
  const places =
    zones.length > 0
      ? zones.map((zone) => ({ region: wishes.region, zone }))
      : [
          wishes.region,
          ...(wishes.regionNamed ? [] : cloud.regions.map((one) => one.name).filter((name) => name !== wishes.region)),
        ].map((name) => ({ region: name }));
  return [wishes.size, ...rest.map((one) => one.name)].flatMap((name) =>
    places.map((place) => ({ ...place, size: name })),
  );
}

export interface Tried {
  readonly choice: Choice;
  readonly code: string;
  readonly why: string;
}

export interface FailoverOptions<T> {
  readonly errors: readonly CloudErrorEntry[];
  readonly attempt: (choice: Choice) => Promise<T>;
  /**
   * Takes away whatever a failed attempt left; `entry` is what the catalogue says of the failure. Answers whether nothing of
   * it may live any more: otherwise nothing more is tried, for two machines would bill. When it throws, its error is the answer.
   */
  readonly cleanUp: (choice: Choice, failure: unknown, entry: CloudErrorEntry | null) => Promise<boolean>;
  /** Attempts in all; 5 unless given. */
  readonly limit?: number;
  /** Told of each failed attempt that is followed by another. */
  readonly onNext?: (tried: Tried, next: Choice) => void;
}

/** Everything a failure says, for the catalogue: the engine puts the cloud's words in `why`. */
function wordsOf(failure: unknown): string {
  const own = failure instanceof UserError ? `${failure.code} ${failure.what} ${failure.why}` : messageOf(failure);
  const cause = failure instanceof Error && failure.cause !== undefined ? ` ${messageOf(failure.cause)}` : '';
  return own + cause;
}

/** By the code, where the refusal was made from an entry or in its name, else by what was said. */
function entryOf(errors: readonly CloudErrorEntry[], failure: unknown): CloudErrorEntry | null {
  const byCode = failure instanceof UserError ? errors.find((entry) => entry.code === failure.code) : undefined;
  return byCode ?? entryFor(errors, wordsOf(failure));
}

/** A refusal of ours says itself what was wrong; the engine's words are the catalogue's to explain. */
function reasonOf(failure: unknown, entry: CloudErrorEntry | null): string {
  const own = failure instanceof UserError && failure.code === entry?.code;
  return own ? failure.message : (entry?.why ?? messageOf(failure));
}

function helps(failure: unknown, entry: CloudErrorEntry | null): CloudErrorEntry['next'] {
  return failure instanceof Unfit ? failure.next : (entry?.next ?? 'stop');
}

/** Where and what, in words: `c6i.large in us-east-1a`. */
export function placeOf(choice: Choice): string {
  return `${choice.size} in ${choice.zone ?? choice.region}`;
}

/** The engine only passes on what a cloud said: where the cloud's catalogue knows it, that says what it means. */
function explained(failure: unknown, entry: CloudErrorEntry | null, choice: Choice): unknown {
  if (entry === null || !(failure instanceof UserError) || failure.code !== 'engine-failed') return failure;
  return new UserError(
    {
      code: entry.code,
      what: `The machine could not be made: ${placeOf(choice)}`,
      why: `${entry.why} (it said: ${ownWords(failure.why)})`,
      fix: entry.fix,
      exit: failure.exit,
    },
    { cause: failure },
  );
}

function following(
  choices: readonly Choice[],
  at: number,
  next: CloudErrorEntry['next'],
  repeats: number,
): number | null {
  if (next === 'stop') return null;
  if (next === 'retry') return repeats < 1 ? at : null;
  if (next === 'zone') return at + 1 < choices.length ? at + 1 : null;
  const size = choices[at]?.size;
  const later = choices.findIndex((choice, index) => index > at && choice.size !== size);
  return later === -1 ? null : later;
}

function gaveUp(tried: readonly Tried[], failure: unknown): UserError {
  const last = failure instanceof UserError ? failure : null;
  const list = tried.map(({ choice, code }) => `${placeOf(choice)}: ${code}`).join('; ');
  return new UserError(
    {
      code: last?.code ?? tried.at(-1)?.code ?? 'no-machine',
      what: `No machine could be had in ${tried.length} attempts (${list})`,
      why: last?.why ?? messageOf(failure),
      fix: last?.fix ?? 'try another --region, --zone or --size, or another --provider',
      exit: last?.exit ?? 'provider',
    },
    { cause: failure },
  );
}

/**
 * Tries one choice after the other as the cloud's catalogue says what may help: next zone, next size, the same once
 * more, or nothing. Every failed attempt is cleaned up before anything else happens. Throws the failure after a single
 * attempt, else a `UserError` that names all that was tried; what the engine passed on is explained by the catalogue.
 */
export async function failover<T>(
  choices: readonly Choice[],
  options: FailoverOptions<T>,
): Promise<{ result: T; choice: Choice; tried: Tried[] }> {
  const limit = options.limit ?? 5;
  const tried: Tried[] = [];
  let at = 0;
  let repeats = 0;
  /** What is told when nothing helps. */
  let headline: unknown;
  for (;;) {
    const choice = choices[at];
    if (choice === undefined) {
      throw new UserError({
        code: 'nothing-to-try',
        what: 'No machine could be asked for',
        why: 'no zone and size fits what was asked',
        fix: 'name fewer of --region, --zone and --size',
        exit: 'input',
      });
    }
    try {
      return { result: await options.attempt(choice), choice, tried };
    } catch (failure) {
      const entry = entryOf(options.errors, failure);
      const isClean = await options.cleanUp(choice, failure, entry);
      const code = entry?.code ?? (failure instanceof UserError ? failure.code : 'unknown');
      tried.push({ choice, code, why: reasonOf(failure, entry) });
      const last = explained(failure, entry, choice);
      // That a size is not offered there which we chose is no mistake of the user's: another may be.
      const isOurs = tried.length > 1 && last instanceof UserError && last.exit === 'input';
      if (!isOurs) headline = last;
      const help = isOurs ? 'size' : helps(failure, entry);
      const next = isClean && tried.length < limit ? following(choices, at, help, repeats) : null;
      const nextChoice = next === null ? undefined : choices[next];
      if (next === null || nextChoice === undefined) {
        throw tried.length === 1 ? last : gaveUp(tried, headline);
      }
      repeats = next === at ? repeats + 1 : 0;
      at = next;
      options.onNext?.(tried[tried.length - 1] as Tried, nextChoice);
    }
  }
}
