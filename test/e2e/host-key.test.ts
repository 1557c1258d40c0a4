import { whyNoMachines } from '../_helpers/cloud';
import { Cell, until } from '../faults/cell';

jest.setTimeout(10 * 60_000);

const why = whyNoMachines();
if (why !== null) process.stderr.write(`a man in the middle is skipped: ${why}\n`);

(why === null ? describe : describe.skip)('a man in the middle', () => {
  let cell: Cell;
  afterEach(async () => expect(await cell.close()).toEqual([]));

  test('shows another host key: refused on the first connection, nothing sent, machine torn down, and told why', async () => {
    cell = await Cell.open('digitalocean', { cloud: { impostor: 'yes' } });
    // The machine is kept for a moment, to read what it has seen.
    await cell.cloud!.fault({ on: 'delete', kind: 'droplet', do: { wait: { gate: 'seen', when: 'before' } } });
    const run = cell.start();
    await cell.cloud!.until(({ waitingAt }) => waitingAt.includes('seen'));
    const log = await cell.cloud!.logs();
    // sshd tells of each connection that ended before a login: there was one, and it asked for no user.
    expect(log.match(/Disconnected from \S+ port \d+ \[preauth\]/g)).toHaveLength(1);
    expect(log).not.toMatch(/Accepted|Failed|userauth|authenticating user/);
    await cell.cloud!.open('seen');
    const ended = await run.ended;
    expect(ended.code).toBe(4);
    expect(ended.stderr).toMatch(/another machine than ours answers at \S+, port 22/);
    expect(ended.stderr).toMatch(/showed the key SHA256:\S+, not SHA256:\S+; we did not log in/);
    expect(ended.stderr).toMatch(/fix: .*someone on the network may be in between/);
    expect(await cell.alive()).toEqual([]);
    await until('the watchdog has ended', () => cell.closed(cell.jobs()[0]!));
  });
});
