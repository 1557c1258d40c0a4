import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { spawnSync } from 'node:child_process';
import { isAlive } from '../../src/engine/processes';
import { stackFiles } from '../../src/engine/state-file';
import { homeFolder } from '../../src/paths';
import type { Fault as CloudFault } from '../cloud/core/faults';
import { firstAddress, nextAddress, until, type Cell, type CellOptions, type PlaceName } from './cell';
import { stageNames, type StageName } from './stages';

/** What must hold after a fault. */
export interface Expected {
  /** How the conversion itself ends: exit code, or the signal that ended it. */
  readonly ends: readonly (number | NodeJS.Signals)[];
  /** What it must have said to the user. */
  readonly says?: RegExp;
  /** Only where the fault is a bug of ours put in on purpose may it say so. */
  readonly isOurBug?: true;
  /** The watchdog's log finds no room: when it began is not to be had. */
  readonly withoutLog?: true;
  /** The one further command that the user may need; `nothing`: it cleans up by itself, or its watchdog does. */
  readonly user: 'nothing' | 'down';
  /** `none`: nothing was begun that could be gone on with. */
  readonly result: 'delivered' | 'resumable' | 'none';
}

export interface Fault {
  readonly name: string;
  readonly surroundings?: Partial<CellOptions>;
  /** Does it harm this one conversion, so that others beside it must not notice? */
  readonly alone?: true;
  /** Why it makes no sense there; null where it does. */
  unfit(stage: StageName, place: PlaceName): string | null;
  /** Met by the conversion by itself: ordered before the start, and then nothing stands still. */
  arm?(cell: Cell, stage: StageName): Promise<void> | void;
  /** Done while the conversion stands still in the stage. */
  inject?(cell: Cell, stage: StageName): Promise<void> | void;
  /** What the user puts right before the next command. */
  mend?(cell: Cell): Promise<void> | void;
  expected(stage: StageName): Expected;
}

const delivered: Expected = { ends: [0], user: 'nothing', result: 'delivered' };
const tornDown = (ends: number[], says?: RegExp): Expected => ({
  ends,
  ...(says === undefined ? {} : { says }),
  user: 'nothing',
  result: 'resumable',
});

const first = (stage: StageName): boolean => stage === 'plan';
const last = (stage: StageName): boolean => stage === 'down';
const order = (stage: StageName): number => stageNames.indexOf(stage);
const withMachine = (stage: StageName): boolean => order(stage) >= order('bootstrap') && !last(stage);
const only =
  (why: string, ...fit: StageName[]) =>
  (stage: StageName): string | null =>
    fit.includes(stage) ? null : why;
const rentedOnly =
  (unfit: (stage: StageName) => string | null) =>
  (stage: StageName, place: PlaceName): string | null =>
    place === 'local' ? 'a matter of clouds' : unfit(stage);
const noMachineYet = (stage: StageName): string | null => (first(stage) ? 'there is no machine yet' : null);
const needsLine = (stage: StageName): string | null =>
  withMachine(stage) ? null : "no SSH connection is open then; the cloud's API has rows of its own";
const beforeTheEnd = (stage: StageName): string | null =>
  last(stage) ? 'nobody connects to the machine any more' : null;

function signal(
  name: string,
  code: number,
  send: (cell: Cell) => Promise<void> | void,
  { heard, says }: { heard: RegExp; says?: RegExp } = { heard: /tearing down \(about \d+ s\)/ },
): Fault {
  return {
    name,
    alone: true,
    unfit: () => null,
    inject: async (cell, stage) => {
      await send(cell);
      // It goes on only when it has heard: a signal that comes late would meet another stage.
      if (!first(stage)) await until('the signal is heard', () => heard.test(cell.run!.stderr()));
    },
    expected: (stage) => {
      const number = { 129: 'SIGHUP', 130: 'SIGINT', 143: 'SIGTERM' }[code] as NodeJS.Signals;
      // Nothing was begun: the system's own way to end a program is right.
      if (first(stage)) return { ends: [code, number], user: 'nothing', result: 'none' };
      if (last(stage)) return { ...delivered, ...(says === undefined ? {} : { says }) };
      return tornDown([code], says === undefined ? resumeTells : inTurn(says, resumeTells));
    },
  };
}

/** A signal to all that a terminal has in its foreground. */
const toGroup = (cell: Cell, name: NodeJS.Signals): void => void process.kill(-cell.run!.child.pid!, name);

async function killClient(cell: Cell): Promise<void> {
  cell.run!.child.kill('SIGKILL');
  await cell.run!.ended;
}

async function killEngine(cell: Cell): Promise<void> {
  await until('an engine runs', () => cell.engines().length > 0);
  for (const pid of cell.engines()) process.kill(pid, 'SIGKILL');
  await until('the engine is gone', () => cell.engines().length === 0);
}

async function killBoth(cell: Cell): Promise<void> {
  await until('an engine runs', () => cell.engines().length > 0);
  cell.run!.child.kill('SIGKILL');
  await killEngine(cell);
  await cell.run!.ended;
}

const hasEnded = ({ run }: Cell): boolean => run!.child.exitCode !== null || run!.child.signalCode !== null;
/** For an engine that hangs; the usual minute would only make the cells longer. */
const shortPatience = { CVICAST_ENGINE_SECONDS: '2' };

function cloudFault(name: string, stage: 'up' | 'down', faults: readonly CloudFault[], expected: Expected): Fault {
  return {
    name,
    unfit: rentedOnly(only(`it happens in ${stage}`, stage)),
    arm: async (cell) => {
      for (const fault of faults) await cell.cloud!.fault(fault);
    },
    expected: () => expected,
  };
}

/** The connection to the cloud's own API; creates and deletes go over the plugin's, which has faults of its own. */
function cloudApi(name: string, times: number, harm: CloudFault['do']): Fault {
  return {
    name,
    unfit: rentedOnly(only("cvicast does not ask the cloud's API itself then", 'plan', 'down')),
    arm: (cell, stage) => {
      const kind = last(stage) ? 'GET /v2/droplets?' : 'GET /v2/account';
      return cell.cloud!.fault({ on: 'api', kind, times, do: harm });
    },
    expected: () => delivered,
  };
}

const refuse = (status: number, code: string, message: string): CloudFault['do'] => ({
  refuse: { status, code, message },
});

/** The second Ctrl-C: what is waited for and since when, or that the rest comes in a moment, and the one command. */
const secondSignalTells =
  /SIGINT again: (?:.*for \d+ s now.*|the teardown (?:begins in a moment|is over).*); `cvicast down cv-[0-9a-f-]+`/;
/** Both, one after the other. */
const inTurn = (one: RegExp, other: RegExp): RegExp => new RegExp(`${one.source}[\\s\\S]*${other.source}`);
/** What cannot be reached any more may be gone, or only out of reach: both are told, and what helps against each. */
const machineLost =
  /error: .*cannot be reached.*died or was deleted.*\nfix: `cvicast resume cv-[0-9a-f-]+`.*new machine/;
/** The cloud's or the engine's own words, and the way on after the teardown. */
const engineFailed = (words: string): RegExp =>
  new RegExp(
    `error: The Pulumi engine failed during \`up\`: .*${words}.*\\nfix: mend .*\`cvicast resume cv-[0-9a-f-]+\``,
  );
const resumeTells = /fix: .*`cvicast resume cv-[0-9a-f-]+`/;

const expired = refuse(401, 'Unauthorized', 'Unable to authenticate you');
const whatToDo = /fix: .*`cvicast (?:down|resume) cv-[0-9a-f-]+`/;

export const faults: readonly Fault[] = [
  signal('SIGINT', 130, (cell) => toGroup(cell, 'SIGINT')),
  signal(
    'SIGINT twice',
    130,
    async (cell) => {
      toGroup(cell, 'SIGINT');
      await new Promise((resolve) => setTimeout(resolve, 150));
      if (!hasEnded(cell)) toGroup(cell, 'SIGINT');
    },
    { heard: secondSignalTells, says: secondSignalTells },
  ),
  signal('SIGTERM', 143, (cell) => void cell.run!.child.kill('SIGTERM')),
  signal('SIGHUP', 129, (cell) => toGroup(cell, 'SIGHUP')),
  {
    // The system sends SIGHUP itself, and whatever is said from then on fails.
    name: 'terminal closes',
    alone: true,
    surroundings: { terminal: true },
    unfit: only('SIGHUP stands for it there', 'transform', 'deploy', 'down'),
    inject: async (cell, stage) => {
      cell.run!.child.kill('SIGUSR1');
      if (!last(stage))
        await until('the teardown begins', () => cell.journalOf(cell.job()!).includes('"stage":"down"'));
    },
    expected: (stage) => (last(stage) ? delivered : tornDown([129])),
  },
  {
    name: 'error that nobody catches',
    alone: true,
    unfit: (stage) => (first(stage) ? 'nothing was begun' : null),
    inject: async (cell) => {
      fs.writeFileSync(cell.uncaughtFile, '');
      await until('it is thrown', () => cell.hasThrown());
    },
    expected: (stage) => ({
      ...tornDown([1], /error: cvicast met something .*thrown where nobody catches it\nfix: this is our bug: .*report/),
      ...(last(stage) ? { result: 'delivered' } : {}),
      isOurBug: true,
    }),
  },
  {
    name: 'SIGKILL of the CLI',
    alone: true,
    surroundings: { watchdogSeconds: 1 },
    unfit: () => null,
    inject: killClient,
    expected: (stage) => ({
      ends: ['SIGKILL'],
      user: 'nothing',
      result: first(stage) ? 'none' : last(stage) ? 'delivered' : 'resumable',
    }),
  },
  {
    name: 'SIGKILL of the engine',
    unfit: rentedOnly(only('the engine does not run then', 'up', 'down')),
    inject: killEngine,
    expected: (stage) => (last(stage) ? delivered : tornDown([4], whatToDo)),
  },
  {
    name: 'SIGKILL of both',
    unfit: rentedOnly(only('the engine does not run then', 'up', 'down')),
    inject: killBoth,
    expected: (stage) => ({ ends: ['SIGKILL'], user: 'down', result: last(stage) ? 'delivered' : 'resumable' }),
  },
  {
    name: 'SIGKILL of both and no command after it',
    surroundings: { watchdogSeconds: 1 },
    unfit: rentedOnly(only('the engine does not run then', 'up', 'down')),
    inject: killBoth,
    expected: (stage) => ({ ends: ['SIGKILL'], user: 'nothing', result: last(stage) ? 'delivered' : 'resumable' }),
  },
  {
    // The cloud's answer never comes, as when the plugin's connection stalls: the gate stays shut until the end.
    name: 'engine hangs',
    surroundings: { env: shortPatience },
    unfit: rentedOnly(only('the engine does not run then', 'up', 'down')),
    inject: async (cell, stage) => {
      if (!last(stage)) toGroup(cell, 'SIGINT');
      await until('the conversion ends', () => hasEnded(cell));
    },
    expected: (stage) =>
      last(stage)
        ? { ends: [7], says: /killing it[\s\S]*fix: .*`cvicast down cv-[0-9a-f-]+`/, user: 'down', result: 'delivered' }
        : tornDown([130], inTurn(/killing it/, resumeTells)),
  },
  {
    name: 'engine hangs and SIGKILL of the CLI',
    surroundings: { env: shortPatience, watchdogSeconds: 1 },
    unfit: rentedOnly(only('the engine does not run then', 'up', 'down')),
    inject: async (cell) => {
      await killClient(cell);
      await until('the watchdog has torn down', () => cell.closed(cell.job()!));
    },
    expected: (stage) => ({ ends: ['SIGKILL'], user: 'nothing', result: last(stage) ? 'delivered' : 'resumable' }),
  },
  {
    name: 'engine stopped and SIGKILL of the CLI',
    surroundings: { env: shortPatience },
    unfit: rentedOnly(only('one stage is enough for it', 'up')),
    inject: async (cell) => {
      await until('an engine runs', () => cell.engines().length > 0);
      for (const pid of cell.engines()) process.kill(pid, 'SIGSTOP');
      await killClient(cell);
    },
    expected: () => ({ ends: ['SIGKILL'], user: 'down', result: 'resumable' }),
  },
  {
    name: 'connection cut',
    unfit: rentedOnly(needsLine),
    inject: (cell) => cell.cloud!.cut(),
    expected: () => delivered,
  },
  {
    name: 'connection stalled',
    unfit: rentedOnly(needsLine),
    inject: async (cell) => {
      await cell.cloud!.stall();
      // Never taken back: the client has to find out by itself.
      cell.tools.openAll();
      await until('the silent line is given up', async () => !(await cell.cloud!.ledger()).stalled);
    },
    expected: () => delivered,
  },
  cloudApi('API connection cut', 3, { panic: { when: 'before' } }),
  // Nobody ever opens it: the client has to give it up.
  cloudApi('API connection stalled', 1, { wait: { gate: 'for ever', when: 'before' } }),
  {
    name: 'machine dies',
    unfit: rentedOnly(noMachineYet),
    inject: (cell) => cell.cloud!.crash(),
    expected: (stage) => (last(stage) ? delivered : tornDown([4], machineLost)),
  },
  {
    name: 'disk full there',
    unfit: rentedOnly(
      only(
        'nothing of ours is written to the machine then',
        ...(['bootstrap', 'send', 'transform', 'calibrate', 'deploy', 'verify'] as const),
      ),
    ),
    inject: (cell) => cell.cloud!.fillDisks(),
    // Whatever the step: it is the machine that failed, not the conversion.
    expected: () => tornDown([4], /disk .*full[\s\S]*fix: .*--disk/i),
  },
  {
    name: 'disk full here',
    surroundings: { diskMegabytes: 60 },
    unfit: () => null,
    inject: (cell) => fillDisk(cell),
    mend: removeFiller,
    expected: (stage) =>
      first(stage)
        ? { ends: [4], says: /error: .* disk .*full.*\nfix: .*CVICAST_HOME/, user: 'nothing', result: 'none' }
        : {
            ends: [4, 7],
            says: /error: .*(?:no room|full|no space).*\nfix: .*(?:room|space)/i,
            user: 'down',
            result: last(stage) ? 'delivered' : 'resumable',
          },
  },
  {
    name: 'disk full here and SIGKILL of the CLI',
    surroundings: { diskMegabytes: 60, watchdogSeconds: 1 },
    unfit: rentedOnly(only('one stage is enough for it', 'calibrate')),
    inject: async (cell) => {
      fillDisk(cell);
      await killClient(cell);
      await cell.cloud!.fault({
        on: 'api',
        kind: 'GET /v2/account',
        do: { wait: { gate: gateOf(cell), when: 'before' } },
      });
      // What it says of that finds no room, and what it asks the cloud first shows that it goes on.
      await until('the watchdog tears down', async () => {
        if (!hasWatchdog(cell)) throw new Error('the watchdog died on the full disk');
        return (await cell.cloud!.ledger()).waitingAt.includes(gateOf(cell));
      });
    },
    mend: async (cell) => {
      removeFiller(cell);
      await cell.cloud!.open(gateOf(cell));
    },
    expected: () => ({ ends: ['SIGKILL'], withoutLog: true, user: 'nothing', result: 'resumable' }),
  },
  cloudFault(
    'create fails half-way',
    'up',
    [{ on: 'create', kind: 'droplet', do: refuse(422, 'unprocessable_entity', 'Something went wrong') }],
    tornDown([4], engineFailed('422 .*Something went wrong')),
  ),
  cloudFault(
    'create times out but succeeded',
    'up',
    [{ on: 'create', kind: 'droplet', do: { loseAnswer: { retry: false } } }],
    tornDown([4], engineFailed('connection reset by peer')),
  ),
  cloudFault(
    'create cannot be watched to its end',
    'up',
    [{ on: 'create', kind: 'droplet', do: { initFailed: { message: 'timeout while waiting for state' } } }],
    tornDown([4], engineFailed('timeout while waiting for state')),
  ),
  cloudFault(
    'create answered twice',
    'up',
    [{ on: 'create', kind: 'droplet', do: { loseAnswer: { retry: true } } }],
    delivered,
  ),
  {
    name: 'SIGKILL of the plugin',
    unfit: rentedOnly(only('the plugin does nothing then', 'up', 'down')),
    arm: async (cell, stage) => {
      const on = last(stage) ? 'delete' : 'create';
      await cell.cloud!.fault({ on, kind: 'droplet', do: { panic: { when: 'after' } } });
    },
    expected: (stage) =>
      last(stage)
        ? delivered
        : tornDown([4], /error: .*plugin .*ended in the middle.*\nfix: `cvicast resume cv-[0-9a-f-]+`/),
  },
  {
    name: 'deleted from outside',
    unfit: rentedOnly(noMachineYet),
    inject: async (cell) => {
      await cell.cloud!.vanish('droplet');
    },
    expected: (stage) => (last(stage) ? delivered : tornDown([4], machineLost)),
  },
  cloudFault(
    'delete fails 3 times',
    'down',
    [{ on: 'delete', kind: 'droplet', times: 3, do: refuse(500, 'server_error', 'Server Error') }],
    delivered,
  ),
  cloudFault(
    'delete cut until the plugin panics',
    'down',
    [{ on: 'delete', kind: 'droplet', times: 2, do: { panic: { when: 'before' } } }],
    delivered,
  ),
  {
    name: 'credentials expire',
    unfit: rentedOnly(() => null),
    inject: async (cell) => {
      for (const on of ['api', 'create', 'read', 'update', 'delete'] as const)
        await cell.cloud!.fault({ on, times: 10_000, do: expired });
    },
    mend: (cell) => cell.cloud!.calm(),
    expected: (stage) => {
      // What waits at the cloud was let in before they expired.
      if (first(stage)) {
        const says = /error: .*has expired.*Unable to authenticate you.*\nfix: make a new token .*DIGITALOCEAN_TOKEN/;
        return { ends: [4], says, user: 'nothing', result: 'none' };
      }
      return {
        ends: [7],
        says: /may still be alive[\s\S]*cloud\.digitalocean\.com[\s\S]*fix: .*`cvicast down cv-[0-9a-f-]+`/,
        user: 'down',
        result: last(stage) || stage !== 'up' ? 'delivered' : 'resumable',
      };
    },
  },
  {
    name: 'stale lock',
    alone: true,
    unfit: (stage) =>
      first(stage) ? 'the stack does not exist yet' : last(stage) ? 'the teardown holds the lock then' : null,
    inject: writeStaleLock,
    expected: () => delivered,
  },
  {
    name: 'clock jumps a day ahead',
    unfit: (stage) => (first(stage) ? 'the time has not begun to count' : null),
    inject: async (cell, stage) => {
      fs.writeFileSync(cell.clockFile, String(24 * 60));
      // It goes on only when the end of its time is noticed: what is on its way home still arrives.
      if (!last(stage)) await until('the end of the time is told', () => /time is over/.test(cell.run!.stderr()));
    },
    expected: (stage) =>
      last(stage) ? delivered : tornDown([3], /time is over[\s\S]*fix: .*`cvicast resume cv-[0-9a-f-]+`/),
  },
  {
    name: 'clock jumps a day back',
    unfit: (stage) => (first(stage) ? 'the time has not begun to count' : null),
    inject: (cell) => fs.writeFileSync(cell.clockFile, String(-24 * 60)),
    expected: () => delivered,
  },
  {
    name: 'address changed',
    unfit: rentedOnly(beforeTheEnd),
    inject: (cell) => cell.cloud!.move(nextAddress),
    expected: () => ({ ...delivered, says: new RegExp(`port 22 is open for ${nextAddress}/32 now`) }),
  },
  {
    name: 'address changed, the old one in --allow-cidr',
    surroundings: { allowCidr: `${firstAddress}/32` },
    unfit: rentedOnly(beforeTheEnd),
    inject: (cell) => cell.cloud!.move(nextAddress),
    mend: (cell) => cell.cloud!.move(firstAddress),
    expected: () => tornDown([4], /fix: .*--allow-cidr/),
  },
];

/** Fills the disk of a cell to its last byte. */
function fillDisk(cell: Cell): void {
  const file = fs.openSync(path.join(cell.parent, 'filler'), 'w');
  try {
    for (let size = 1 << 20; size >= 1;) {
      try {
        if (fs.writeSync(file, Buffer.alloc(size)) < size) throw Object.assign(new Error('short'), { code: 'ENOSPC' });
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'ENOSPC') throw thrown;
        size >>= 1;
      }
    }
  } finally {
    fs.closeSync(file);
  }
}

function removeFiller(cell: Cell): void {
  fs.rmSync(path.join(cell.parent, 'filler'), { force: true });
}

const gateOf = (cell: Cell): string => `watchdog-${cell.turn}`;

/** Does the watchdog of a cell's job still run? */
function hasWatchdog(cell: Cell): boolean {
  const mark = fs.readFileSync(path.join(cell.home, 'jobs', cell.job()!, 'watchdog.json'), 'utf8');
  return isAlive((JSON.parse(mark) as { pid: number }).pid);
}

/** A lock as an engine leaves it that was killed. */
function writeStaleLock(cell: Cell): void {
  const job = cell.job()!;
  const { locks } = stackFiles(homeFolder.state(cell.home), job);
  fs.mkdirSync(locks, { recursive: true });
  const gone = spawnSync('true').pid;
  const lock = { pid: gone, username: 'root', hostname: os.hostname(), timestamp: new Date().toISOString() };
  fs.writeFileSync(path.join(locks, '0b1c2d3e-stale.json'), JSON.stringify(lock));
}
