import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { abandonedJobs, collect, type Collected } from '../../src/job/collect';
import { JobFolder } from '../../src/job/folder';
import { ownerId } from '../../src/job/identity';
import { markOf } from '../../src/job/process-mark';
import { loopbackCloud, type Answer, type Asked, type LoopbackCloud } from '../catalogue/loopback-cloud';
import { runGc } from '../_helpers/run-command';
import { useScratch } from '../_helpers/scratch';

const job = 'cv-20261128-112830-7f3a9c';
const other = 'cv-20261128-112831-aaaaaa';
const stranger = '0123456789abcdef';

/** As much of DigitalOcean as a sweep asks. */
interface Account {
  droplets: { id: number; tags: string[]; region: { slug: string }; created_at: string }[];
  firewalls: { id: string; name: string; tags: string[]; created_at: string }[];
  /** What a delete does: as it should, nothing at all although it is accepted, or a refusal. */
  deletes: 'done' | 'accepted' | 'refused';
}

const droplet = (id: number, owner: string, of = job): Account['droplets'][number] => ({
  ...{ id, tags: [`cvicast-job:${of}:${owner}:1795866000`] },
  ...{ region: { slug: 'nyc3' }, created_at: '2026-11-28T11:28:40Z' },
});

function answers(account: Account): (asked: Asked) => Answer | null {
  return ({ method, path: asked }) => {
    if (method === 'DELETE') {
      if (account.deletes === 'refused') return { status: 422, body: { id: 'locked', message: 'droplet is locked' } };
      if (account.deletes === 'done')
        account.droplets = account.droplets.filter(({ id }) => asked !== `/v2/droplets/${id}`);
      return { status: 204 };
    }
    const { droplets, firewalls } = account;
    const lists: Record<string, object> = {
      '/v2/droplets': { droplets },
      '/v2/firewalls': { firewalls },
      '/v2/tags': { tags: [] },
      '/v2/account': { account: { team: { uuid: 'team-b' }, uuid: 'me' } },
      '/v2/account/keys': { ssh_keys: [] },
    };
    const list = lists[asked];
    return list === undefined ? null : { body: list };
  };
}

describe('a sweep of an account', () => {
  const scratch = useScratch();
  let cloud: LoopbackCloud;
  let account: Account;
  beforeEach(async () => {
    account = { droplets: [], firewalls: [], deletes: 'done' };
    cloud = await loopbackCloud(answers(account));
  });
  afterEach(() => cloud.close());

  const home = (): string => path.join(scratch(), 'home');
  const env = (): NodeJS.ProcessEnv => ({
    ...{ HOME: scratch(), DIGITALOCEAN_TOKEN: 'dop_v1_secret', DIGITALOCEAN_API_URL: cloud.url },
    CVICAST_RETRY_SECONDS: '0.001',
  });
  const user = () => ({ home: home(), env: env() });
  const sweep = (owners: readonly string[] = []): Promise<Collected[]> =>
    collect(
      'digitalocean',
      [],
      { ...user(), emit: () => undefined, signal: new AbortController().signal },
      { dryRun: false, owners },
    );
  const deleted = (): string[] =>
    cloud.asked.filter(({ method }) => method === 'DELETE').map(({ path: asked }) => asked);

  it('removes what bears a job and our owner, and lists what bears another with the command that would remove it', async () => {
    account.droplets = [droplet(1, ownerId(home())), droplet(2, stranger, other)];
    const [mine, foreign] = await sweep();
    expect(mine).toMatchObject({ id: '1', verdict: 'removed' });
    expect(foreign).toMatchObject({
      ...{ id: '2', verdict: 'not-ours', owner: stranger },
      why: expect.stringContaining("its job's time was over at 2026-11-28T") as string,
      fix: `if it is yours, \`cvicast gc --provider digitalocean --owner ${stranger}\`; or remove it by hand: https://cloud.digitalocean.com/droplets/2`,
    });
    expect(deleted()).toEqual(['/v2/droplets/1']);
    expect(await sweep([stranger])).toMatchObject([{ id: '2', verdict: 'removed' }]);
    expect(await sweep([stranger])).toEqual([]);
  });

  it('never deletes what bears a job but no owner, and does not call it somebody else’s', async () => {
    account.firewalls = [{ id: 'fw-1', name: job, tags: [], created_at: '2026-11-28T11:28:35Z' }];
    const [found] = await sweep([stranger]);
    expect(found).toMatchObject({
      verdict: 'not-ours',
      owner: null,
      why: expect.stringContaining('no owner') as string,
    });
    expect(found?.fix).toContain('by hand: https://cloud.digitalocean.com/networking/firewalls/fw-1');
    expect(`${found?.why} ${found?.fix}`).not.toMatch(/another|--owner/);
    expect(deleted()).toEqual([]);
  });

  it('leaves a job of ours alone that still has time', async () => {
    account.droplets = [droplet(1, ownerId(home()))];
    const { journal } = JobFolder.create(home(), job);
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const terms = { region: 'nyc3', size: 's-2vcpu-4gb', pricePerHour: 1, currency: 'USD', toolchain: 'venv' };
    journal.write({ type: 'opened', provider: 'digitalocean', ...terms, expiresAt });
    journal.write({ type: 'intent', what: 'create-machine', region: 'nyc3', size: 's-2vcpu-4gb' });
    expect(await runGc('digitalocean', user())).toMatchObject({
      code: 7,
      found: [{ verdict: 'in-use', fix: `\`cvicast down ${job}\` ends it` }],
    });
    journal.write({ type: 'teardown', checkedAt: expiresAt, left: [{ type: 'droplet', id: '1' }] });
    expect(await runGc('digitalocean', user())).toMatchObject({ code: 0, found: [{ verdict: 'removed' }] });
  });

  it('believes another computer that it works on a job, but only while the job has time', async () => {
    account.droplets = [droplet(1, ownerId(home()))];
    const { journal } = JobFolder.create(home(), job);
    const expires = Date.now() + 3_600_000;
    const terms = { region: 'nyc3', size: 's-2vcpu-4gb', pricePerHour: 1, currency: 'USD', toolchain: 'venv' };
    const process = { pid: 4711, started: 'x', host: 'far-away', numbers: 'another start' };
    const opened = { type: 'opened', provider: 'digitalocean', ...terms } as const;
    journal.write({ type: 'holder', process });
    journal.write({ ...opened, expiresAt: new Date(expires).toISOString() });
    journal.write({ type: 'intent', what: 'create-machine', region: 'nyc3', size: 's-2vcpu-4gb' });
    expect(abandonedJobs(home(), expires - 1)).toEqual([]);
    expect(abandonedJobs(home(), expires + 1).map((folder) => folder.job)).toEqual([job]);
    expect(await sweep()).toMatchObject([{ verdict: 'in-use' }]);
    journal.write({ ...opened, expiresAt: new Date(Date.now() - 1).toISOString() });
    expect(await sweep()).toMatchObject([{ verdict: 'removed' }]);
  });

  /** A job of ours whose time is over, asked for in this account. */
  function expired(madeIn: string): JobFolder {
    const folder = JobFolder.create(home(), job);
    const terms = { region: 'nyc3', size: 's-2vcpu-4gb', pricePerHour: 1, currency: 'USD', toolchain: 'venv' };
    const expiresAt = new Date(Date.now() - 1).toISOString();
    folder.journal.write({ type: 'opened', provider: 'digitalocean', ...terms, expiresAt });
    const where = { region: 'nyc3', size: 's-2vcpu-4gb', account: madeIn };
    folder.journal.write({ type: 'intent', what: 'create-machine', ...where });
    account.droplets = [droplet(1, ownerId(home()))];
    return folder;
  }

  it('touches nothing of a job that was made in another account than these credentials open', async () => {
    expired('team-a');
    expect(await sweep()).toMatchObject([
      {
        verdict: 'failed',
        why: 'it was made in account team-a, and these credentials are of account team-b',
        fix: `run \`cvicast down ${job}\` with the credentials of account team-a`,
      },
    ]);
    expect(deleted()).toEqual([]);
  });

  it('touches nothing of a job that another process is tearing down and keeps', async () => {
    const folder = expired('team-b');
    const holder = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
    fs.writeFileSync(folder.file('teardown.lock'), JSON.stringify(markOf(holder.pid)));
    holder.kill('SIGSTOP');
    try {
      expect(await sweep()).toMatchObject([
        { verdict: 'failed', fix: expect.stringContaining(`kill -9 ${holder.pid}`) as string },
      ]);
    } finally {
      holder.kill('SIGKILL');
    }
    expect(deleted()).toEqual([]);
  });

  it.each([
    ['accepted', 'the provider still lists it'],
    ['refused', 'droplet is locked'],
  ] as const)('believes no delete: what is listed after one that was %s has failed', async (deletes, why) => {
    account.droplets = [droplet(1, ownerId(home()))];
    account.deletes = deletes;
    const { code, found } = await runGc('digitalocean', user());
    expect(code).toBe(7);
    expect(found).toMatchObject([{ verdict: 'failed', why: expect.stringContaining(why) as string }]);
    expect(found[0]?.fix).toContain('`cvicast gc --provider digitalocean` tries again');
    expect(deleted().length).toBeGreaterThan(1);
  });

  it('says with its exit code whether something lives, whosever it is', async () => {
    expect(await runGc('digitalocean', user())).toEqual({ code: 0, found: [] });
    account.droplets = [droplet(2, stranger)];
    expect((await runGc('digitalocean', user())).code).toBe(7);
    const dry = await runGc('digitalocean', user(), { owner: stranger, dryRun: true });
    expect(dry).toMatchObject({ code: 7, found: [{ verdict: 'would-remove' }] });
    expect(deleted()).toEqual([]);
  });

  it('refuses an owner that is none before it asks anything', async () => {
    for (const owner of ['', '*', 'ABCDEF0123456789', `${stranger}0`])
      await expect(sweep([owner])).rejects.toMatchObject({ code: 'bad-owner', exit: 'input' });
    expect(cloud.asked).toEqual([]);
    expect(fs.existsSync(path.join(home(), 'jobs'))).toBe(false);
  });
});
