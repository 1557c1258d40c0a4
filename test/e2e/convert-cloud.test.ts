import * as fs from 'node:fs';
import * as path from 'node:path';
import { clouds } from '../../src/cloud';
import { expectBill } from '../_helpers/bill';
import { cli, expectCode, root, testToolchain, type CliResult } from '../_helpers/cli';
import { startCloud, whyNoMachines, type CloudStandIn, type LedgerView } from '../_helpers/cloud';
import { lendFakeToolchain } from '../_helpers/fake-tools';
import { useHome } from '../_helpers/home';
import { useScratch } from '../_helpers/scratch';

const model = path.join(root, 'examples/shapes-yolo11n-320.onnx');
const images = path.join(root, 'examples/calibration');
const rented = Object.keys(clouds).filter((name) => name !== 'local');
const why = whyNoMachines();
if (why !== null) process.stderr.write(`conversions on stand-in clouds are skipped: ${why}\n`);

jest.setTimeout(15 * 60_000);

/** Minutes; none of the usual ones, so that a timer that does not come from here shows. */
const timeout = 40;

interface Receipt {
  readonly job: string;
  readonly result: string;
  readonly cost: { readonly actual: number; readonly estimate: number };
  readonly teardown: { readonly left: readonly unknown[]; readonly checkedAt: string | null };
}

(why === null ? describe : describe.skip)('convert on a rented machine', () => {
  const home = useHome();
  const scratch = useScratch();
  let cloud: CloudStandIn | null = null;
  afterEach(async () => {
    await cloud?.stop();
    cloud = null;
  });

  function env(): NodeJS.ProcessEnv {
    return { ...home().env, ...cloud?.env, HOME: scratch(), CVICAST_RETRY_SECONDS: '0.05' };
  }

  function convertOn(name: string, out: string, more: readonly string[] = []): Promise<CliResult> {
    const place = [
      '--provider',
      name,
      '--toolchain',
      'venv',
      '--allow-cidr',
      '127.0.0.1/32',
      '--max-cost',
      '1',
      '--timeout',
      String(timeout),
      '--yes',
    ];
    return cli(['convert', model, '--images', images, '--calibration-count', '2', '--out', out, ...place, ...more], {
      env: env(),
    });
  }

  /** What ends the machine when nobody does, of the platform and of the guest, was armed for the time that was asked for. */
  function expectTimers(name: string, { armed }: LedgerView): void {
    const kinds = clouds[name]!.endedBy.map(({ kind }) => kind);
    const timers = kinds.filter((kind) => kind === 'platform' || kind === 'guest');
    const inTime = armed.filter((minutes) => Math.abs(minutes - timeout) < 1.5);
    expect(inTime).toHaveLength(timers.length);
    // The guest has another one, some minutes later.
    expect(Math.max(...armed)).toBeLessThan(timeout + 10);
  }

  test.each(rented)(
    '%s: delivered, nothing left in its ledger, and the receipt bills what the ledger bills',
    async (name) => {
      // The machine's image has the toolchain already, so that not every cloud installs 1.2 GB. The seventh cloud, which shows
      // what adding one takes, has the fast one.
      const { toolchains } =
        name === 'hetzner' ? lendFakeToolchain(scratch()) : { toolchains: path.dirname(testToolchain()) };
      cloud = await startCloud(name, { toolchains });
      const out = path.join(scratch(), 'out');
      const result = await convertOn(name, out);
      const ledger: LedgerView = await cloud.ledger();
      expectCode(result, 0, await cloud.logs());
      expect(result.stderr).toMatch(/ended by/);
      const receipt = JSON.parse(fs.readFileSync(path.join(out, 'receipt.json'), 'utf8')) as Receipt;
      expect(receipt).toMatchObject({ result: 'delivered', teardown: { left: [], checkedAt: expect.any(String) } });
      expect(ledger.entries.filter((entry) => entry.state !== 'deleted')).toEqual([]);
      expect(ledger.remarks).toEqual([]);
      const journal = fs.readFileSync(path.join(home().path, 'jobs', receipt.job, 'journal.jsonl'), 'utf8');
      expect(journal).toMatch(/"type":"intent".*"account":"[^"]+"/);
      expectBill(receipt.cost.actual, name, ledger);
      expectTimers(name, ledger);
      const swept = await cli(['gc', '--provider', name, '--json'], { env: env() });
      expect({ code: swept.code, found: swept.stdout }).toEqual({ code: 0, found: '[]\n' });
    },
  );

  test('bad credentials: refused by the cloud before anything is created', async () => {
    cloud = await startCloud('digitalocean');
    const result = await cli(
      [
        'convert',
        model,
        '--images',
        images,
        '--out',
        path.join(scratch(), 'out'),
        '--provider',
        'digitalocean',
        '--allow-cidr',
        '127.0.0.1/32',
        '--yes',
      ],
      { env: { ...env(), DIGITALOCEAN_TOKEN: 'dop_v1_wrong', DIGITALOCEAN_ACCESS_TOKEN: 'dop_v1_wrong' } },
    );
    expect(result.code).toBe(4);
    expect(result.stderr).not.toContain('dop_v1_wrong');
    expect((await cloud.ledger()).entries).toEqual([]);
    expect(fs.existsSync(path.join(home().path, 'jobs'))).toBe(false);
  });
});
