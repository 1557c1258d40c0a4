// Many conversions in one home, with faults that a seed draws: scripts/soak [--seed N] [--turns N] [--hold SECONDS].
import { messageOf } from '../../src/errors';
import { processesLeft } from '../_helpers/home';
import { Cell } from '../faults/cell';
import { whyNoMachines } from '../faults/grid';
import { story, type GridCell } from '../faults/run-cell';
import { drawTogether, drawTurn, type SoakPlace } from './draw';
import { growth, inventory, type Inventory } from './files';
import { hold } from './hold';
import { Random } from './random';
import { together } from './together';
import { growthBetween, growthOver, tableOf, typical, type Turn } from './verdict';
import { observe } from './watchdogs';

/** A cell on a disk of its own: some faults fill it. */
const surroundings = { watchdogSeconds: 600, diskMegabytes: 1000 };
const atOnce = 4;
/** After so many turns a home has all that it needs; from then on nothing may grow. */
const warmUp = 3;

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const tell = (problems: readonly string[]): void =>
  problems.forEach((problem) => say(`    ${problem.replaceAll('\n', '\n    ')}`));

function numberOf(name: string, otherwise: number): number {
  const at = process.argv.indexOf(name);
  if (at === -1) return otherwise;
  const value = Number(process.argv[at + 1]);
  if (!Number.isInteger(value) || value < 0) throw new Error(`${name} takes a whole number`);
  return value;
}

/** A home that lives through the whole soak. */
class Home {
  turns = 0;
  private settled: Inventory | null = null;

  private constructor(
    readonly cell: Cell,
    /** What belongs to its cloud, and not to any conversion. */
    private readonly known: ReadonlySet<number>,
  ) {}

  static async open(place: SoakPlace): Promise<Home> {
    const cell = await Cell.open(place, surroundings);
    return new Home(cell, new Set((await processesLeft(cell.parent)).map(({ pid }) => pid)));
  }

  /** One conversion and what is left after it. */
  async turn(cell: GridCell): Promise<Turn> {
    const begun = performance.now();
    const problems: string[] = [];
    await this.cell.next(cell.fault.surroundings);
    const stopObserving = observe(this.cell);
    try {
      await story(this.cell, cell, problems);
    } catch (thrown) {
      problems.push(`${messageOf(thrown)}\n${this.cell.run?.stderr() ?? ''}`);
    }
    const watchdog = stopObserving();
    problems.push(...(await this.left()));
    if (++this.turns === warmUp) this.settled = inventory(this.cell);
    return { cell, seconds: (performance.now() - begun) / 1000, watchdog, problems };
  }

  /** Processes that a conversion left; they are ended, so that each turn answers for itself. */
  async left(): Promise<string[]> {
    const left = await processesLeft(this.cell.parent, this.known);
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    return left.map(({ text }) => `left running: ${text}`);
  }

  grown(): string[] {
    return this.settled === null ? [] : growth(this.cell, this.settled);
  }
}

async function soak(homes: Record<SoakPlace, Home>, random: Random): Promise<boolean> {
  const count = numberOf('--turns', 30);
  const turns: Turn[] = [];
  for (let number = 1; number <= count; number++) {
    const drawn = drawTurn(random, { first: number === 1, last: number === count });
    const turn = await homes[drawn.place].turn(drawn);
    turns.push(turn);
    const stage = drawn.fault.arm ? '' : ` × ${drawn.stage.name}`;
    const verdict = turn.problems.length === 0 ? 'held' : 'DID NOT HOLD';
    say(`${number}/${count} ${drawn.fault.name}${stage} on ${drawn.place}: ${verdict} (${turn.seconds.toFixed(0)} s)`);
    tell(turn.problems);
  }
  const leaks: string[] = [];
  const { cell } = homes.digitalocean;
  const { stage, faults } = drawTogether(random, atOnce);
  const joint = await together(cell, stage, faults);
  for (const { fault, problems } of joint) {
    say(`${atOnce} at once: ${fault.name} × ${stage.name}: ${problems.length === 0 ? 'held' : 'DID NOT HOLD'}`);
    tell(problems);
  }
  const seconds = numberOf('--hold', 60);
  const held = await hold(cell, seconds);
  say(`a watchdog held for ${seconds} s: ${JSON.stringify(held.first)}, then ${JSON.stringify(held.last)}`);
  leaks.push(...held.problems, ...growthBetween('a watchdog while it watches', held.first, held.last));

  const [first, last] = [typical(turns.slice(0, 5)), typical(turns.slice(-5))];
  leaks.push(...growthOver(first, last));
  for (const home of Object.values(homes)) {
    leaks.push(...(await home.left()));
    leaks.push(...home.grown().map((text) => `${home.cell.place}: ${text}`));
  }
  const failed = [...turns, ...joint].filter(({ problems }) => problems.length > 0).length;
  process.stdout.write(`${tableOf(turns)}\n\n`);
  process.stdout.write(`At once, in ${stage.name}: ${faults.map(({ name }) => name).join(', ')}\n`);
  process.stdout.write(`Watchdogs, first and last five: ${JSON.stringify(first)}, ${JSON.stringify(last)}\n`);
  process.stdout.write(`One watchdog held ${seconds} s: ${JSON.stringify(held.first)}, ${JSON.stringify(held.last)}\n`);
  for (const leak of leaks) process.stdout.write(`LEAK: ${leak}\n`);
  process.stdout.write(`${failed} of ${turns.length + joint.length} did not hold; ${leaks.length} leaks\n`);
  return failed === 0 && leaks.length === 0;
}

async function main(): Promise<void> {
  const why = whyNoMachines();
  if (why !== null) throw new Error(why);
  const seed = numberOf('--seed', Date.now() % 1_000_000);
  say(`seed ${seed}`);
  const begun = performance.now();
  const open: Home[] = [];
  const close = async (): Promise<void> => {
    for (const home of open.splice(0)) await home.cell.close();
  };
  for (const [name, code] of Object.entries({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }))
    process.once(name, () => void close().finally(() => process.exit(code)));
  try {
    for (const place of ['digitalocean', 'local'] as const) open.push(await Home.open(place));
    const [digitalocean, local] = open as [Home, Home];
    const isGood = await soak({ digitalocean, local }, new Random(seed));
    const minutes = ((performance.now() - begun) / 60_000).toFixed(1);
    process.stdout.write(`seed ${seed}: ${isGood ? 'all held, no leak' : 'NOT all held'}, in ${minutes} min\n`);
    process.exitCode = isGood ? 0 : 1;
  } finally {
    await close();
  }
}

void main().catch((thrown: unknown) => {
  say(messageOf(thrown));
  process.exitCode = 2;
});
