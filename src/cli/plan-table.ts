import type { PlanRow } from '../cloud/plan';
import { moneyText } from '../report/receipt';
import { table } from './table';

/** One plan, before money is spent: what is created, what it costs, what ends it. */
export function planLines(row: PlanRow): string[] {
  const worst = `${moneyText(row.worstCase, row.currency)}${row.worstCasePer === 'day' ? ' a day' : ''}`;
  return [
    `plan      ${row.title}, ${row.region}${row.zone === null ? '' : ` (${row.zone})`}: ${row.size}, ${row.vcpus} vCPU, ${row.memoryGiB} GiB${row.spot ? ', spot' : ''}`,
    `creates   ${row.created.join(', ')}`,
    `time      about ${row.minutes} min (${row.howEstimated})${otherTime(row)}`,
    `cost      about ${moneyText(row.estimate, row.currency)} at ${moneyText(row.pricePerHour, row.currency)} an hour (${row.priceSource}, ${row.priceDate}); smallest bill ${moneyText(row.minimumBill, row.currency)}; at worst ${worst}`,
    ...row.endedBy.map((end, index) => `${index === 0 ? 'ended by' : '        '}  ${end}`),
  ];
}

function otherTime({ otherToolchain: other, currency }: PlanRow): string {
  if (other === null) return '';
  return `; with --toolchain ${other.toolchain} about ${other.minutes} min, ${moneyText(other.estimate, currency)}`;
}

/** Width that everything below the columns keeps to. */
const noteColumns = 100;

/** Several plans side by side; below them what each creates, its smallest bill, and how the minutes were estimated. */
export function planTable(rows: readonly PlanRow[]): string {
  return [
    planColumns(rows),
    ...(rows.some((row) => row.burstable)
      ? ['* burstable: `cvicast plan MODEL --provider NAME` says what that means']
      : []),
    '',
    ...creationLines(rows),
    '',
    ...estimateLines(rows),
    ...otherTimeLines(rows),
  ].join('\n');
}

function creationLines(rows: readonly PlanRow[]): string[] {
  const bills = rows.map((row) => moneyText(row.minimumBill, row.currency));
  const names = Math.max('PROVIDER'.length, ...rows.map((row) => row.provider.length));
  const amounts = Math.max('SMALLEST BILL'.length, ...bills.map((bill) => bill.length));
  const beginning = (name: string, bill: string): string => `${name.padEnd(names)}  ${bill.padEnd(amounts)}  `;
  return [
    `${beginning('PROVIDER', 'SMALLEST BILL')}CREATES`,
    ...rows.flatMap((row, index) => folded(beginning(row.provider, bills[index] ?? ''), row.created.join(', '))),
  ];
}

/** One sentence where it is the same for all, else one for those alike. */
function estimateLines(rows: readonly PlanRow[]): string[] {
  const ways = new Map<string, string[]>();
  for (const { howEstimated, provider } of rows) ways.set(howEstimated, [...(ways.get(howEstimated) ?? []), provider]);
  return [...ways].flatMap(([how, providers]) =>
    folded('MIN  ', `${ways.size === 1 ? '' : `${providers.join(', ')}: `}${how}`),
  );
}

/** The minutes with the other way to install the toolchain, which all rows have in common. */
function otherTimeLines(rows: readonly PlanRow[]): string[] {
  const times = rows.flatMap(({ provider, otherToolchain: other }) =>
    other === null ? [] : [{ way: other.toolchain, text: `${provider} ${other.minutes}` }],
  );
  const way = times[0]?.way;
  if (way === undefined) return [];
  return folded('     ', `with --toolchain ${way}: ${times.map(({ text }) => text).join(', ')}`);
}

/** A text after its beginning, broken between words; what follows stands below the text. */
function folded(beginning: string, text: string): string[] {
  const lines: string[] = [];
  let line = beginning;
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > noteColumns) {
      lines.push(line);
      line = ' '.repeat(beginning.length);
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}

function planColumns(rows: readonly PlanRow[]): string {
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
