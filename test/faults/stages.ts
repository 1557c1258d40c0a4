import type { FakeStep } from '../_helpers/fake-tools';
import type { Cell, PlaceName } from './cell';

export const stageNames = [
  'plan',
  'up',
  'bootstrap',
  'send',
  'transform',
  'calibrate',
  'deploy',
  'verify',
  'fetch',
  'down',
] as const;
export type StageName = (typeof stageNames)[number];

/** How a conversion is made to stand still in a stage, so that a fault meets it there and nowhere else. */
export interface Stage {
  readonly name: StageName;
  readonly places: readonly PlaceName[];
  /** Ordered before the conversion starts. */
  prepare(cell: Cell): Promise<void> | void;
  /** Does it stand still? Asked again and again. */
  reached(cell: Cell): Promise<boolean> | boolean;
  /** Lets it go on. */
  release(cell: Cell): Promise<void> | void;
}

const everywhere: readonly PlaceName[] = ['digitalocean', 'local'];
const rented: readonly PlaceName[] = ['digitalocean'];

/** The cloud holds an answer back. */
function atGate(
  name: StageName,
  fault: { on: 'api' | 'create' | 'delete'; kind: string; when: 'before' | 'after' },
): Stage {
  const { when, ...where } = fault;
  // A gate that was opened stays open: each turn has its own.
  const gateOf = (cell: Cell): string => `${name}-${cell.turn}`;
  return {
    name,
    places: rented,
    prepare: (cell) => cell.cloud!.fault({ ...where, do: { wait: { gate: gateOf(cell), when } } }),
    reached: async (cell) => (await cell.cloud!.ledger()).waitingAt.includes(gateOf(cell)),
    release: (cell) => cell.cloud!.open(gateOf(cell)),
  };
}

/** A tool stands still. */
function atStep(name: FakeStep & StageName): Stage {
  return {
    name,
    places: everywhere,
    prepare: (cell) => cell.tools.shut(name),
    reached: (cell) => cell.tools.reached(name),
    release: (cell) => cell.tools.openAll(),
  };
}

/** Bytes of the model that have left, or have come, when the line stands still. */
const partWay = 1_200_000;

export const stages: readonly Stage[] = [
  atGate('plan', { on: 'api', kind: 'GET /v2/account', when: 'before' }),
  // The droplet is there, and nobody knows it but the cloud.
  atGate('up', { on: 'create', kind: 'droplet', when: 'after' }),
  atStep('bootstrap'),
  {
    name: 'send',
    places: rented,
    prepare: (cell) => cell.cloud!.stall({ direction: 'up', bytes: partWay }),
    reached: async (cell) => (await cell.cloud!.ledger()).stalled,
    release: (cell) => cell.cloud!.flow(),
  },
  atStep('transform'),
  atStep('calibrate'),
  atStep('deploy'),
  atStep('verify'),
  {
    name: 'fetch',
    places: rented,
    prepare: (cell) => cell.tools.shut('deploy'),
    reached: async (cell) => {
      if (!cell.tools.reached('deploy')) return (await cell.cloud!.ledger()).stalled;
      await cell.cloud!.stall({ direction: 'down', bytes: partWay });
      cell.tools.openAll();
      return false;
    },
    release: (cell) => cell.cloud!.flow(),
  },
  atGate('down', { on: 'delete', kind: 'droplet', when: 'before' }),
];
