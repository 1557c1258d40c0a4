import type { PlanRow } from '../cloud/plan';
import { moneyText } from '../report/receipt';
import { table } from './table';

/** One plan, before money is spent: what is created, what it costs, what ends it. */
export function planLines(row: PlanRow): string[] {
  const worst = `${moneyText(row.worstCase, row.currency)}${row.worstCasePer === 'day' ? ' a day' : ''}`;
  return [
    `plan      ${row.title}, ${row.region}${row.zone === null ? '' : ` (${row.zone})`}: ${row.size}, ${row.vcpus} vCPU, ${row.memoryGiB} GiB${row.spot ? ', spot' : ''}`,
    `creates   ${row.created.join(', ')}`,
    `time      about ${row.minutes} min (${row.howEstimated})`,
    `cost      about ${moneyText(row.estimate, row.currency)} at ${moneyText(row.pricePerHour, row.currency)} an hour (${row.priceSource}, ${row.priceDate}); smallest bill ${moneyText(row.minimumBill, row.currency)}; at worst ${worst}`,
    ...row.endedBy.map((end, index) => `${index === 0 ? 'ended by' : '        '}  ${end}`),
  ];
}

/** Several plans side by side. */
export function planTable(rows: readonly PlanRow[]): string {
  return table(
    ['PROVIDER', 'REGION', 'SIZE', 'VCPU', 'GIB', '$/H', 'MIN', 'ESTIMATE', 'WORST', 'ENDED WITHOUT THIS COMPUTER BY'],
    rows.map((row) => [
      row.provider,
      row.region,
      `${row.size}${row.burstable ? ' *' : ''}`,
      String(row.vcpus),
      String(row.memoryGiB),
      row.pricePerHour.toFixed(4),
      String(row.minutes),
      moneyText(row.estimate, row.currency),
      `${moneyText(row.worstCase, row.currency)}${row.worstCasePer === 'day' ? '/day' : ''}`,
      row.endedBy
        .filter((end) => /^(platform|guest):/.test(end) && !end.includes('does not stop the bill'))
        // The kind and the time; the single plan says the rest.
        .map((end) => end.replace(/,.*$/, '').replace(':', ''))
        .join(', ') || 'nothing',
    ]),
  );
}
