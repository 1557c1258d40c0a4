import { clouds, findCloud } from '../cloud';
import type { ConversionSize } from '../cloud/duration';
import {
  attemptsOf,
  checkBounds,
  isRow,
  money,
  pickRow,
  planFor,
  sizesFor,
  type Attempt,
  type PlanRow,
  type PlanWish,
} from '../cloud/plan';
import type { Cloud } from '../cloud/types';
import { Bug, UserError } from '../errors';
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

/**
 * Rows of all clouds: each with its usual size, or with every size for `cheapest` and `fastest`. At least one: throws what
 * `planFor` throws, and `nothingLeft` where no cloud is left.
 */
export async function planRows(
  wish: PlaceWish,
  conversion: ConversionSize,
  context: PrepareContext,
): Promise<PlanRow[]> {
  checkBounds(wish);
  if (!amongSeveral(wish)) return [await planOf(findCloud(wish.provider), wish, conversion, context)];
  const asked = planWish(wish, conversion);
  const candidates = await candidatesFor(wish, context);
  const attempts = candidates.flatMap((cloud) => attemptsOf(cloud, asked, sizesWanted(cloud, wish, asked)));
  const rows = attempts.filter(isRow);
  if (rows.length > 0) return rows;
  const dear = attempts.some((attempt) => !isRow(attempt) && attempt.code === 'over-budget');
  if (!dear) throw nothingLeft(wish, attempts);
  const unbound = { ...asked, maxCost: undefined };
  throw tooDear(
    wish,
    candidates.flatMap((cloud) => attemptsOf(cloud, unbound, sizesWanted(cloud, wish, unbound))).filter(isRow),
  );
}

const chooses = (wish: PlaceWish): wish is PlaceWish & { readonly provider: 'cheapest' | 'fastest' } =>
  wish.provider === 'cheapest' || wish.provider === 'fastest';

const amongSeveral = (wish: PlaceWish): boolean => chooses(wish) || wish.provider === 'all';

/** All clouds to compare; those with credentials to choose from. */
async function candidatesFor(wish: PlaceWish, context: PrepareContext): Promise<Cloud[]> {
  if (!chooses(wish)) return rentedClouds();
  const found = await Promise.all(
    rentedClouds().map(async (cloud) => ((await cloud.credentials(credentialsContext(context))).found ? [cloud] : [])),
  );
  return found.flat();
}

function sizesWanted(cloud: Cloud, wish: PlaceWish, asked: PlanWish): (string | undefined)[] {
  return chooses(wish) ? sizesFor(cloud, asked) : [asked.size];
}

/** Every cloud lacks what was asked for, or there is none to choose from. */
function nothingLeft(wish: PlaceWish, refusals: readonly Attempt[]): UserError {
  const reasons = [...new Set(refusals.flatMap((refusal) => (isRow(refusal) ? [] : [refusal.what])))];
  if (reasons.length === 0)
    return new UserError({
      code: 'no-credentials',
      what: `No cloud is there to choose the ${wish.provider} from`,
      why: 'of none were credentials found',
      fix: 'see `cvicast doctor --provider NAME` for each cloud',
      exit: 'input',
    });
  return new UserError({
    code: 'nothing-fits',
    what: 'No cloud has what was asked for',
    why: reasons.join('; '),
    fix: 'leave --region, --zone, --size or --spot out, or name the --provider that has it',
    exit: 'input',
  });
}

/** As a named cloud refuses it: over the budget is another exit code than credentials that are missing. */
function tooDear(wish: PlaceWish, rows: readonly PlanRow[]): UserError {
  const least = pickRow(rows, 'cheapest');
  const cost = least?.estimate ?? 0;
  return new UserError({
    code: 'over-budget',
    what: `No conversion is estimated within --max-cost ${money(wish.maxCost ?? 0)}`,
    why: `the cheapest, ${least?.title ?? ''} with ${least?.size ?? ''}, comes to ${money(cost)}; nothing was created`,
    fix: `give --max-cost ${Math.ceil(cost * 100) / 100} or more, fewer calibration pictures, or --toolchain venv`,
    exit: 'budget',
  });
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

/** The one plan that a conversion follows. Throws what `planRows` throws, and `provider-all`, which is no one place. */
export async function choosePlan(
  wish: PlaceWish,
  conversion: ConversionSize,
  context: PrepareContext,
): Promise<PlanRow> {
  if (wish.provider === 'all')
    throw new UserError({
      code: 'provider-all',
      what: '--provider all does not say where to convert',
      why: 'all clouds can be planned for side by side, and one of them converts',
      fix: 'name one, or let --provider cheapest or --provider fastest choose',
      exit: 'input',
    });
  const rows = await planRows(wish, conversion, context);
  const row = chooses(wish) ? pickRow(rows, wish.provider) : rows[0];
  if (!row) throw new Bug('planRows gave no row');
  return row;
}

/** What `cvicast plan` shows: the row that a conversion would follow, or with `all` one of each cloud. */
export async function shownRows(
  wish: PlaceWish,
  conversion: ConversionSize,
  context: PrepareContext,
): Promise<PlanRow[]> {
  return wish.provider === 'all' ? planRows(wish, conversion, context) : [await choosePlan(wish, conversion, context)];
}
