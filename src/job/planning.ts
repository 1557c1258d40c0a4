import { clouds, findCloud } from '../cloud';
import type { ConversionSize } from '../cloud/duration';
import { checkBounds, pickRow, planFor, rowsOf, type PlanRow, type PlanWish } from '../cloud/plan';
import type { Cloud } from '../cloud/types';
import { UserError } from '../errors';
import type { ToolchainKind } from '../tpumlir';
import type { PrepareContext } from './prepare';

/** What a plan depends on besides the conversion. */
export interface PlaceWish {
  readonly provider: string;
  readonly region?: string | undefined;
  readonly zone?: string | undefined;
  readonly size?: string | undefined;
  readonly spot: boolean;
  readonly maxCost?: number | undefined;
  readonly timeoutMinutes?: number | undefined;
}

/** The rented places, without this computer. */
export function rentedClouds(): Cloud[] {
  return Object.values(clouds).filter((cloud) => cloud.name !== 'local');
}

/** Docker is the clouds' way; on this computer (`local`) and on the user's own machine (`host`) a venv leaves nothing in the system. */
export function usualToolchain(provider: string): ToolchainKind {
  return provider === 'local' || provider === 'host' ? 'venv' : 'docker';
}

/** What a plan asks of a cloud. */
export function planWish(wish: PlaceWish, conversion: ConversionSize): PlanWish {
  const { region, zone, size, spot, maxCost, timeoutMinutes } = wish;
  return { region, zone, size, spot, maxCost, timeoutMinutes, conversion };
}

/** Where a cloud's credentials are looked for. */
export function credentialsContext(context: PrepareContext): { env: NodeJS.ProcessEnv; homeFolder: string } {
  return { env: context.env, homeFolder: context.env['HOME'] ?? context.home };
}

/** Rows of all clouds: each with its usual size, or with every size for `cheapest` and `fastest`. */
export async function planRows(
  wish: PlaceWish,
  conversion: ConversionSize,
  context: PrepareContext,
): Promise<PlanRow[]> {
  const by = wish.provider;
  checkBounds(wish);
  if (by !== 'all' && by !== 'cheapest' && by !== 'fastest')
    return [await planOf(findCloud(by), wish, conversion, context)];
  const rows = await Promise.all(
    rentedClouds().map(async (cloud): Promise<PlanRow[]> => {
      if (by === 'all') return rowsWithin(cloud, planWish(wish, conversion));
      const credentials = await cloud.credentials(credentialsContext(context));
      return credentials.found ? rowsOf(cloud, planWish(wish, conversion)) : [];
    }),
  );
  return rows.flat();
}

function rowsWithin(cloud: Cloud, wish: PlanWish): PlanRow[] {
  try {
    return [planFor(cloud, wish)];
  } catch (thrown) {
    // Among all clouds, one that is too dear or lacks a region by that name is only left out.
    if (
      thrown instanceof UserError &&
      ['over-budget', 'unknown-region', 'unknown-size', 'no-spot', 'unknown-zone', 'no-zones'].includes(thrown.code)
    )
      return [];
    throw thrown;
  }
}

/** The plan for one cloud, at the price that it tells now where it can be asked. */
export async function planOf(
  cloud: Cloud,
  wish: PlaceWish,
  conversion: ConversionSize,
  context: PrepareContext,
): Promise<PlanRow> {
  const row = planFor(cloud, planWish(wish, conversion));
  const livePrice = await livePriceOf(cloud, row, context);
  return livePrice === null ? row : planFor(cloud, { ...planWish(wish, conversion), livePrice });
}

/** What the cloud says now, where it can be asked; the catalogue's price is good enough when it cannot. */
async function livePriceOf(cloud: Cloud, row: PlanRow, context: PrepareContext): Promise<number | null> {
  if (cloud.name === 'local' || !(await cloud.credentials(credentialsContext(context))).found) return null;
  try {
    const api = await cloud.api(credentialsContext(context));
    return (await api.livePrice?.({ region: row.region, size: row.size })) ?? null;
  } catch {
    return null;
  }
}

/** The one plan that a conversion follows. Throws what `planFor` throws, and `no-credentials` when nothing can be chosen from. */
export async function choosePlan(
  wish: PlaceWish,
  conversion: ConversionSize,
  context: PrepareContext,
): Promise<PlanRow> {
  const rows = await planRows(wish, conversion, context);
  const row =
    wish.provider === 'cheapest' || wish.provider === 'fastest' ? pickRow(rows, wish.provider) : (rows[0] ?? null);
  if (row !== null) return row;
  throw new UserError({
    code: 'no-credentials',
    what: `No cloud is left to choose the ${wish.provider} from`,
    why: 'of no cloud both credentials were found and a size fits --max-cost',
    fix: 'see `cvicast doctor --provider NAME` for each cloud, or raise --max-cost',
    exit: 'input',
  });
}
