import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { cvicastHome, homeFolder } from '../../src/paths';
import {
  commandsScript,
  conversionFailed,
  conversionOptions,
  cvimodelFile,
  explainLog,
  installedVersions,
  installSucceeded,
  jobFile,
  networkSettings,
  pipelineSteps,
  progressReader,
  readCalibration,
  readLog,
  readVerification,
  remotePayload,
  toolchainKey,
  toolchainVersion,
  venvInstall,
  type ConversionFacts,
  type ConversionOptions,
  type Install,
  type PipelineStep,
  type RawConversionOptions,
  type Toolchain,
} from '../../src/tpumlir';

// The generated command lines against the real toolchain, in a folder laid out as on a machine; no SSH.
// A loaded machine takes ten times as long as a quiet one.
jest.setTimeout(1_800_000);

const examples = path.join(__dirname, '../../examples');
const version = toolchainVersion();
const toolchainFolder =
  process.env['CVICAST_TEST_TOOLCHAIN'] ?? path.join(homeFolder.toolchains(cvicastHome()), toolchainKey(version));
const heads = ['cv2.0', 'cv3.0', 'cv2.1', 'cv3.1', 'cv2.2', 'cv3.2'].map((h) => `/model.23/${h}/${h}.2/Conv_output_0`);
const facts: ConversionFacts = {
  modelPath: 'shapes-yolo11n-320.onnx',
  inputShape: [1, 3, 320, 320],
  task: 'detect',
  family: 'yolo11',
  outputNames: heads,
};
const pictures = 10;
const folders: string[] = [];

interface Ran {
  readonly status: number | null;
  readonly output: string;
}

function run(argv: readonly string[], cwd: string, onOutput?: (text: string) => void): Promise<Ran> {
  const [program = '', ...rest] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        onOutput?.(text);
      });
    }
    child.on('error', reject).on('close', (status) => resolve({ status, output }));
  });
}

/** A job's folder as it is on a machine: model, pictures, and our own programs. */
function jobFolder(install?: Install): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cvicast-pipeline-'));
  folders.push(folder);
  for (const file of [...remotePayload(), ...(install?.files ?? [])]) {
    const to = path.join(folder, file.to);
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.writeFileSync(to, 'path' in file.from ? fs.readFileSync(file.from.path) : file.from.bytes, { mode: file.mode });
  }
  fs.copyFileSync(path.join(examples, 'shapes-yolo11n-320.onnx'), path.join(folder, jobFile.model));
  fs.copyFileSync(path.join(examples, 'test.jpg'), path.join(folder, jobFile.testImage));
  fs.mkdirSync(path.join(folder, jobFile.images));
  const names = fs.readdirSync(path.join(examples, 'calibration')).sort().slice(0, pictures);
  names.forEach((name, index) => {
    const plain = `${String(index + 1).padStart(4, '0')}.jpg`;
    fs.copyFileSync(path.join(examples, 'calibration', name), path.join(folder, jobFile.images, plain));
  });
  return folder;
}

let toolchain: Toolchain;
let job: string;

function options(raw: RawConversionOptions): ConversionOptions {
  return conversionOptions({ calibrationCount: pictures, ...raw }, facts, 'recamera').options;
}

async function runSteps(steps: readonly PipelineStep[], cwd: string): Promise<Map<string, string>> {
  const outputs = new Map<string, string>();
  for (const step of steps) {
    const ran = await run(toolchain.wrap(step.argv, { cwd, ...(step.env && { env: step.env }) }), cwd);
    if (ran.status !== 0) throw conversionFailed(step.stage, ran.output, ran.status);
    outputs.set(step.unit, ran.output);
    for (const name of step.brings) expect(fs.statSync(path.join(cwd, name)).size).toBeGreaterThan(0);
  }
  return outputs;
}

beforeAll(async () => {
  const install = venvInstall(version, {
    folder: toolchainFolder,
    pythonSearch: (process.env['PATH'] ?? '').split(':'),
    network: networkSettings(process.env),
  });
  job = jobFolder(install);
  const ran = await run(install.argv, job);
  if (!installSucceeded(ran.output, ran.status)) throw new Error(`install failed:\n${ran.output}`);
  expect(installedVersions(ran.output)).toMatchObject({ tpu_mlir: '1.7', onnx: '1.14.1', numpy: '1.24.3' });
  toolchain = install.toolchain(ran.output);
});

afterAll(() => {
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
  expect(fs.readdirSync(path.dirname(toolchainFolder)).filter((name) => name.includes('.part-'))).toEqual([]);
});

test('the sample becomes a cv181x model, and both calibrations make the same table', async () => {
  // With one picture, as stock is slow: that the tables are the same with ten is among the calibrator's own tests.
  const wanted = options({ calibrator: 'both', calibrationCount: 1 });
  const outputs = await runSteps(pipelineSteps(wanted, { convertVersion: false }), job);

  expect([...outputs.keys()]).toEqual([
    'transform',
    'calibrate',
    'calibrate-stock',
    'compare-tables',
    'deploy',
    'verify',
  ]);
  const [float] = readLog('transform', outputs.get('transform')!).comparisons;
  expect(float).toMatchObject({ compared: 230, passed: 230 });
  const [quantised, built] = readLog('deploy', outputs.get('deploy')!).comparisons;
  expect(quantised).toMatchObject({ compared: 6, passed: 6 });
  expect(quantised!.min!.cosine).toBeGreaterThan(0.98);
  expect(built!.passed).toBe(built!.compared);
  const verified = readVerification(outputs.get('verify')!);
  expect(verified).toMatchObject({ chip: 'cv181x', unmatched: [] });
  expect(verified.outputs).toHaveLength(6);
  expect(verified.minCosine).toBeGreaterThan(0.98);
  expect(verified.ionBytes).toBeGreaterThan(4_000_000);
  expect(verified.ionBytes).toBeLessThan(5_000_000);
  expect(readCalibration('both', outputs.get('calibrate')!).note).toMatch(/^fast/);
  for (const [unit, stage] of [
    ['transform', 'transform'],
    ['calibrate', 'calibrate'],
    ['calibrate-stock', 'calibrate'],
    ['deploy', 'deploy'],
  ] as const) {
    const reader = progressReader(stage);
    const seen = outputs
      .get(unit)!
      .match(/[\s\S]{1,999}/g)!
      .map((chunk) => reader(chunk)?.fraction ?? null);
    expect(seen.filter((fraction) => fraction !== null).at(-1)).toBe(1);
  }
  for (const text of outputs.values()) expect(explainLog(text)).toBeNull();
});

test('a tolerance that cannot be reached ends in the words of the catalogue', async () => {
  const steps = pipelineSteps(options({ tolerance: '1,1' }), { convertVersion: false });
  await expect(
    runSteps(
      steps.filter(({ unit }) => unit === 'deploy'),
      job,
    ),
  ).rejects.toMatchObject({
    code: 'quantised-model-differs',
    exit: 'conversion',
  });
});

/** The sample model in opset 20. */
function laterModel(): Buffer {
  const packed = path.join(__dirname, '../_fixtures/graphs/shapes-yolo11n-320-opset20.onnx.gz');
  return gunzipSync(fs.readFileSync(packed));
}

test('a later opset, BF16 without fused preprocess, negative mean, stretched pictures, BGR: the tools take it all as meant', async () => {
  const wanted = options({
    ...{ quantize: 'bf16', fusePreprocess: false, quantInput: false, keepAspectRatio: false, pixelFormat: 'bgr' },
    ...{ mean: '-1,0,2.5', name: 'A_1', tolerance: '0.9,0.6' },
  });
  const folder = jobFolder();
  fs.writeFileSync(path.join(folder, jobFile.model), laterModel());
  const outputs = await runSteps(pipelineSteps(wanted, { convertVersion: true }), folder);

  expect([...outputs.keys()]).toEqual(['convert-version', 'transform', 'deploy', 'verify']);
  expect(outputs.get('convert-version')).toContain('"to": {"opset": 18, "irVersion": 8}');
  const transform = outputs.get('transform')!;
  expect(readLog('transform', transform).comparisons).toEqual([
    expect.objectContaining({ compared: 230, passed: 230 }),
  ]);
  expect(transform).toContain('mean                  : [-1.0, 0.0, 2.5]');
  expect(transform).toMatch(/keep_aspect_ratio {5}: False[\s\S]*pixel_format {10}: bgr/);
  expect(fs.existsSync(path.join(folder, cvimodelFile(wanted)))).toBe(true);
  expect(readVerification(outputs.get('verify')!).minCosine).toBeGreaterThan(0.99);
});

test('commands.sh, as it is, makes a model by hand, of a later opset too', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cvicast-by-hand-'));
  folders.push(folder);
  const source = path.join(examples, 'calibration', 'calib_0000.jpg');
  const model = path.join(folder, 'opset 20.onnx');
  fs.writeFileSync(model, laterModel());
  const wanted = options({ calibrationCount: 1 });
  const text = commandsScript(wanted, {
    ...{ version, convertVersion: true, pictures: [{ source, plainName: '0001.jpg' }] },
    ...{ testImage: path.join(examples, 'test.jpg'), model },
  });
  fs.writeFileSync(path.join(folder, 'commands.sh'), text);
  // The install itself is tested with install_venv.sh: here uv finds it done.
  const uv = `#!/bin/sh\n[ "$1" != venv ] || ln -s '${toolchainFolder}' toolchain\n`;
  fs.mkdirSync(path.join(folder, 'bin'));
  fs.writeFileSync(path.join(folder, 'bin/uv'), uv, { mode: 0o755 });
  const ran = await run(['env', `PATH=${folder}/bin:/usr/local/bin:/usr/bin:/bin`, 'sh', 'commands.sh'], folder);

  expect([ran.status, ran.output]).toEqual([0, expect.stringMatching(/^For cv181x chip/m)]);
  for (const name of [cvimodelFile(wanted), 'outputs.npz'])
    expect(fs.statSync(path.join(folder, name)).size).toBeGreaterThan(0);
});

test('the rules of the version conversion hold with the onnx of the toolchain', async () => {
  const argv = ['python3', '-B', path.join(__dirname, '../tpumlir/test_convert_version.py')];
  const ran = await run(toolchain.wrap(argv, { cwd: job, env: { PYTHONPATH: 'remote' } }), job);
  expect([ran.status, ran.output]).toEqual([0, expect.stringMatching(/Ran 3 tests[\s\S]*\nOK\n$/)]);
});
