import { describeCloud, type Rental, useRental } from '../_helpers/cloud-stories';

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
