import type { Cloud, MachineSize } from './types';

type Priced = Pick<MachineSize, 'pricePerHour'>;
type Billed = Pick<Cloud, 'billing'>;

/** An amount of USD as it is shown and compared: millionths, so that sums of seconds do not drift. */
function rounded(amount: number): number {
  return Math.round(amount * 1e6) / 1e6;
}

/** What `seconds` of a machine cost at list price, USD: the smallest bill and the billing step included. */
export function billOf(cloud: Billed, size: Priced, seconds: number): number {
  const { minimumSeconds, stepSeconds, minimumCharge = 0 } = cloud.billing;
  const steps = Math.ceil(Math.max(seconds, minimumSeconds) / stepSeconds);
  return rounded(Math.max(minimumCharge, (steps * stepSeconds * size.pricePerHour) / 3600));
}

/** The longest life, seconds, whose bill stays within `amount` USD; 0 when even the smallest bill is above it. */
export function secondsFor(cloud: Billed, size: Priced, amount: number): number {
  if (billOf(cloud, size, 0) > amount) return 0;
  if (size.pricePerHour === 0) return Number.POSITIVE_INFINITY;
  const { minimumSeconds, stepSeconds } = cloud.billing;
  const steps = Math.floor((amount / size.pricePerHour) * (3600 / stepSeconds) + 1e-9);
  return Math.max(minimumSeconds, steps * stepSeconds);
}
