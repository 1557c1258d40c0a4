import { Cell } from '../faults/cell';
import { whyNoMachines } from '../_helpers/cloud';

jest.setTimeout(15 * 60_000);

const why = whyNoMachines();
if (why !== null) process.stderr.write(`the closed output is skipped: ${why}\n`);

(why === null ? describe : describe.skip)('a conversion to whose words nobody listens any more', () => {
  let cell: Cell;
  beforeEach(async () => void (cell = await Cell.open('digitalocean')));
  afterEach(async () => expect(await cell.close()).toEqual([]));

  // While the engine runs a program its SDK reports uncaught errors on stderr: one of stderr itself would go on for ever.
  test('goes on to its end', async () => {
    const run = cell.start();
    await run.until(/starting the machine/);
    run.child.stdout!.destroy();
    run.child.stderr!.destroy();
    expect(await run.ended).toMatchObject({ code: 0, signal: null });
    expect(cell.delivered()).toBe(true);
    expect(await cell.alive()).toEqual([]);
  });
});
