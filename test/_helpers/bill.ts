import { clouds } from '../../src/cloud';
import type { LedgerView } from './cloud';

/**
 * The receipt bills what the cloud's ledger bills: never less than its own rounding (a millionth), and more by one
 * billing step at each end at most, since the engine's words come a little later than the cloud's deeds. (Prices of an
 * hour in the catalogue are rounded to a ten-thousandth: a hundred-thousandth in half an hour.)
 */
export function expectBill(actual: number, provider: string, { entries, bill }: LedgerView): void {
  const perHour = entries.reduce((sum, entry) => sum + entry.pricePerHour, 0);
  const steps = (2 * clouds[provider]!.billing.stepSeconds * perHour) / 3600;
  expect(actual).toBeGreaterThanOrEqual(bill - 1e-6);
  expect(actual).toBeLessThanOrEqual(bill + steps + 1e-5);
}
