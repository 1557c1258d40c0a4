import { whyNoMachines } from '../_helpers/cloud';
import type { PlaceName } from '../faults/cell';
import { cellOf, pool } from '../faults/grid';
import { runCell, type GridCell } from '../faults/run-cell';
import type { StageName } from '../faults/stages';

// A part of the grid, in cheap stages, spread over the clouds and this computer: of faults that go the same way the one that
// asks most, but for those that a test of its own causes (SIGINT, SIGKILL of the CLI; at the engine, cloud-faults.test.ts).
// scripts/faults runs all of it.
// What asks for a fault of one cloud's own API stays on DigitalOcean.
const on = (place: PlaceName, fault: string, stage: StageName): GridCell => ({ ...cellOf(fault, stage), place });
const part: readonly GridCell[] = [
  // Those that wait for a machine that never comes back stand first: they take longest, and do nothing meanwhile.
  on('digitalocean', 'machine dies', 'bootstrap'),
  on('digitalocean', 'deleted from outside', 'transform'),
  on('digitalocean', 'API connection stalled', 'plan'),
  on('gcp', 'SIGINT twice', 'calibrate'),
  on('digitalocean', 'SIGTERM', 'up'),
  cellOf('terminal closes', 'transform', 'local'),
  on('azure', 'error that nobody catches', 'transform'),
  on('digitalocean', 'SIGKILL of the engine', 'up'),
  on('digitalocean', 'SIGKILL of both and no command after it', 'up'),
  on('digitalocean', 'engine hangs and SIGKILL of the CLI', 'up'),
  on('hetzner', 'connection stalled', 'transform'),
  on('tencent', 'address changed', 'calibrate'),
  on('alibaba', 'disk full there', 'bootstrap'),
  on('digitalocean', 'disk full here and SIGKILL of the CLI', 'calibrate'),
  on('digitalocean', 'create answered twice', 'up'),
  on('digitalocean', 'delete cut until the plugin panics', 'down'),
  on('digitalocean', 'credentials expire', 'verify'),
  on('aws', 'stale lock', 'transform'),
  on('hetzner', 'clock jumps a day ahead', 'transform'),
];
const title = ({ fault, stage, place }: GridCell): string => `${fault.name}, in ${stage.name}, on ${place}`;

jest.setTimeout(30 * 60_000);

const why = whyNoMachines();
if (why !== null) process.stderr.write(`faults are skipped: ${why}\n`);

(why === null ? describe : describe.skip)('nothing leaks, nothing is lost', () => {
  const results = new Map<GridCell, ReturnType<typeof runCell>>();
  beforeAll(() => {
    const running = pool(part, 3, runCell);
    part.forEach((cell, index) => results.set(cell, running[index]!));
  });

  test.each(part.map((cell) => [title(cell), cell] as const))('%s', async (_title, cell) => {
    expect((await results.get(cell)!).problems).toEqual([]);
  });
});
