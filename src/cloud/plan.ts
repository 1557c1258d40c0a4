import { UserError } from '../errors';
import { billOf, secondsFor } from './bill';
import { findRegion, findSize, findZone } from './choice';
import { conversionDuration, type ConversionSize, type DurationEstimate } from './duration';
import type { Cloud, EndedBy, MachineSize } from './types';

/** One row of `cvicast plan` (its JSON is a contract). Amounts in USD, list price, without tax. */
export interface PlanRow {
  readonly provider: string;
  readonly title: string;
  readonly region: string;
  readonly zone: string | null;
  readonly size: string;
  readonly vcpus: number;
  readonly memoryGiB: number;
  readonly burstable: boolean;
  readonly spot: boolean;
  readonly toolchain: ConversionSize['toolchain'];
  readonly pricePerHour: number;
  readonly currency: 'USD';
  /** ISO date of the price: today's for one looked up now. */
  readonly priceDate: string;
  readonly priceSource: string;
  /** The smallest bill for one machine there. */
  readonly minimumBill: number;
  readonly minutes: number;
  readonly estimate: number;
  /** The same machine with the other way to install the toolchain; null on this computer, where it may be there already. */
  readonly otherToolchain: Pick<PlanRow, 'toolchain' | 'minutes' | 'estimate'> | null;
  /** The bill when everything goes wrong: of the machine's whole life where something ends it there, of one day elsewhere. */
  readonly worstCase: number;
  readonly worstCasePer: 'job' | 'day';
  readonly ttlMinutes: number;
  readonly endedBy: readonly string[];
  readonly created: readonly string[];
  readonly howEstimated: string;
  readonly warnings: readonly string[];
}

export interface PlanWish {
  readonly size?: string | undefined;
  readonly region?: string | undefined;
  readonly zone?: string | undefined;
  readonly spot: boolean;
  readonly conversion: ConversionSize;
  /** USD; no bound when left out. */
  readonly maxCost?: number | undefined;
  /** Longest life of the machine, minutes; 60 when left out. */
  readonly timeoutMinutes?: number | undefined;
  /** USD an hour as the cloud says now; `null` or nothing: the catalogue's. */
  readonly livePrice?: number | null | undefined;
  /** Seconds of the whole, where the caller knows better. */
  readonly durationOf?: (size: MachineSize, cloud: Cloud) => DurationEstimate;
  readonly today?: Date;
}

export const usualTimeoutMinutes = 60;
const longestTimeoutMinutes = 24 * 60;
const highestMaxCost = 1000;

function badNumber(flag: string, value: number, allowed: string): UserError {
  return new UserError({
    code: `bad-${flag.slice(2)}`,
    what: `${flag} cannot be ${value}`,
    why: `it must be ${allowed}`,
    fix: `give ${flag} ${allowed}, for example ${flag} ${flag === '--max-cost' ? '0.50' : '60'}`,
    exit: 'input',
  });
}

/** Throws a `UserError` (exit input) for bounds that make no sense: zero, negative, not a number, absurdly large. */
export function checkBounds(bounds: { maxCost?: number | undefined; timeoutMinutes?: number | undefined }): void {
  const { maxCost, timeoutMinutes } = bounds;
  if (maxCost !== undefined && !(maxCost > 0 && maxCost <= highestMaxCost)) {
    throw badNumber('--max-cost', maxCost, `an amount of USD above 0 and up to ${highestMaxCost}`);
  }
  if (timeoutMinutes !== undefined && !(timeoutMinutes >= 1 && timeoutMinutes <= longestTimeoutMinutes)) {
    throw badNumber('--timeout', timeoutMinutes, `minutes from 1 to ${longestTimeoutMinutes}`);
  }
}

export const money = (amount: number): string => `$${amount < 0.1 ? amount.toFixed(4) : amount.toFixed(2)}`;

function warningsFor(
  cloud: Cloud,
  wish: PlanWish,
  size: MachineSize,
  region: string,
  livePrice: number | null,
): string[] {
  const warnings: string[] = [];
  if (size.memoryGiB < 4) {
    warnings.push(
      `${size.name} has ${size.memoryGiB} GiB of memory: calibration of a 640 model takes 2 GB and the system needs its own, so the conversion may be killed for want of memory; 4 GiB or more is safe`,
    );
  }
  if (size.purpose === 'burstable')
    warnings.push(`${size.name} is burstable: ${size.burstNote ?? 'it may run slower or cost more'}`);
  if (wish.spot && !cloud.spot) {
    throw new UserError({
      code: 'no-spot',
      what: `${cloud.title} has no spot machines`,
      why: 'it sells machines at one price only',
      fix: 'leave --spot out, or choose another --provider',
      exit: 'input',
    });
  }
  if (wish.spot)
    warnings.push(
      'spot: the price shown is the list price and thus an upper bound; the cloud may take the machine back at any time',
    );
  if (livePrice === null && region !== cloud.defaultRegion && size.pricePerHour > 0) {
    warnings.push(`the price is that of ${cloud.defaultRegion}; ${region} may differ by some 20 %`);
  }
  return warnings;
}

/** What ends the bill whatever becomes of this computer: the platform first, else a timer in the guest. */
function surest(cloud: Cloud): EndedBy | undefined {
  const stops = cloud.endedBy.filter((end) => end.stopsBill && (end.kind === 'platform' || end.kind === 'guest'));
  return stops.find((end) => end.kind === 'platform') ?? stops[0];
}

/** What the platform takes off the bill by itself, where the rest of it goes on. */
const partial = (cloud: Cloud): EndedBy | undefined =>
  cloud.endedBy.find((end) => end.kind === 'platform' && end.leavesPerHour !== undefined);

const hoursADay = 24;

/** The bill of the first day after this computer's death, where nothing by itself ends all of it. */
function billOfADay(cloud: Cloud, size: MachineSize, ttlMinutes: number): number {
  const end = partial(cloud);
  if (end === undefined) return billOf(cloud, size, hoursADay * 3600);
  const hours = Math.min(hoursADay, Math.max(ttlMinutes, end.smallestMinutes ?? 0) / 60);
  return billOf(cloud, size, hours * 3600) + (hoursADay - hours) * (end.leavesPerHour ?? 0);
}

function endingInWords(end: EndedBy, ttlMinutes: number): string {
  const after = end.kind === 'sweep' ? '' : `after ${Math.max(ttlMinutes, end.smallestMinutes ?? 0)} min, `;
  return `${end.kind}: ${after}${end.what}${end.stopsBill ? '' : ' (does not stop the bill)'}`;
}

function overBudget(
  cloud: Cloud,
  size: MachineSize,
  row: { estimate: number; minutes: number },
  maxCost: number,
  wish: PlanWish,
): UserError {
  const fitting = cloud.sizes
    .filter((other) => other.name !== size.name && other.memoryGiB >= 4)
    .map((other) => ({ name: other.name, cost: billOf(cloud, other, durationOf(cloud, other, wish).seconds) }))
    .filter(({ cost }) => cost <= maxCost)
    .sort((a, b) => a.cost - b.cost);
  const best = fitting[0];
  return new UserError({
    code: 'over-budget',
    what: `The conversion on ${cloud.title} (${size.name}) is estimated at ${money(row.estimate)}, above --max-cost ${money(maxCost)}`,
    why: `about ${row.minutes} min at ${money(size.pricePerHour)} an hour; nothing was created`,
    fix: best
      ? `choose --size ${best.name} (about ${money(best.cost)}), or --max-cost ${Math.ceil(row.estimate * 100) / 100}`
      : `give --max-cost ${Math.ceil(row.estimate * 100) / 100} or more, fewer calibration pictures, or --toolchain venv`,
    exit: 'budget',
  });
}

function durationOf(cloud: Cloud, size: MachineSize, wish: PlanWish): DurationEstimate {
  if (wish.durationOf) return wish.durationOf(size, cloud);
  return conversionDuration(wish.conversion, {
    vcpus: size.vcpus,
    bootSeconds: cloud.bootSeconds,
    local: cloud.name === 'local',
    throttle: size.throttle,
  });
}

const minutesOf = ({ seconds }: DurationEstimate): number => Math.round(seconds / 6) / 10;

function otherToolchain(cloud: Cloud, size: MachineSize, wish: PlanWish): PlanRow['otherToolchain'] {
  const toolchain = wish.conversion.toolchain === 'docker' ? 'venv' : 'docker';
  const duration = durationOf(cloud, size, { ...wish, conversion: { ...wish.conversion, toolchain } });
  return { toolchain, minutes: minutesOf(duration), estimate: billOf(cloud, size, duration.seconds) };
}

/**
 * The plan for one cloud: what is created, how long it takes, what it costs, what ends it.
 * Throws a `UserError`: exit `input` for unknown names and senseless bounds, exit `budget` (`over-budget`) when the
 * estimate is above `maxCost`. Asks nobody anything.
 */
export function planFor(cloud: Cloud, wish: PlanWish): PlanRow {
  checkBounds(wish);
  const region = findRegion(cloud, wish.region);
  const zone = wish.zone === undefined ? null : findZone(cloud, region, wish.zone);
  const listed = findSize(cloud, wish.size);
  const livePrice = wish.livePrice ?? null;
  const size: MachineSize = livePrice === null ? listed : { ...listed, pricePerHour: livePrice };
  const warnings = warningsFor(cloud, wish, listed, region.name, livePrice);

  const duration = durationOf(cloud, size, wish);
  const minutes = minutesOf(duration);
  const estimate = billOf(cloud, size, duration.seconds);
  if (wish.maxCost !== undefined && estimate > wish.maxCost) {
    throw overBudget(cloud, size, { estimate, minutes }, wish.maxCost, wish);
  }

  const timeoutMinutes = wish.timeoutMinutes ?? usualTimeoutMinutes;
  const affordableMinutes =
    wish.maxCost === undefined ? timeoutMinutes : Math.floor(secondsFor(cloud, size, wish.maxCost) / 60);
  const ttlMinutes = Math.max(1, Math.min(timeoutMinutes, affordableMinutes));
  if (minutes > ttlMinutes) {
    warnings.push(
      `about ${minutes} min are needed, and the machine is ended after ${ttlMinutes}: raise --timeout or --max-cost`,
    );
  }

  const end = surest(cloud);
  const worstSeconds = end ? Math.max(ttlMinutes, end.smallestMinutes ?? 0) * 60 : hoursADay * 3600;
  const worstCase = end ? billOf(cloud, size, worstSeconds) : billOfADay(cloud, size, ttlMinutes);
  const leaves = partial(cloud)?.leavesPerHour;
  if (!end && leaves !== undefined) {
    warnings.push(
      `${cloud.title} ends the machine by itself, but not its disk and address: should this computer die for good, the first day costs ${money(worstCase)} and each one after it ${money(leaves * hoursADay)} until \`cvicast gc\` or you delete them`,
    );
  } else if (!end && size.pricePerHour > 0) {
    warnings.push(
      `nothing at ${cloud.title} ends a machine by itself: should this computer die for good, it costs ${money(worstCase)} a day until \`cvicast gc\` or you delete it`,
    );
  } else if (wish.maxCost !== undefined && worstCase > wish.maxCost) {
    warnings.push(
      `should everything else fail, the machine ends after ${worstSeconds / 60} min at ${money(worstCase)}, above --max-cost`,
    );
  }

  return {
    provider: cloud.name,
    title: cloud.title,
    region: region.name,
    zone,
    size: size.name,
    vcpus: size.vcpus,
    memoryGiB: size.memoryGiB,
    burstable: size.purpose === 'burstable',
    spot: wish.spot,
    toolchain: wish.conversion.toolchain,
    pricePerHour: size.pricePerHour,
    currency: 'USD',
    priceDate: livePrice === null ? cloud.price.date : (wish.today ?? new Date()).toISOString().slice(0, 10),
    priceSource: livePrice === null ? cloud.price.source : 'told by the cloud just now',
    minimumBill: billOf(cloud, size, 0),
    minutes,
    estimate,
    otherToolchain: cloud.name === 'local' ? null : otherToolchain(cloud, size, wish),
    worstCase,
    worstCasePer: end || size.pricePerHour === 0 ? 'job' : 'day',
    ttlMinutes,
    endedBy: cloud.endedBy.map((ending) => endingInWords(ending, ttlMinutes)),
    created: cloud.creates,
    howEstimated: duration.how,
    warnings,
  };
}

/** Picks a row: the lowest estimate, or the fewest minutes; the other decides between equals. `null` without rows. */
export function pickRow(rows: readonly PlanRow[], by: 'cheapest' | 'fastest'): PlanRow | null {
  const keys = (row: PlanRow): [number, number] =>
    by === 'cheapest' ? [row.estimate, row.minutes] : [row.minutes, row.estimate];
  const sorted = [...rows].sort((a, b) => keys(a)[0] - keys(b)[0] || keys(a)[1] - keys(b)[1]);
  return sorted[0] ?? null;
}

/** What one cloud may be refused for where there are others to choose from. */
const lacks = new Set(['over-budget', 'unknown-region', 'unknown-size', 'no-spot', 'unknown-zone', 'no-zones']);

/** A plan, or why there is none. */
export type Attempt = PlanRow | UserError;

export const isRow = (attempt: Attempt): attempt is PlanRow => !(attempt instanceof UserError);

/** `planFor` with each of these sizes (`undefined`: the usual one); throws what would be wrong on every cloud. */
export function attemptsOf(cloud: Cloud, wish: PlanWish, sizes: readonly (string | undefined)[]): Attempt[] {
  return sizes.map((size) => {
    try {
      return planFor(cloud, { ...wish, size });
    } catch (thrown) {
      if (thrown instanceof UserError && lacks.has(thrown.code)) return thrown;
      throw thrown;
    }
  });
}

/** The sizes that may be chosen from: the one that was named, or all without tight memory. */
export function sizesFor(cloud: Cloud, { size }: PlanWish): string[] {
  return size === undefined ? cloud.sizes.filter((one) => one.memoryGiB >= 4).map((one) => one.name) : [size];
}

/** `planFor` for every size of the cloud that may be chosen from; what the cloud lacks and what is over the budget is left out. */
export function rowsOf(cloud: Cloud, wish: PlanWish): PlanRow[] {
  return attemptsOf(cloud, wish, sizesFor(cloud, wish)).filter(isRow);
}
