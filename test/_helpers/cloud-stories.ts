import * as fs from 'node:fs';
import * as path from 'node:path';
import { clouds } from '../../src/cloud';
import type { CloudApi, CloudResource } from '../../src/cloud/types';
import { openStack } from '../../src/engine/stack';
import { findEngine } from '../../src/engine/find';
import { serveProvider } from '../../src/engine/serve-provider';
import type { Stack } from '../../src/engine/types';
import { connect, userData } from '../../src/machine';
import { makeKeyPair, type KeyPair } from '../../src/machine/key-pair';
import { homeFolder } from '../../src/paths';
import { ruleOfPort22, type MachineRequest } from '../../stacks/machine';
import { startCloud, whyNoMachines, type CloudStandIn } from './cloud';
import { runGc } from './run-command';
import { useScratch } from './scratch';

export interface Rental {
  readonly cloud: CloudStandIn;
  readonly stack: Stack;
  readonly request: MachineRequest;
  readonly key: KeyPair;
  readonly hostKey: KeyPair;
  readonly api: CloudApi;
  readonly home: string;
  /** The user's environment: where its credentials are, and this cloud. */
  readonly env: NodeJS.ProcessEnv;
  /** Brings the machine up as a job does. */
  up(): ReturnType<Stack['up']>;
  /** What the cloud itself lists of this job. */
  left(): Promise<CloudResource[]>;
  /** The sweep: removes what the cloud lists until it lists nothing. */
  sweep(): Promise<void>;
}

export interface Place {
  readonly region: string;
  readonly zone?: string;
  readonly size: string;
}

const job = 'cv-20261128-112830-7f3a9c';
const owner = '0123456789abcdef';

/** `describe` for tests that need an engine and machines of stand-ins; skips with the reason where there can be none. */
export function describeCloud(title: string, body: () => void): void {
  const reason = whyNoMachines();
  (reason === null ? describe : describe.skip)(reason === null ? title : `${title} (skipped: ${reason})`, () => {
    beforeAll(async () => {
      const engine = await findEngine({ env: process.env, home: '' });
      if (engine === null) throw new Error('these tests need a Pulumi engine on PATH: scripts/setup gets one');
    });
    body();
  });
}

/** Everything a test needs to rent one machine of a cloud's stand-in; call inside `describe`. */
export function useRental(name: string, place: Place): (options?: Readonly<Record<string, string>>) => Promise<Rental> {
  const scratch = useScratch();
  const started: CloudStandIn[] = [];
  const serving: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(serving.splice(0).map((one) => one.close()));
    await Promise.all(started.splice(0).map((one) => one.stop()));
  });
  return async (options = {}) => {
    const cloud = await startCloud(name, options);
    started.push(cloud);
    const facts = clouds[name]!;
    const home = fs.mkdtempSync(path.join(scratch(), 'home-'));
    const env = { PATH: process.env['PATH'], HOME: home, CVICAST_RETRY_SECONDS: '0.01', ...cloud.env };
    const [key, hostKey] = [makeKeyPair('job'), makeKeyPair('host')];
    const request: MachineRequest = {
      ...place,
      ...{
        job,
        owner,
        ttlMinutes: 60,
        expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
        spot: false,
        diskGiB: 30,
      },
      allowCidrs: ['127.0.0.1/32'],
      publicKey: key.publicKey,
      userData: userData({ user: facts.user, publicKey: key.publicKey, hostKey, ttlMinutes: 60, hostname: 'cvicast' }),
    };
    const logFolder = path.join(home, 'logs');
    fs.mkdirSync(logFolder);
    const config = facts.engineConfig({ ...place, env });
    const own = await facts.ownProvider?.({ env, homeFolder: home });
    const served = own && (await serveProvider(own.provider));
    if (served) serving.push(served);
    const attach = own && served ? [{ name: own.name, port: served.port }] : [];
    const stack = await openStack({ home, job, logFolder, passphrase: 'a passphrase', env, config, attach });
    const api = await facts.api({ env, homeFolder: home });
    const left = () => api.list([place.region]);
    return {
      ...{ cloud, stack, request, key, hostKey, api, home, env, left },
      up: async () => stack.up(await facts.stack(), request),
      sweep: async () => {
        for (let listed = await left(); listed.length > 0; listed = await left()) {
          for (const resource of listed) await api.remove(resource);
        }
      },
    };
  };
}

/** A command on the rented machine, over SSH with the pinned host key; waits until the machine has booted. */
export async function runThere(
  rental: Rental,
  at: Awaited<ReturnType<Stack['up']>>,
  argv: string[],
  patienceSeconds = 180,
): Promise<string> {
  const machine = await connect(
    {
      ...{ address: at.address, port: at.port, user: at.user },
      privateKey: rental.key.privateKey,
      hostKeys: [rental.hostKey.publicKey],
    },
    { jobFolder: `/var/tmp/cvicast-${job}`, deadlineSeconds: patienceSeconds, handshakeSeconds: patienceSeconds },
  ).catch(async (problem: unknown) => {
    if (problem instanceof Error)
      problem.message += `\nconsole: ${(await rental.cloud.logs().catch(String)).slice(-2000)}`;
    throw problem;
  });
  try {
    const { status, stdout, stderr } = await machine.exec(argv);
    if (status !== 0) throw new Error(`${argv.join(' ')}: ${status} ${stderr}`);
    return stdout;
  } finally {
    await machine.close();
  }
}

/** All that the engine wrote about a stack, as one text. */
export function stateText(home: string): string {
  const files = fs.readdirSync(homeFolder.state(home), { recursive: true, withFileTypes: true });
  return files
    .filter((entry) => entry.isFile())
    .map((entry) => fs.readFileSync(path.join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

/** What must hold at every cloud, told of one. `machine`: the ledger's kind of a machine there. */
export function tellStories(
  name: string,
  place: Place,
  facts: {
    readonly machine: string;
    /** What the cloud calls the account of the stand-in. */
    readonly account: string;
    readonly afterItsTime: 'deleted' | 'off';
    readonly badSize: string;
    readonly badRegion: string;
    /** USD an hour that is billed on after its time, where the platform ends the machine's own part of the bill alone. */
    readonly leavesPerHour?: number;
  },
): void {
  const rent = useRental(name, place);

  it('rents a machine that only the key of the job opens, opens its door for a new address alone, and gives everything back', async () => {
    const rental = await rent();
    const at = await rental.up();
    expect(await runThere(rental, at, ['id', '-u'])).toBe('0\n');
    expect(await runThere(rental, at, ['sudo', '-n', 'id', '-un'])).toBeTruthy();

    const byId = await rental.api.machineById(at.machineId, place.region);
    expect(byId).toMatchObject({ job, owner });

    const { entries, remarks } = await rental.cloud.ledger();
    expect(remarks).toEqual([]);
    expect(entries.find((entry) => entry.kind === facts.machine)).toMatchObject({ state: 'active', guestTimer: true });
    const listed = await rental.left();
    expect(new Set(listed.map((one) => one.job))).toEqual(new Set([job]));
    expect(listed.every((one) => one.owner === null || one.owner === owner)).toBe(true);

    const secretLine = rental.hostKey.privateKey.split('\n')[2]!;
    const encoded = Buffer.from(rental.request.userData).toString('base64').slice(40, 120);
    const state = stateText(rental.home);
    expect(state).toContain(job);
    for (const secret of [secretLine, encoded]) expect(state).not.toContain(secret);

    const machines = async () => (await rental.cloud.alive()).filter((entry) => entry.kind === facts.machine);
    const before = await machines();
    await rental.cloud.move('198.51.100.7');
    const moved = { ...rental.request, allowCidrs: ['198.51.100.7/32'] };
    await rental.stack.change(await clouds[name]!.stack(), moved, ruleOfPort22);
    await runThere(rental, at, ['true']);
    await rental.cloud.move('127.0.0.1');
    await expect(runThere(rental, at, ['true'], 1)).rejects.toMatchObject({ code: 'machine-unreachable' });
    expect(await machines()).toEqual(before);

    await rental.stack.destroy();
    expect(await rental.cloud.alive()).toEqual([]);
    expect(await rental.left()).toEqual([]);
    expect(await rental.api.machineById(at.machineId, place.region)).toBeNull();
    expect((await rental.cloud.ledger()).bill).toBeGreaterThan(0);
  });

  it('is ended in time when this computer is gone, and a later teardown finds that so', async () => {
    const rental = await rent();
    const at = await rental.up();
    await runThere(rental, at, ['true']);
    await rental.cloud.advance(70);
    await rental.cloud.until(({ entries }) =>
      entries.some((entry) => entry.kind === facts.machine && entry.state === facts.afterItsTime),
    );
    if (facts.leavesPerHour !== undefined) {
      const { bill } = await rental.cloud.ledger();
      await rental.cloud.advance(600);
      expect((await rental.cloud.ledger()).bill - bill).toBeCloseTo(10 * facts.leavesPerHour, 2);
    }
    await rental.stack.destroy();
    expect(await rental.cloud.alive()).toEqual([]);
  });

  it('is found by `gc` when the local state is lost, and removed by the owner that its list names', async () => {
    const rental = await rent({ machines: 'none' });
    await rental.up();
    fs.rmSync(homeFolder.state(rental.home), { recursive: true });
    const { region } = place;
    const all = async () => (await rental.left()).map(({ id }) => id).sort();
    const [before, living] = [await all(), (await rental.cloud.alive()).length];

    const stranger = await runGc(name, rental, { region });
    expect(stranger.code).toBe(7);
    expect(stranger.found.map(({ id }) => id).sort()).toEqual(before);
    for (const one of stranger.found) {
      expect(one).toMatchObject({ verdict: 'not-ours', job, owner });
      expect(one.fix).toContain(`\`cvicast gc --provider ${name} --owner ${owner}\``);
    }
    const wouldBe = await runGc(name, rental, { region, owner, dryRun: true });
    expect(wouldBe.found.map(({ verdict }) => verdict)).toEqual(before.map(() => 'would-remove'));
    expect(await rental.cloud.alive()).toHaveLength(living);

    const { code, found } = await runGc(name, rental, { region, owner });
    expect({ code, verdicts: found.map(({ verdict, why }) => why ?? verdict) }).toEqual({
      code: 0,
      verdicts: before.map(() => 'removed'),
    });
    expect(await rental.cloud.alive()).toEqual([]);
  });

  it('is looked at before anything is made: credentials, size, region, permission to write', async () => {
    const rental = await rent({ machines: 'none' });
    await rental.api.preflight(place);
    expect(await rental.api.account()).toBe(facts.account);
    await expect(rental.api.preflight({ ...place, size: facts.badSize })).rejects.toMatchObject({ name: 'UserError' });
    const { size } = place;
    await expect(rental.api.preflight({ size, region: facts.badRegion })).rejects.toMatchObject({
      name: 'UserError',
    });
    const readOnly = await rent({ machines: 'none', permissions: 'read' });
    await expect(readOnly.api.preflight(place)).rejects.toMatchObject({ name: 'UserError' });
    expect((await rental.cloud.ledger()).entries).toEqual([]);
  });
}
