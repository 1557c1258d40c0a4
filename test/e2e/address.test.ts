import { whyNoMachines } from '../_helpers/cloud';
import { Cell, firstAddress, nextAddress, type CellOptions } from '../faults/cell';

jest.setTimeout(10 * 60_000);

const why = whyNoMachines();
if (why !== null) process.stderr.write(`attach from elsewhere is skipped: ${why}\n`);

// That the address changes while a conversion runs is a fault of the grid: see faults.test.ts.
(why === null ? describe : describe.skip)('attach from another address', () => {
  let cell: Cell;
  afterEach(async () => expect(await cell.close()).toEqual([]));

  /** A job whose client is gone while its machine works, and a computer that is elsewhere by now. */
  async function moved(options: Partial<CellOptions>): Promise<string> {
    cell = await Cell.open('digitalocean', options);
    const run = await cell.startUntil('calibrate');
    run.child.kill('SIGKILL');
    await run.ended;
    await cell.cloud!.move(nextAddress);
    cell.tools.openAll();
    return cell.jobs()[0]!;
  }

  async function proveDelivered(job: string, more: readonly string[]): Promise<void> {
    const attached = await cell.command('attach', job, ...more);
    expect({ code: attached.code, said: attached.code === 0 ? '' : attached.stderr }).toEqual({ code: 0, said: '' });
    expect(attached.stderr).toContain(`port 22 is open for ${nextAddress}/32 now`);
    expect(cell.delivered()).toBe(true);
    const { entries } = await cell.cloud!.ledger();
    expect(entries.filter(({ kind }) => kind === 'droplet')).toHaveLength(1);
    const doors = entries.filter(({ kind }) => kind === 'firewall').map(({ properties }) => properties['inboundRules']);
    expect(doors).toEqual([[expect.objectContaining({ sourceAddresses: [`${nextAddress}/32`] })]]);
    expect(await cell.alive()).toEqual([]);
  }

  test('opens the door for it, and closes it for the old one', async () => {
    await proveDelivered(await moved({}), []);
  });

  test('a door that --allow-cidr holds is moved by --allow-cidr', async () => {
    const job = await moved({ allowCidr: `${firstAddress}/32` });
    await proveDelivered(job, ['--allow-cidr', `${nextAddress}/32`]);
  });
});
