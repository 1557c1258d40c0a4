import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { filesIn, holds } from '../cloud/core/find-inside';
import { tables } from '../cloud/tables';
import { whyNoMachines } from '../_helpers/cloud';
import { Cell, type PlaceName } from '../faults/cell';

jest.setTimeout(15 * 60_000);

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

const why = whyNoMachines();
if (why !== null) process.stderr.write(`secrets are skipped: ${why}\n`);

(why === null ? describe : describe.skip)('credentials stay where the user has them', () => {
  let cell: Cell;
  let begun: number;
  let listing: ArgumentsSeen;
  beforeEach(() => {
    begun = Date.now() - 1;
    listing = new ArgumentsSeen();
  });
  afterEach(async () => {
    listing.stop();
    expect(await cell.close()).toEqual([]);
  });

  /** Every file that this computer got since the beginning, where a program may put one. */
  const written = (): string[] => filesIn([cell.parent, '/tmp', '/var/tmp'], ['-newermt', `@${begun / 1000}`]);

  test.each(Object.keys(tables) as PlaceName[])(
    '%s: not on disk, not in arguments, not on the machine, not in what is printed',
    async (place) => {
      cell = await Cell.open(place, { cloud: { secret: canaries[place]! }, env: { ...everyones, ...patient } });
      const run = await cell.startUntil('verify');
      // The same search finds what is there, so that it would have found more.
      const [job] = cell.jobs();
      const marks = ['# a table', job!];
      const found = await cell.cloud!.find([...words, ...marks]);
      expect(found.filter(({ word }) => !marks.includes(word))).toEqual([]);
      const there = found.map(({ file }) => file);
      expect(there).toContain(`/var/tmp/cvicast-${job!}/model_cali_table`);
      expect(there).toContainEqual(expect.stringMatching(/^\/proc\/\d+\/environ$/));
      expect(written().filter((file) => holds(file, words))).toEqual([]);
      cell.tools.openAll();
      const ended = await run.ended;
      expect({ code: ended.code, said: ended.code === 0 ? '' : ended.stderr }).toEqual({ code: 0, said: '' });
      expect(words.flatMap((word) => listing.with(word))).toEqual([]);
      expect(listing.with(`watchdog-main.js ${cell.home} ${job!}`)).toHaveLength(1);
      expect(words.filter((word) => (ended.stdout + ended.stderr).includes(word))).toEqual([]);
      expect(written().filter((file) => holds(file, words))).toEqual([]);
      const receipt = path.join(cell.out, 'receipt.json');
      expect(written()).toContain(receipt);
      expect(holds(receipt, [job!])).toBe(true);
    },
  );
});
