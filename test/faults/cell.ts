import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { ownBinary } from '../../src/engine/find';
import { hasInEnvironment, runningProcesses } from '../../src/engine/processes';
import type { Receipt } from '../../src/report/receipt';
import { jobFile } from '../../src/tpumlir';
import { cli, root, startCli, startCliInTerminal, type CliResult, type CliRun } from '../_helpers/cli';
import { startCloud, type CloudStandIn } from '../_helpers/cloud';
import { lendFakeToolchain, type FakeStep, type GatedTools } from '../_helpers/fake-tools';
import { lendGatedToolchain } from '../_helpers/gated-tools';
import { clean, processesLeft, testEngine } from '../_helpers/home';
import { jobsFolders } from '../_helpers/left-behind';

export type PlaceName = 'digitalocean' | 'aws' | 'gcp' | 'azure' | 'alibaba' | 'tencent' | 'hetzner' | 'local';

export const model = path.join(root, 'examples/shapes-yolo11n-320.onnx');
export const images = path.join(root, 'examples/calibration');

/** Where a cell's computer is in the world at first, and where it goes. */
export const firstAddress = '127.0.0.1';
export const nextAddress = '198.51.100.7';

/** How long a step of a cell may take before the cell counts as stuck: far beyond what it takes on a busy machine. */
const patienceMilliseconds = 8 * 60_000;

/** Waits for a condition; a cell that is stuck says on what. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + patienceMilliseconds;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export interface CellOptions {
  /** Seconds after which a watchdog acts; 600: never within a cell. */
  readonly watchdogSeconds: number;
  /** Size of the disk on which cvicast's folder and the results are; null: this computer's own. */
  readonly diskMegabytes: number | null;
  /** What the user gives as --allow-cidr; null: nothing, so that cvicast looks the address up. */
  readonly allowCidr: string | null;
  /** Whether the three TPU-MLIR programs are fakes, or the real ones with a gate before each. */
  readonly tools: 'fake' | 'real';
  /** How many pictures calibrate. */
  readonly pictures: number;
  /** Further options of `convert`. */
  readonly more: readonly string[];
  /** Does the user sit at a terminal, which can be closed? Else nobody does. */
  readonly terminal: boolean;
  /** What its cloud is told, see `startCloud`. */
  readonly cloud: Readonly<Record<string, string>>;
  /** What stands in the user's environment besides. */
  readonly env: Readonly<Record<string, string>>;
}

/** Surroundings in which nothing is out of the ordinary. */
export const usual: CellOptions = {
  watchdogSeconds: 600,
  diskMegabytes: null,
  allowCidr: null,
  tools: 'fake',
  pictures: 10,
  more: [],
  terminal: false,
  cloud: {},
  env: {},
};

/** One conversion in surroundings of its own: home folder, cloud, toolchain, results. */
export class Cell {
  run: CliRun | null = null;
  readonly home: string;
  /** Folder for what programs write in passing. */
  readonly scratch: string;
  /** Where this turn's results go; a file of the user's is there already. */
  out = '';
  /** How many conversions this cell has begun. */
  turn = 0;
  /** Of this turn. */
  private options: CellOptions;

  private constructor(
    readonly place: PlaceName,
    readonly parent: string,
    private readonly usual: CellOptions,
    readonly cloud: CloudStandIn | null,
    readonly tools: GatedTools,
  ) {
    this.home = path.join(parent, 'home');
    this.scratch = path.join(parent, 'scratch');
    this.options = usual;
  }

  static async open(place: PlaceName, changes: Partial<CellOptions> = {}): Promise<Cell> {
    const options = { ...usual, ...changes };
    const parent = fs.mkdtempSync(path.join(os.tmpdir(), 'cvicast-test-'));
    if (options.diskMegabytes !== null) {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${options.diskMegabytes}m`, 'tmpfs', parent]);
    }
    const home = path.join(parent, 'home');
    const engine = testEngine();
    if (engine === null) throw new Error('no Pulumi engine: run scripts/setup-engine');
    fs.mkdirSync(path.dirname(ownBinary(home)), { recursive: true });
    fs.symlinkSync(engine, ownBinary(home));
    const tools = options.tools === 'real' ? lendGatedToolchain(home) : lendFakeToolchain(home);
    const cloud =
      place === 'local' ? null : await startCloud(place, { toolchains: tools.toolchains, ...options.cloud });
    const cell = new Cell(place, parent, options, cloud, tools);
    fs.mkdirSync(cell.scratch);
    await cell.next();
    return cell;
  }

  /** Makes ready for one more conversion: nothing of the last turn's faults and results is left. */
  async next(surroundings: Partial<CellOptions> = {}): Promise<void> {
    this.turn++;
    // The disk is there already.
    this.options = { ...this.usual, ...surroundings, diskMegabytes: this.usual.diskMegabytes };
    fs.rmSync(this.clockFile, { force: true });
    this.tools.openAll();
    await this.cloud?.calm();
    await this.cloud?.flow();
    await this.cloud?.move(firstAddress);
    // A table that is reused would leave a stage out.
    fs.rmSync(path.join(this.home, 'tables'), { recursive: true, force: true });
    if (this.out !== '') fs.rmSync(this.out, { recursive: true });
    this.makeOut(`out${this.turn}`);
  }

  private makeOut(name: string): void {
    this.out = path.join(this.parent, name);
    fs.mkdirSync(this.out);
    fs.writeFileSync(path.join(this.out, 'mine.txt'), 'the user’s own');
  }

  /** One more conversion beside this turn's: the same home and cloud, results of its own. This one is closed alone. */
  beside(number: number, surroundings: Partial<CellOptions> = {}): Cell {
    const options = { ...this.usual, ...surroundings };
    const other = new Cell(this.place, this.parent, options, this.cloud, this.tools);
    other.turn = this.turn;
    other.makeOut(`out${this.turn}-${number}`);
    return other;
  }

  env(): NodeJS.ProcessEnv {
    return {
      ...clean(process.env),
      CVICAST_LINE_SECONDS: '60',
      ...this.options.env,
      ...this.cloud?.env,
      HOME: this.parent,
      TMPDIR: this.scratch,
      CVICAST_HOME: this.home,
      CVICAST_LOCAL_MACHINE: 'process',
      CVICAST_RETRY_SECONDS: '0.1',
      CVICAST_WATCHDOG_SECONDS: String(this.options.watchdogSeconds),
      NODE_OPTIONS: ['clock', 'uncaught'].map((name) => `--require ${root}/test/_fixtures/${name}.js`).join(' '),
      CVICAST_TEST_CLOCK: this.clockFile,
      CVICAST_TEST_UNCAUGHT: this.uncaughtFile,
    };
  }

  /** Once it is there, the conversion throws an error that nobody catches; see uncaught.js. */
  get uncaughtFile(): string {
    // By its results' folder: several conversions may share a home.
    return path.join(this.parent, `uncaught-${path.basename(this.out)}`);
  }

  /** Was it thrown? */
  hasThrown(): boolean {
    return fs.existsSync(`${this.uncaughtFile}.thrown`);
  }

  /** Minutes that this cell's clock is ahead, as text; see clock.js. */
  get clockFile(): string {
    return path.join(this.parent, 'clock');
  }

  start(): CliRun {
    const where =
      this.place === 'local'
        ? ['--provider', 'local']
        : ['--provider', this.place, '--toolchain', 'venv', '--max-cost', '1', ...this.door()];
    const { pictures, more, terminal } = this.options;
    const what = ['convert', model, '--images', images, '--calibration-count', String(pictures), '--out', this.out];
    const start = terminal ? startCliInTerminal : startCli;
    this.run = start([...what, '--yes', ...where, ...more], { env: this.env(), cwd: this.parent });
    return this.run;
  }

  /** Starts a conversion and waits until it stands still in a step; fails when it ends before. */
  async startUntil(step: FakeStep): Promise<CliRun> {
    this.tools.shut(step);
    const run = this.start();
    let over: CliResult | null = null;
    void run.ended.then((result) => (over = result));
    await until(`the conversion stands still in ${step}`, () => {
      if (over !== null) throw new Error(`it ended with ${String(over.code)} before ${step}:\n${over.stderr}`);
      return this.tools.reached(step);
    });
    return run;
  }

  private door(): string[] {
    return this.options.allowCidr === null ? [] : ['--allow-cidr', this.options.allowCidr];
  }

  /** A further command of the user. */
  command(...args: string[]): Promise<CliResult> {
    return cli(args, { env: this.env(), cwd: this.parent });
  }

  /** Jobs that this home knows, oldest first. */
  jobs(): string[] {
    const folder = path.join(this.home, 'jobs');
    return fs.existsSync(folder) ? fs.readdirSync(folder).sort() : [];
  }

  /** The newest job of this turn. */
  job(): string | undefined {
    return this.jobs().findLast((job) => {
      const request = path.join(this.home, 'jobs', job, 'request.json');
      if (!fs.existsSync(request)) return false;
      return (JSON.parse(fs.readFileSync(request, 'utf8')) as { out: string }).out === this.out;
    });
  }

  journalOf(job: string): string {
    const file = path.join(this.home, 'jobs', job, 'journal.jsonl');
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  }

  closed(job: string): boolean {
    return this.journalOf(job).includes('"type":"closed"');
  }

  /** When the journal says that the job is over, milliseconds since 1970; null when it does not. */
  closedAt(job: string): number | null {
    const line = this.journalOf(job)
      .split('\n')
      .find((text) => text.includes('"type":"closed"'));
    return line === undefined ? null : Date.parse((JSON.parse(line) as { at: string }).at);
  }

  /** When the watchdog first began to tear down, by its log; null when that does not say. */
  watchdogBeganAt(job: string): number | null {
    const file = path.join(this.home, 'jobs', job, 'watchdog.log');
    const said = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
    const [, at] = /^(\S+) tearing down: /m.exec(said) ?? [];
    return at === undefined ? null : Date.parse(at);
  }

  /** Engines that work for a job of this cell (and plugins that they started). */
  engines(): number[] {
    const job = this.job();
    if (job === undefined) return [];
    return runningProcesses()
      .filter((one) => hasInEnvironment(one.pid, 'CVICAST_ENGINE', job))
      .map((one) => one.pid);
  }

  get modelFile(): string {
    return path.join(this.out, 'shapes-yolo11n-320_cv181x_int8.cvimodel');
  }

  /** Is the result there, whole? */
  delivered(): boolean {
    if (this.options.tools === 'real') return this.deliveredForReal();
    const made = path.join(this.tools.toolchains, fs.readdirSync(this.tools.toolchains)[0]!, 'logs/model');
    return fs.existsSync(this.modelFile) && fs.readFileSync(this.modelFile).equals(fs.readFileSync(made));
  }

  /** Nobody knows beforehand what the real tools make: it is a model for the chip, and the one that the receipt names. */
  private deliveredForReal(): boolean {
    if (!fs.existsSync(this.modelFile)) return false;
    const made = fs.readFileSync(this.modelFile);
    const { model } = this.receipt();
    return (
      made.subarray(0, 8).toString() === 'CviModel' && model?.sha256 === createHash('sha256').update(made).digest('hex')
    );
  }

  private receipt(): Pick<Receipt, 'model' | 'calibration'> {
    return JSON.parse(fs.readFileSync(path.join(this.out, 'receipt.json'), 'utf8')) as Receipt;
  }

  /** Has the calibration table of this turn's newest job come home whole, by its own journal? */
  hasTable(): boolean {
    const job = this.job()!;
    const named = `"type":"file","name":"${jobFile.table}"`;
    return (
      this.journalOf(job).includes(named) &&
      fs.existsSync(path.join(this.home, 'jobs', job, 'kept/files', jobFile.table))
    );
  }

  /** Does the receipt say that the table of an earlier run was used? */
  reusedTable(): boolean {
    return this.receipt().calibration?.reused === true;
  }

  /** What still lives of all that the cell's jobs made. */
  async alive(): Promise<string[]> {
    if (this.cloud !== null) return (await this.cloud.alive()).map((entry) => `${entry.kind} ${entry.id}`);
    const machines = path.join(this.home, 'machines');
    return [
      ...(fs.existsSync(machines) ? fs.readdirSync(machines).filter((name) => name.startsWith('cv-')) : []),
      ...this.jobs().flatMap(jobsFolders),
    ];
  }

  /** Ends everything; answers the processes that should have ended by themselves. */
  async close(): Promise<string[]> {
    this.run?.child.kill('SIGKILL');
    this.tools.openAll();
    await this.cloud?.stop();
    const left = await processesLeft(this.parent);
    for (const one of left) process.kill(one.pid, 'SIGKILL');
    if (this.options.diskMegabytes !== null) execFileSync('umount', ['--lazy', this.parent]);
    fs.rmSync(this.parent, { recursive: true, force: true });
    return left.map((one) => one.text);
  }
}

/** Hash of everything that belongs to the user and that a conversion only reads. */
export function inputsHash(): string {
  const hash = createHash('sha256').update(fs.readFileSync(model));
  for (const name of fs.readdirSync(images).sort())
    hash.update(`${name}\0`).update(fs.readFileSync(path.join(images, name)));
  return hash.digest('hex');
}
