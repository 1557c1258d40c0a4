import { findCloud } from '../cloud';
import { findSize, type Choice } from '../cloud/choice';
import { failover, placeOf, type Tried } from '../cloud/failover';
import { rowsOf, type PlanRow } from '../cloud/plan';
import { noCredentials } from '../cloud/refusal';
import type { Cloud } from '../cloud/types';
import { credentialsContext, planOf, planWish, type PlaceWish } from './planning';
import { affordableAt, type PrepareContext, type Prepared } from './prepare';
import type { Lease } from './request';

/** A check creates nothing, so more places may be looked at than are tried. */
const mostChecks = 12;

/** A job as it will really be asked for. */
export interface Fitting {
  readonly prepared: Prepared;
  /** What was passed over and why, and what else is to be known of the place that is left. */
  readonly warnings: readonly string[];
}

/**
 * Asks the cloud itself what it would refuse: credentials, region, zone, size, quota, image. Goes from one choice to the
 * next as a failed creation would, and answers the job as it will really be asked for, with its own plan and price.
 * Throws what no other choice mends. Creates nothing.
 */
export async function firstFitting(prepared: Prepared, context: PrepareContext): Promise<Fitting> {
  const { plan, request } = prepared;
  if (plan === null || plan.provider === 'local') return { prepared, warnings: [] };
  const cloud = findCloud(plan.provider);
  const credentials = await cloud.credentials(credentialsContext(context));
  if (!credentials.found) throw noCredentials(cloud, credentials);
  const api = await cloud.api(credentialsContext(context));
  const places = request.lease.choices.filter((one) => one.size === plan.size || withinBound(cloud, one, prepared));
  const { choice, tried } = await failover(places, {
    errors: cloud.errors,
    attempt: (one) => api.preflight({ ...one, spot: request.lease.spot }),
    cleanUp: () => Promise.resolve(true),
    limit: mostChecks,
  });
  const refused = tried.filter((one) => one.choice !== choice);
  if (refused.length === 0) return { prepared, warnings: [] };
  const moved = await planOf(cloud, wishAt(choice, prepared), prepared.conversion, context);
  return {
    prepared: { ...prepared, plan: moved, request: { ...request, lease: leaseAt(choice, cloud, moved, prepared) } },
    warnings: [passedOver(refused, choice), ...moved.warnings.filter((one) => !plan.warnings.includes(one))],
  };
}

/** What the user asked for, of this place. */
function wishAt(choice: Choice, { request }: Prepared): PlaceWish {
  return { ...request.wish, ...choice, provider: request.provider };
}

/** A slower machine may cost more in all than the one that was planned. */
function withinBound(cloud: Cloud, choice: Choice, prepared: Prepared): boolean {
  return rowsOf(cloud, planWish(wishAt(choice, prepared), prepared.conversion)).length > 0;
}

/** The lease from this choice on, with its price and the life that the bound pays for there. */
function leaseAt(choice: Choice, cloud: Cloud, plan: PlanRow, { request }: Prepared): Lease {
  const { lease, wish } = request;
  const affordable = affordableAt(cloud, plan, wish.maxCost);
  const later = lease.choices.slice(lease.choices.indexOf(choice));
  return {
    ...lease,
    region: choice.region,
    size: choice.size,
    choices: later.filter((one) => affordable(findSize(cloud, one.size))),
    pricePerHour: plan.pricePerHour,
    estimate: plan.estimate,
    ttlMinutes: plan.ttlMinutes,
  };
}

function passedOver(refused: readonly Tried[], choice: Choice): string {
  const list = refused.map((one) => `${placeOf(one.choice)} (${one.why})`).join('; ');
  return `${placeOf(choice)} is asked for; passed over: ${list}`;
}
