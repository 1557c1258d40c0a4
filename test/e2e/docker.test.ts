import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import {
  listLocalMachines,
  removeLocalMachine,
  startLocalMachine,
  stateOfLocalMachine,
} from '../../src/local/machines';
import { networkSettings } from '../../src/tpumlir';
import { cli, expectCode, root, type CliResult } from '../_helpers/cli';
import { startCloud, whyNoMachines, type CloudStandIn } from '../_helpers/cloud';
import {
  addToolchain,
  docker,
  imageEnvironment,
  importImage,
  importShell,
  makeImageTree,
  vendorImage,
  whyNoDocker,
} from '../_helpers/docker-image';
import { lendFakeToolchain } from '../_helpers/fake-tools';
import { useHome } from '../_helpers/home';
import { serveImage, serveRateLimit, type Registry } from '../_helpers/image-registry';
import { jobsFolders } from '../_helpers/left-behind';
import { makeRequest, ssh } from '../_helpers/machine-request';
import { useScratch } from '../_helpers/scratch';
import { startSshd } from '../_helpers/sshd';

const model = path.join(root, 'examples/shapes-yolo11n-320.onnx');
const images = path.join(root, 'examples/calibration');
const why = whyNoDocker() ?? whyNoMachines();
if (why !== null) process.stderr.write(`nothing with Docker is tested: ${why}\n`);

// One file: the tests share a daemon, and count its containers and images.
jest.setTimeout(40 * 60_000);

interface Receipt {
  readonly job: string;
  readonly result: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly calibration: { readonly calibrator: string } | null;
  readonly teardown: { readonly left: readonly unknown[] };
}

const delivered = { result: 'delivered', teardown: { left: [] } };

(why === null ? describe : describe.skip)('the docker toolchain, with a real daemon', () => {
  const home = useHome();
  const scratch = useScratch();
  let shared = '';
  let tree = '';
  let registry: Registry | null = null;
  let cloud: CloudStandIn | null = null;

  beforeAll(() => {
    shared = fs.mkdtempSync(path.join(os.tmpdir(), 'cvicast-image-'));
    tree = makeImageTree(shared);
  });
  afterAll(() => fs.rmSync(shared, { recursive: true, force: true }));
  afterEach(async () => {
    await cloud?.stop();
    await registry?.stop();
    cloud = registry = null;
  });

  function convert(place: readonly string[], env: NodeJS.ProcessEnv): Promise<CliResult> {
    const what = [model, '--images', images, '--calibration-count', '2', '--out', path.join(scratch(), 'out')];
    return cli(['convert', ...what, ...place], { env });
  }
  function receipt(): Receipt {
    return JSON.parse(fs.readFileSync(path.join(scratch(), 'out/receipt.json'), 'utf8')) as Receipt;
  }
  function installLog(): string {
    const file = path.join(scratch(), 'out/logs/install.log');
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  }
  /** By the journal's order, both stages were under way before either was over. */
  function expectBesideEachOther(...names: readonly [string, string]): void {
    const journal = fs.readFileSync(path.join(home().path, 'jobs', receipt().job, 'journal.jsonl'), 'utf8');
    const phases = journal
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { stage?: string; phase?: string })
      .filter(({ stage }) => stage !== undefined && names.includes(stage))
      .map(({ phase }) => phase);
    expect(phases.slice(0, 2)).toEqual(['begun', 'begun']);
    expect(phases).toHaveLength(4);
  }
  function onCloud(stand: CloudStandIn, mirror: string): Promise<CliResult> {
    const place = [
      '--toolchain',
      'docker',
      '--provider',
      'digitalocean',
      '--allow-cidr',
      '127.0.0.1/32',
      '--max-cost',
      '1',
      '--yes',
    ];
    return convert([...place, '--image-mirror', mirror], {
      ...home().env,
      ...stand.env,
      HOME: scratch(),
      CVICAST_RETRY_SECONDS: '0.05',
    });
  }

  test('a rented machine starts its own daemon, pulls through a mirror, installs in a container, delivers', async () => {
    registry = await serveImage(tree, imageEnvironment());
    cloud = await startCloud('digitalocean');
    const result = await onCloud(cloud, registry.address);
    expectCode(result, 0, `${installLog()}\n${await cloud.logs()}`);
    // A fall back to the stock calibrator makes the same table, only later: the receipt alone shows it.
    expect(receipt()).toMatchObject({ ...delivered, calibration: { calibrator: 'fast' } });
    expect(receipt().versions).toMatchObject({ tpu_mlir: expect.stringMatching(/^1\.7/) });
    expect(registry.asked.some((asked) => asked.includes('/sophgo/tpuc_dev/blobs/'))).toBe(true);
    expectBesideEachOther('send', 'bootstrap');
    expect((await cloud.ledger()).entries.filter((entry) => entry.state !== 'deleted')).toEqual([]);
  });

  test('a registry that counts pulls: said so, with what to do instead; torn down, nothing delivered', async () => {
    registry = await serveRateLimit();
    cloud = await startCloud('digitalocean');
    const result = await onCloud(cloud, registry.address);
    expectCode(result, 4, `${installLog()}\n${await cloud.logs()}`);
    expect(result.stderr).toMatch(/429/);
    expect(result.stderr).toMatch(/--image-mirror .*--toolchain venv/);
    expect(receipt()).toMatchObject({ teardown: { left: [] } });
    expect(fs.readdirSync(path.join(scratch(), 'out')).filter((name) => name.endsWith('.cvimodel'))).toEqual([]);
    expect((await cloud.ledger()).entries.filter((entry) => entry.state !== 'deleted')).toEqual([]);
  });

  test("the user's own machine: delivers, and leaves no container, no folder, and no image that it pulled", async () => {
    // That the tools come into such an image and run there, the rented machine shows.
    const ready = path.join(scratch(), 'ready.tar');
    fs.copyFileSync(tree, ready);
    addToolchain(ready, lendFakeToolchain(scratch()).toolchains);
    registry = await serveImage(ready, imageEnvironment());
    const settings = { PATH: process.env['PATH'] ?? '', DOCKER_HOST: process.env['DOCKER_HOST'] ?? '' };
    const sshd = await startSshd({ env: { ...settings, ...networkSettings(process.env) } });
    try {
      const { user, address, port, privateKey, hostKeys } = sshd.target;
      const identity = path.join(scratch(), 'id');
      fs.writeFileSync(identity, privateKey ?? '', { mode: 0o600 });
      const host = [
        '--toolchain',
        'docker',
        '--host',
        `${user}@${address}:${port}`,
        '--identity',
        identity,
        '--host-key',
        hostKeys[0] ?? '',
      ];
      const result = await convert([...host, '--image-mirror', registry.address], home().env);
      expectCode(result, 0, installLog());
      expect(receipt()).toMatchObject(delivered);
      expect(jobsFolders(receipt().job)).toEqual([]);
      expect(docker('ps', '--all', '--quiet')).toBe('');
      expect(docker('images', '--quiet')).toBe('');
    } finally {
      await sshd.stop();
    }
  });

  test('a machine of this computer in a container: delivers with the toolchain of its volume, and is removed', async () => {
    importImage(tree);
    // That the tools run in such an image, the rented machine shows.
    const { toolchains } = lendFakeToolchain(scratch());
    docker(
      ...['volume', 'create', '--opt', 'type=none', '--opt', 'o=bind'],
      ...['--opt', `device=${toolchains}`, 'cvicast-toolchains'],
    );
    try {
      const env = { ...home().env, CVICAST_LOCAL_MACHINE: 'docker', CVICAST_LOCAL_IMAGE: vendorImage };
      const result = await convert(['--provider', 'local', '--toolchain', 'venv'], env);
      expectCode(result, 0, installLog());
      expect(receipt()).toMatchObject(delivered);
      expect(docker('ps', '--all', '--quiet')).toBe('');
      expect(docker('images', '--quiet', vendorImage)).not.toBe('');
    } finally {
      docker('volume', 'rm', '--force', 'cvicast-toolchains');
      docker('rmi', '--force', vendorImage);
    }
  });
});

(why === null ? describe : describe.skip)('a machine in a container', () => {
  const home = useHome();
  const image = 'cvicast-test-image';

  beforeEach(() => {
    importShell(home().path, image);
    Object.assign(home().env, { CVICAST_LOCAL_MACHINE: 'docker', CVICAST_LOCAL_IMAGE: image });
  });
  afterEach(() => {
    docker('image', 'rm', '--force', image);
    docker('volume', 'rm', '--force', 'cvicast-toolchains');
  });

  test('lives, is known by its labels, and is gone with its network and its files when it is removed', async () => {
    const keys = makeRequest(path.dirname(home().path));
    const { job } = keys.request;
    const machine = await startLocalMachine(home().path, home().env, { ...keys.request, hostKey: keys.hostPrivateKey });
    expect(machine).toMatchObject({ mode: 'docker', user: 'root' });
    expect(ssh(keys, machine, 'echo $CVICAST_MACHINE').trim()).toBe(job);
    expect(docker('ps', '--quiet', '--filter', `label=cvicast-job=${job}`)).not.toBe('');
    expect(await stateOfLocalMachine(home().path, job, home().env)).toBe('alive');

    docker('kill', `cvicast-${job}`);
    expect(await stateOfLocalMachine(home().path, job, home().env)).toBe('remains');
    await removeLocalMachine(home().path, job, home().env);
    expect(docker('ps', '--all', '--quiet', '--filter', `label=cvicast-job=${job}`)).toBe('');
    expect(await stateOfLocalMachine(home().path, job, home().env)).toBe('gone');
    expect(listLocalMachines(home().path)).toEqual([]);
    await removeLocalMachine(home().path, job, home().env);
  });
});
