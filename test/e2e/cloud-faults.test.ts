import * as fs from 'node:fs';
import * as path from 'node:path';
import { JobFolder } from '../../src/job/folder';
import type { JobRequest } from '../../src/job/request';
import { teardown } from '../../src/job/teardown';
import { homeFolder } from '../../src/paths';
import { describeCloud, stateText, type Rental, useRental } from '../_helpers/cloud-stories';

jest.setTimeout(600_000);

/** What real provider plugins were seen to do when things go wrong, DigitalOcean's above all. */
describeCloud('a cloud that fails', () => {
  const rent = useRental('digitalocean', { region: 'nyc3', size: 's-2vcpu-4gb' });
  const noMachines = { machines: 'none' };
  const kinds = async ({ cloud }: Rental) => (await cloud.alive()).map((entry) => entry.kind);

  it('makes two machines when an answer is lost: the engine knows one, the sweep finds the other', async () => {
    const rental = await rent(noMachines);
    await rental.cloud.fault({ on: 'create', kind: 'droplet', do: { loseAnswer: { retry: true } } });
    await rental.up();
    await rental.stack.destroy();
    expect(await kinds(rental)).toEqual(['droplet']);
    await rental.sweep();
    expect(await rental.cloud.alive()).toEqual([]);
  });

  it('finds a machine that a listing shows late', async () => {
    const rental = await rent(noMachines);
    await rental.cloud.fault({ on: 'create', kind: 'droplet', do: { hide: { listings: 2 } } });
    await rental.up();
    const seen = async () => (await rental.left()).some((one) => one.kind === 'droplet');
    expect([await seen(), await seen(), await seen()]).toEqual([false, false, true]);
    await rental.stack.destroy();
    expect(await rental.cloud.alive()).toEqual([]);
  });

  it('lets a plugin die behind a create: neither in the state nor pending, but found by its tag', async () => {
    const rental = await rent(noMachines);
    await rental.cloud.fault({ on: 'create', kind: 'droplet', do: { panic: { when: 'after' } } });
    await expect(rental.up()).rejects.toMatchObject({ name: 'UserError' });
    await rental.stack.destroy();
    expect(await kinds(rental)).toEqual(['droplet']);
    await rental.sweep();
    expect(await rental.cloud.alive()).toEqual([]);
  });

  it('fails a create that was only not watched to its end: the state knows it', async () => {
    const rental = await rent(noMachines);
    await rental.cloud.fault({ on: 'create', kind: 'droplet', do: { initFailed: { message: '500 while waiting' } } });
    await expect(rental.up()).rejects.toMatchObject({ name: 'UserError' });
    expect(await kinds(rental)).toContain('droplet');
    await rental.stack.destroy();
    expect(await rental.cloud.alive()).toEqual([]);
  });

  it('refuses for want of room: the reason arrives, and nothing stays', async () => {
    const rental = await rent(noMachines);
    const refuse = { code: 'unprocessable_entity', message: 'Region is not available', status: 422 };
    await rental.cloud.fault({ on: 'create', kind: 'droplet', do: { refuse } });
    await expect(rental.up()).rejects.toMatchObject({
      why: expect.stringContaining('Region is not available') as string,
    });
    await rental.stack.destroy();
    expect(await rental.cloud.alive()).toEqual([]);
  });

  it('has lost the machine to somebody else: the teardown takes it as done', async () => {
    const rental = await rent(noMachines);
    await rental.up();
    expect(await rental.cloud.vanish('droplet')).toBe(1);
    await rental.stack.destroy();
    expect(await rental.cloud.alive()).toEqual([]);
  });

  it('loses the answer to a delete: the second teardown is clean', async () => {
    const rental = await rent(noMachines);
    await rental.up();
    await rental.cloud.fault({ on: 'delete', kind: 'firewall', do: { loseAnswer: { retry: true } } });
    await expect(rental.stack.destroy()).rejects.toMatchObject({ why: expect.stringContaining('404') as string });
    await rental.stack.destroy();
    expect(await rental.cloud.alive()).toEqual([]);
  });
});

/** What a teardown makes of a journal and a cloud, whatever the engine still knows. */
describeCloud('the teardown of a job', () => {
  const rent = useRental('digitalocean', { region: 'nyc3', size: 's-2vcpu-4gb' });
  const noMachines = { machines: 'none' };

  /** The folder that a job leaves which asked for the rental's machine and was killed. */
  async function folderOf({ request, home, api }: Rental): Promise<JobFolder> {
    fs.writeFileSync(path.join(home, 'owner'), request.owner);
    const folder = JobFolder.create(home, request.job);
    folder.writeRequest({
      ...{ job: request.job, provider: 'digitalocean', host: null, toolchain: 'venv', backendUrl: null },
      lease: { region: request.region },
    } as JobRequest);
    folder.writeSecret('passphrase', 'a passphrase');
    folder.journal.write({
      type: 'opened',
      ...{ provider: 'digitalocean', region: request.region, size: request.size, pricePerHour: 1, currency: 'USD' },
      ...{ expiresAt: request.expiresAt, toolchain: 'venv' },
    });
    const account = (await api.account()) ?? '';
    const { region, size } = request;
    folder.journal.write({ type: 'intent', what: 'create-machine', region, size, account });
    return folder;
  }
  const context = ({ home, env }: Rental) => ({
    ...{ home, env, emit: () => undefined, signal: new AbortController().signal },
  });

  it('looks where the journal says when the request is lost, and finds what lives', async () => {
    const rental = await rent(noMachines);
    const folder = await folderOf(rental);
    await rental.up();
    fs.writeFileSync(folder.file('request.json'), '{"job":');
    fs.rmSync(homeFolder.state(rental.home), { recursive: true });
    expect(await teardown(folder, context(rental))).toEqual([]);
    expect(await rental.cloud.alive()).toEqual([]);
    expect(folder.readSecret('passphrase')).toBeNull();
  });

  it('does not rule out by one empty listing a machine whose answer was lost', async () => {
    const rental = await rent(noMachines);
    const folder = await folderOf(rental);
    await rental.cloud.fault({ on: 'create', kind: 'droplet', do: { loseAnswer: { retry: false, hide: 3 } } });
    await expect(rental.up()).rejects.toMatchObject({ name: 'UserError' });
    expect(await teardown(folder, context(rental))).toEqual([]);
    expect(await rental.cloud.alive()).toEqual([]);
  });

  it('touches nothing with credentials of another account, where a listing is empty and a refresh forgets', async () => {
    const rental = await rent(noMachines);
    const folder = await folderOf(rental);
    await rental.up();
    const before = [await rental.cloud.alive(), stateText(rental.home)];
    const other = await rent({ ...noMachines, account: 'another-team' });
    const left = await teardown(folder, { ...context(rental), env: { ...rental.env, ...other.cloud.env } });
    const made = await rental.api.account();
    expect(left).toEqual([
      {
        ...{ type: 'job', id: folder.job, console: expect.any(String) as string },
        why: `it was made in account ${made}, and these credentials are of account another-team`,
        fix: `run \`cvicast down ${folder.job}\` with the credentials of account ${made}`,
        untouched: true,
      },
    ]);
    expect([await rental.cloud.alive(), stateText(rental.home)]).toEqual(before);
    expect(folder.readSecret('passphrase')).not.toBeNull();
    expect(await teardown(folder, context(rental))).toEqual([]);
    expect(await rental.cloud.alive()).toEqual([]);
  });

  it('looks for the machine by its id too, and names it when it cannot be asked for', async () => {
    const rental = await rent(noMachines);
    const folder = await folderOf(rental);
    await rental.cloud.fault({ on: 'create', kind: 'droplet', do: { hide: { listings: 1000 } } });
    const machine = await rental.up();
    folder.journal.write({ type: 'machine', ...machine });
    fs.rmSync(homeFolder.state(rental.home), { recursive: true });
    const refuse = { code: 'server_error', message: 'Unexpected server-side error', status: 500 };
    await rental.cloud.fault({ on: 'api', kind: 'GET /v2/droplets?', times: 1000, do: { refuse } });
    expect(await teardown(folder, context(rental))).toMatchObject([{ type: 'droplet', id: machine.machineId }]);
    await rental.cloud.calm();
    expect(await teardown(folder, context(rental))).toEqual([]);
    expect(await rental.cloud.alive()).toEqual([]);
  });
});
