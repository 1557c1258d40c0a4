import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { clouds } from '../../src/cloud';
import type { Receipt } from '../../src/report/receipt';
import { filesIn, holds, type Found } from '../cloud/core/find-inside';
import { tables } from '../cloud/tables';
import { Cell, type PlaceName } from '../faults/cell';
import { expectBill } from './bill';
import type { CliResult } from './cli';
import type { LedgerView } from './cloud';

/** How a cloud says that it has no room for a machine, and what our catalogue makes of it. */
export interface OutOfRoom {
  /** Code in our catalogue. */
  readonly means: string;
  readonly refuse: { readonly code: string; readonly message: string; readonly status?: number };
  /** The request for a machine; a creation by the plugin when left out. */
  readonly request?: { readonly on: 'api'; readonly kind: string };
}

/** A secret that nobody has ever seen, for each cloud. */
const canaries = Object.fromEntries(
  Object.keys(tables).map((name) => [name, `canary-${name}-${randomBytes(12).toString('hex')}`]),
);
const words = Object.values(canaries);

/** Credentials of every cloud in the environment, each with its canary. */
const everyones = Object.assign(
  {},
  ...Object.entries(tables).map(([name, table]) => table.environment('http://127.0.0.1:9', '', canaries[name]!)),
) as Record<string, string>;

/** The line comes through the stand-in's own process, which stands still while it looks through a whole disk. */
const patient = { CVICAST_LINE_SECONDS: '600' };

/** Minutes; none of the usual ones, so that a timer that does not come from here shows. */
const timeout = 40;

/** In every calibration table, and so in a file that the search has to find. */
const tableMark = '# op_name';

/** Folders for passing things, where a program may put a file. */
const passing = [...new Set([os.tmpdir(), '/tmp', '/var/tmp'])];

/** What other tests have there already, and the tens of thousands of files of the toolchain that the cell itself lays there. */
const notOurs = (cell: Cell): string[] => [
  path.join(cell.home, 'toolchains'),
  ...passing.flatMap((folder) =>
    fs
      .readdirSync(folder)
      .filter((name) => name.startsWith('cvicast-') && path.join(folder, name) !== cell.parent)
      .map((name) => path.join(folder, name)),
  ),
];

/** Arguments of every process of this computer that were seen so far. */
class ArgumentsSeen {
  private readonly seen = new Set<string>();
  /** How often a process was looked at. It may become another program at first; later, looking again costs only time. */
  private readonly looks = new Map<string, number>();
  private readonly timer = setInterval(() => this.look(), 50);

  private look(): void {
    for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const looks = this.looks.get(pid) ?? 0;
      if (looks > 10) continue;
      this.looks.set(pid, looks + 1);
      try {
        this.seen.add(fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
      } catch {
        // It has ended in between.
      }
    }
  }

  with(text: string): string[] {
    return [...this.seen].filter((line) => line.includes(text));
  }

  stop(): void {
    clearInterval(this.timer);
  }
}

/** What a conversion and those who looked on saw. */
interface Seen {
  readonly run: CliResult;
  readonly job: string;
  readonly receipt: Receipt;
  readonly journal: string;
  readonly delivered: boolean;
  readonly ledger: LedgerView;
  /** What `gc` said afterwards. */
  readonly swept: CliResult;
  readonly consoles: string;
  readonly processesLeft: readonly string[];
  /** On the machine, while it stood still before the last step: files with a canary, or with a mark. */
  readonly there: readonly Found[];
  /** Files of this computer with a canary: then, and at the end. */
  readonly here: readonly string[];
  /** Did the same search come upon the receipt, and the job's name in it? */
  readonly foundReceipt: boolean;
  readonly argumentsWithCanary: readonly string[];
  readonly watchdogs: readonly string[];
}

/**
 * One conversion of the sample on a cloud that has no room in the first place that is asked, with a spot machine where it has
 * them; every credential is a canary.
 */
async function convert(
  place: PlaceName,
  machine: string,
  { refuse, request }: OutOfRoom,
  tools: 'real' | 'fake',
): Promise<Seen> {
  const begun = Date.now() - 1;
  const listing = new ArgumentsSeen();
  const spot = clouds[place]!.spot ? ['--spot'] : [];
  const cell = await Cell.open(place, {
    ...{ tools, pictures: 2, more: ['--timeout', String(timeout), ...spot] },
    ...{ cloud: { secret: canaries[place]! }, env: { ...everyones, ...patient } },
  });
  let seen: Omit<Seen, 'processesLeft'>;
  let processesLeft: readonly string[];
  try {
    await cell.cloud!.fault({ ...(request ?? { on: 'create', kind: machine }), do: { refuse } });
    seen = await lookOn(cell, begun, listing);
  } finally {
    listing.stop();
    processesLeft = await cell.close();
  }
  return { ...seen, processesLeft };
}

async function lookOn(cell: Cell, begun: number, listing: ArgumentsSeen): Promise<Omit<Seen, 'processesLeft'>> {
  const cloud = cell.cloud!;
  const but = notOurs(cell);
  /** Every file that this computer got since the beginning there. */
  const written = (): string[] => filesIn(passing, ['-newermt', `@${begun / 1000}`], but);
  const withCanary = (): string[] => written().filter((file) => holds(file, words));
  const started = await cell.startUntil('verify');
  const job = cell.job()!;
  const there = await cloud.find([...words, tableMark, job]);
  const then = withCanary();
  cell.tools.openAll();
  const run = await started.ended;
  const receiptFile = path.join(cell.out, 'receipt.json');
  return {
    ...{ run, job, there, here: [...then, ...withCanary()] },
    receipt: JSON.parse(fs.readFileSync(receiptFile, 'utf8')) as Receipt,
    journal: cell.journalOf(job),
    delivered: cell.delivered(),
    ledger: await cloud.ledger(),
    swept: await cell.command('gc', '--provider', cell.place, '--json'),
    consoles: await cloud.logs(),
    foundReceipt: written().includes(receiptFile) && holds(receiptFile, [job]),
    argumentsWithCanary: words.flatMap((word) => listing.with(word)),
    watchdogs: listing.with(`watchdog-main.js ${cell.home} ${job}`),
  };
}

/**
 * A whole conversion of the sample on a cloud, looked at from all sides. `machine`: the ledger's kind of a machine there;
 * `tools`: the machine's image has the real toolchain already, so that not every cloud installs 1.2 GB, or a fast one.
 */
export function tellConversion(
  name: string,
  machine: string,
  outOfRoom: OutOfRoom,
  tools: 'real' | 'fake' = 'real',
): void {
  describe('converts', () => {
    const { endedBy, spot, defaultSize, errors } = clouds[name]!;
    let seen: Seen;
    beforeAll(async () => {
      seen = await convert(name as PlaceName, machine, outOfRoom, tools);
    });

    it('delivers, leaves nothing in the ledger, and the receipt bills what the ledger bills', () => {
      const { run, receipt, ledger, journal, swept, consoles } = seen;
      expect({ code: run.code, said: run.code === 0 ? '' : run.stderr + consoles }).toEqual({ code: 0, said: '' });
      expect(seen.delivered).toBe(true);
      expect(receipt).toMatchObject({ result: 'delivered', teardown: { left: [], checkedAt: expect.any(String) } });
      expect(ledger.entries.filter((entry) => entry.state !== 'deleted')).toEqual([]);
      expect(ledger.remarks).toEqual([]);
      expect(journal).toMatch(/"type":"intent".*"account":"[^"]+"/);
      expectBill(receipt.cost.actual, name, ledger);
      expect({ code: swept.code, found: swept.stdout }).toEqual({ code: 0, found: '[]\n' });
      expect(seen.processesLeft).toEqual([]);
    });

    it('is ended when nobody ends it: by timers of platform and guest, armed for the time that was asked for', () => {
      const kinds = endedBy.map(({ kind }) => kind);
      const timers = kinds.filter((kind) => kind === 'platform' || kind === 'guest');
      const inTime = seen.ledger.armed.filter((minutes) => Math.abs(minutes - timeout) < 1.5);
      expect(inTime).toHaveLength(timers.length);
      // The guest has another one, some minutes later.
      expect(Math.max(...seen.ledger.armed)).toBeLessThan(timeout + 10);
      expect(seen.run.stderr).toMatch(/ended by/);
    });

    it('leaves a place that is out of room for the next, with a spot machine where it has them', () => {
      const { run, ledger, receipt } = seen;
      const told = /^warning: (\S+) in (\S+): (.*); trying (\S+) in (\S+)$/m.exec(run.stderr);
      const { why } = errors.find(({ code }) => code === outOfRoom.means)!;
      expect(told?.slice(1)).toEqual([defaultSize, expect.any(String), why, defaultSize, expect.any(String)]);
      expect(told?.[5]).not.toBe(told?.[2]);
      expect(/^plan .*, spot$/m.test(run.stderr)).toBe(spot);
      expect(ledger.entries.filter(({ kind }) => kind === machine)).toHaveLength(1);
      expect(receipt).toMatchObject({ size: defaultSize });
    });

    it('keeps credentials where the user has them: not on disk, in arguments, on the machine, or in print', () => {
      const { run, job, there } = seen;
      const canariesThere = there.filter(({ word }) => words.includes(word));
      expect(canariesThere).toEqual([]);
      // The same search finds what is there, so that it would have found more.
      const files = there.map(({ file }) => file);
      expect(files).toContain(`/var/tmp/cvicast-${job}/model_cali_table`);
      expect(files).toContainEqual(expect.stringMatching(/^\/proc\/\d+\/environ$/));
      expect(files).toContainEqual(expect.stringMatching(/^\/run\/written\/etc\//));
      expect(seen.here).toEqual([]);
      expect(seen.foundReceipt).toBe(true);
      expect(seen.argumentsWithCanary).toEqual([]);
      expect(seen.watchdogs).toHaveLength(1);
      expect(words.filter((word) => (run.stdout + run.stderr).includes(word))).toEqual([]);
    });
  });
}
