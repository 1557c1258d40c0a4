import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { JobFolder } from '../../src/job/folder';
import { cli, expectCode, root } from '../_helpers/cli';
import { useHome } from '../_helpers/home';
import { useScratch } from '../_helpers/scratch';

const model = path.join(root, 'examples/shapes-yolo11n-320.onnx');
const images = path.join(root, 'examples/calibration');
const bad = path.join(root, 'test/_fixtures/bad');
const graphs = path.join(root, 'test/_fixtures/graphs');

jest.setTimeout(120_000);

describe('bad input: two lines, exit 2, nothing created', () => {
  const home = useHome();
  const scratch = useScratch();

  const at = (name: string, content: string | Buffer): string => {
    const file = path.join(scratch(), name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
    return file;
  };
  const unpacked = (folder: string, name: string): string =>
    at(name.replace(/\.gz$/, ''), gunzipSync(fs.readFileSync(path.join(folder, name))));

  /** Runs `convert` and expects a refusal of that code. */
  async function refused(code: string, args: readonly string[], exit = 2): Promise<string> {
    const out = path.join(scratch(), 'out');
    const before = fs.existsSync(out) ? fs.readdirSync(out) : null;
    const result = await cli(['convert', '--out', out, ...args], { env: home().env, cwd: scratch() });
    expectCode(result, exit);
    const lines = result.stderr
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('warning:'));
    expect(lines).toEqual([expect.stringMatching(/^error: /), expect.stringMatching(/^fix: /)]);
    expect(fs.existsSync(out) ? fs.readdirSync(out) : null).toEqual(before);
    expect(fs.existsSync(path.join(home().path, 'jobs'))).toBe(false);
    const json = await cli(['convert', '--json', '--out', out, ...args], { env: home().env, cwd: scratch() });
    expect(JSON.parse(json.stdout)).toMatchObject({
      error: { code, message: expect.any(String), cause: expect.any(String), fix: expect.any(String) },
    });
    return result.stderr;
  }

  test('no such model', () => refused('no-such-model', ['none.onnx', '--images', images]));
  test('an empty model', () => refused('empty-model', [path.join(bad, 'empty.onnx'), '--images', images]));
  test('text by the name of a model', () =>
    refused('not-onnx', [path.join(bad, 'text-renamed.onnx'), '--images', images]));
  test('a picture by the name of a model', () =>
    refused('not-onnx', [path.join(bad, 'jpeg-renamed.onnx'), '--images', images]));
  test('a PyTorch file: told how to export it', async () => {
    expect(await refused('not-onnx', [path.join(bad, 'torchscript-zip-renamed.onnx'), '--images', images])).toContain(
      'yolo export',
    );
  });
  test('a truncated model', () => refused('truncated-model', [unpacked(bad, 'truncated.onnx.gz'), '--images', images]));
  test('half precision', async () => {
    await refused('half-precision', [unpacked(graphs, 'shapes-yolo11n-320-half.onnx.gz'), '--images', images]);
  });
  test('a model that is no YOLO: told what would make it convertible', async () => {
    const not = path.join(bad, 'tiny-not-yolo-64.onnx');
    expect(await refused('not-a-yolo', [not, '--images', images])).toContain('--output-names');
  });
  test('operators that are not ONNX', () =>
    refused('custom-operator', [path.join(bad, 'tiny-custom-domain-op-64.onnx'), '--images', images]));
  test('a dynamic model needs its size', async () => {
    expect(
      await refused('dynamic-input', [unpacked(graphs, 'shapes-yolo11n-dynamic.onnx.gz'), '--images', images]),
    ).toContain('--input-size');
  });
  test('no such folder of pictures', () => refused('no-such-images', [model, '--images', 'none']));
  test('a folder without pictures', () => {
    at('empty/readme.txt', 'nothing');
    return refused('no-images', [model, '--images', 'empty']);
  });
  test.each(['receipt.json', 'shapes-yolo11n-320_cv181x_int8.json', 'logs/install.log', 'logs/deploy.log'])(
    'results are not overwritten: %s',
    (name) => {
      at(`out/${name}`, '{}');
      return refused('output-exists', [model, '--images', images]);
    },
  );
  test('results below a file', () => {
    at('file', 'mine');
    return refused('output-unwritable', [model, '--images', images, '--out', 'file/sub']);
  });
  test('results where nothing can be written', () =>
    refused('output-unwritable', [model, '--images', images, '--out', '/proc/results']));
  test('F16 is refused with the reason', async () => {
    expect(await refused('quantize-unsupported', [model, '--images', images, '--quantize', 'F16'])).toMatch(
      /INT8 and BF16/,
    );
  });
  test('an output that the graph does not have', () =>
    refused('no-such-output', [model, '--images', images, '--output-names', '/model.23/cv2.0/cv2.0.2/Conv_output_1']));
  test('an unknown provider, with a near match', async () => {
    expect(await refused('unknown-provider', [model, '--images', images, '--provider', 'awz'])).toContain('aws');
  });
  test('an unknown target', () => refused('bad-target', [model, '--images', images, '--target', 'esp32']));
  test.each(['0', '-1', '1e9', 'much'])('--max-cost %s', (amount) =>
    refused('bad-max-cost', [model, '--images', images, '--provider', 'aws', `--max-cost=${amount}`]),
  );
  test('an estimate over the bound', () =>
    refused('over-budget', [model, '--images', images, '--provider', 'aws', '--max-cost', '0.0001'], 3));
  test('no credentials', () =>
    refused('no-credentials', [
      model,
      '--images',
      images,
      '--provider',
      'digitalocean',
      '--yes',
      '--allow-cidr',
      '203.0.113.7/32',
    ]));
  test('an unknown option, with a near match', () =>
    refused('usage', [model, '--images', images, '--provder', 'local']));
  test('port 22 for the whole internet', () =>
    refused('bad-cidr', [model, '--images', images, '--provider', 'aws', '--allow-cidr', '0.0.0.0/0']));
});

describe('convert --dry-run', () => {
  const home = useHome();
  const scratch = useScratch();
  const dryRun = (more: readonly string[]) =>
    cli(['convert', model, '--images', images, '--dry-run', '--out', path.join(scratch(), 'out'), ...more], {
      env: home().env,
      cwd: scratch(),
    });

  test.each([
    ['local', [], 'venv'],
    ['digitalocean', ['--provider', 'digitalocean', '--allow-cidr', '203.0.113.7/32'], 'docker'],
  ])('%s: one receipt of what would run, by the usual toolchain; nothing is created', async (provider, more, kind) => {
    const result = await dryRun([...more, '--json']);
    expectCode(result, 0);
    const receipt = JSON.parse(result.stdout) as { commands: string[] };
    expect(receipt).toMatchObject({
      ...{ type: 'receipt', schemaVersion: 1, job: null, result: 'dry-run', provider, model: null, stages: [] },
      ...{ similarity: null, teardown: { checkedAt: null, left: [] }, cost: { actual: 0, currency: 'USD' } },
      plan: { provider, toolchain: kind },
    });
    expect(receipt.commands[0]).toContain(`install_${kind}.sh`);
    expect(
      ['model_transform', 'calibrat', 'model_deploy'].map((step) => receipt.commands.join('\n').includes(step)),
    ).toEqual([...[true, true, true]]);
    expect(fs.readdirSync(scratch())).toEqual([]);
    expect(fs.existsSync(path.join(home().path, 'jobs'))).toBe(false);
  });

  test('for people: the plan is talk, the commands are the result', async () => {
    const result = await dryRun([]);
    expectCode(result, 0);
    expect(result.stderr).toMatch(/^plan {6}/m);
    expect(result.stdout).toMatch(/^.*install_venv\.sh.*\n(.*\n)*.*model_deploy/);
    expect(fs.readdirSync(scratch())).toEqual([]);
  });
});

describe('check', () => {
  const home = useHome();
  const scratch = useScratch();

  test("the sample: verdict and heads in the board's order", async () => {
    const result = await cli(['check', model, '--json'], { env: home().env });
    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({
      verdict: 'converts',
      family: 'yolo11',
      task: 'detect',
      classes: ['circle', 'square', 'triangle', 'star'],
      opset: 17,
      irVersion: 8,
      input: { name: 'images', shape: [1, 3, 320, 320], dynamic: false },
      heads: [8, 16, 32].map((stride) => ({
        ...{ stride, box: expect.any(String), class: expect.any(String), extra: null },
      })),
      changes: [],
      problems: [],
    });
    expect((JSON.parse(result.stdout) as { outputNames: string[] }).outputNames[0]).toBe(
      '/model.23/cv2.0/cv2.0.2/Conv_output_0',
    );
  });

  test('--help has examples and costs no SDK', async () => {
    const result = await cli(['convert', '--help'], { env: home().env });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toContain('--max-cost 0.50');
  });

  test.each([
    ['convert --help', [root + '/bin/cvicast', 'convert', '--help']],
    ['check', [root + '/bin/cvicast', 'check', model]],
    ['plan', [root + '/bin/cvicast', 'plan', model, '--provider', 'digitalocean']],
    ["a job's watchdog", [root + '/dist/src/job/watchdog-main.js']],
  ])('%s loads no SDK, and no SSH', (name, argv) => {
    const list = path.join(scratch(), 'modules');
    const hook = path.join(scratch(), 'hook.js');
    const note = `process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(list)}, Object.keys(require.cache).join('\\n')));`;
    fs.writeFileSync(hook, note);
    // Of a job that nobody holds a watchdog has nothing to do: it ends, and has loaded what it needs to watch.
    const job = 'cv-20261128-112830-7f3a9c';
    const isWatchdog = name.endsWith('watchdog');
    const more = isWatchdog ? [home().path, JobFolder.create(home().path, job).job] : [];
    execFileSync(process.execPath, ['--require', hook, ...argv, ...more], { env: home().env });
    const packages = fs
      .readFileSync(list, 'utf8')
      .split('\n')
      .flatMap((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []);
    expect(packages).toContain(isWatchdog ? 'p-retry' : 'yargs');
    const sdks = /^(@pulumi|@aws-sdk|@smithy|@grpc|google-|@azure|@alicloud|tencentcloud|ssh2|node-ssh)/;
    expect([...new Set(packages.filter((name) => sdks.test(name)))]).toEqual([]);
  });

  test.each([['--mean', '-1,0,2.5'], ['--mean=-1,0,2.5']])(
    'a mean below zero is a number, not a flag: %j',
    async (...mean) => {
      const out = path.join(scratch(), 'out');
      const shown = await cli(['convert', ...mean, model, '--images', images, '--out', out, '--dry-run', '--json'], {
        env: home().env,
      });
      expectCode(shown, 0);
      const { commands } = JSON.parse(shown.stdout) as { commands: string[] };
      expect(commands.join('\n')).toContain('--mean=-1,0,2.5');
    },
  );

  test('explain: what a log means, for people and for programs', async () => {
    const log = path.join(root, 'test/_fixtures/logs/fail_shapes_320-half.log');
    const result = await cli(['explain', log, '--json'], { env: home().env });
    expectCode(result, 0);
    expect(JSON.parse(result.stdout)).toEqual({
      ...{ stage: 'transform', code: 'half-precision' },
      ...{ cause: expect.stringContaining('half-precision'), fix: expect.stringContaining('half=True') },
    });
    const none = await cli(['explain', path.join(scratch(), 'none.log'), '--json'], { env: home().env });
    expectCode(none, 2);
    expect(JSON.parse(none.stdout)).toMatchObject({ error: { code: 'no-such-log' } });
  });
});
