import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import {
  commandsScript,
  conversionOptions,
  pipelineSteps,
  remotePayload,
  toolchainVersion,
  type ConversionFacts,
  type PipelineStep,
  type RawConversionOptions,
} from '../../src/tpumlir';

const facts: ConversionFacts = {
  modelPath: 'shapes.onnx',
  inputShape: [1, 3, 320, 256],
  task: 'detect',
  family: 'yolo11',
  outputNames: ['/a/Conv', '$(touch x)'],
};

function steps(raw: RawConversionOptions = {}, convertVersion = false): readonly PipelineStep[] {
  return pipelineSteps(conversionOptions(raw, facts, 'recamera').options, { convertVersion });
}

test('the usual pipeline, word by word', () => {
  const [transform, calibrate, deploy, verify] = steps();
  expect(transform!.argv).toEqual([
    'model_transform.py',
    '--model_name=shapes',
    '--model_def=model.onnx',
    '--input_shapes=[[1,3,320,256]]',
    '--mean=0,0,0',
    '--scale=0.0039216,0.0039216,0.0039216',
    '--keep_aspect_ratio',
    '--pixel_format=rgb',
    '--output_names=/a/Conv,$(touch x)',
    '--test_input=test.jpg',
    '--test_result=model_top_outputs.npz',
    '--mlir=model.mlir',
  ]);
  expect(calibrate).toEqual({
    stage: 'calibrate',
    unit: 'calibrate',
    argv: [
      ...['python3', '-m', 'cvicast_remote.calibrate', 'model.mlir'],
      ...['--dataset', 'images', '--input_num', '100', '-o', 'model_cali_table'],
    ],
    env: { PYTHONPATH: 'remote' },
    brings: ['model_cali_table'],
    skipWhen: ['model_cali_table'],
  });
  expect(deploy).toEqual({
    stage: 'deploy',
    unit: 'deploy',
    argv: [
      'model_deploy.py',
      '--mlir=model.mlir',
      '--quantize=INT8',
      '--quant_input',
      '--processor=cv181x',
      '--calibration_table=model_cali_table',
      '--fuse_preprocess',
      '--customization_format=RGB_PACKED',
      '--aligned_input',
      '--test_input=test.jpg',
      '--test_reference=model_top_outputs.npz',
      '--tolerance=0.8,0.5',
      '--model=model_cv181x_int8.cvimodel',
    ],
    brings: ['model_cv181x_int8.cvimodel'],
  });
  expect(verify!.argv).toContain('shapes_in_ori.npz');
});

test('what is off is left out: no flag of the tools says no', () => {
  const argv = steps({ keepAspectRatio: false, quantInput: false, fusePreprocess: false }).flatMap((step) => step.argv);
  for (const flag of ['--keep_aspect_ratio', '--quant_input', '--quant_output', '--fuse_preprocess']) {
    expect(argv).not.toContain(flag);
  }
  expect(argv.filter((word) => /^--(no|customization|aligned)/.test(word))).toEqual([]);
  expect(argv).toContain('shapes_in_f32.npz');
});

test('a negative mean stays a value', () => {
  expect(steps({ mean: '-1,-2,-3' })[0]!.argv).toContain('--mean=-1,-2,-3');
});

test('BF16 needs no calibration', () => {
  const bf16 = steps({ quantize: 'bf16' });
  expect(bf16.map(({ unit }) => unit)).toEqual(['transform', 'deploy', 'verify']);
  expect(bf16[1]!.argv).toContain('--model=model_cv181x_bf16.cvimodel');
  expect(bf16[1]!.argv.join(' ')).not.toContain('calibration_table');
});

test('version conversion comes first, and its result is what is transformed', () => {
  const [convert, transform] = steps({}, true);
  expect(convert!.argv.slice(-2)).toEqual(['model.onnx', 'model_converted.onnx']);
  expect(transform!.argv).toContain('--model_def=model_converted.onnx');
});

test('unit names are unique and plain; both calibrators are compared and never skipped', () => {
  const both = steps({ calibrator: 'both' }, true);
  const units = both.map(({ unit }) => unit);
  expect(new Set(units).size).toBe(units.length);
  for (const unit of units) expect(unit).toMatch(/^[a-z0-9-]+$/);
  expect(units).toContain('compare-tables');
  expect(both.filter(({ skipWhen }) => skipWhen !== undefined)).toEqual([]);
  expect(steps({ calibrator: 'stock' })[1]!.argv[0]).toBe('run_calibration.py');
});

test('the payload holds our programs under plain names, and nothing else', () => {
  const payload = remotePayload();
  const names = payload.map(({ to }) => to);
  const some = ['install_venv.sh', 'install_docker.sh', 'cvicast_remote/verify.py', 'cvicast_remote/calibrate.py'];
  expect(names).toEqual(expect.arrayContaining(some.map((name) => `remote/${name}`)));
  const programs = payload.filter(({ to }) => to.startsWith('remote/bin/'));
  expect(programs.map(({ to, mode }) => [path.basename(to), mode])).toEqual([
    ['npz_tool.py', 0o700],
    ['tpuc-opt', 0o700],
  ]);
  for (const name of names) expect(name).toMatch(/^remote\/([A-Za-z0-9_/]+\.(py|sh)|bin\/tpuc-opt)$/);
});

test('commands.sh repeats the pipeline, whatever the names of the pictures', () => {
  const hostile = ["it's $(touch owned) `touch owned`.jpg", '-n "x"\n touch owned.jpg', '\u65e5\u672c 1.jpg'];
  const { options } = conversionOptions({}, facts, 'recamera');
  const text = commandsScript(options, {
    version: toolchainVersion(),
    convertVersion: true,
    pictures: hostile.map((source, index) => ({ source, plainName: `000${index + 1}.jpg` })),
    testImage: '/pictures/test 1.jpg',
    model: '/models/a.onnx',
  });
  // bash parses it; in place of each command a function shows the words that the command would get.
  const commands = [
    'cp',
    'cat',
    'python3',
    'uv',
    'mkdir',
    'model_transform.py',
    'run_calibration.py',
    'model_deploy.py',
    'model_tool',
  ];
  const show = [...commands, 'model_runner.py']
    .map((name) => `${name}() { printf '<%s>' ${name} "$@"; echo; }`)
    .join('\n');
  const body = text.replaceAll(/^printf .*$/gm, ':').replace('getconf GNU_LIBC_VERSION', 'echo glibc 2.35');
  const ran = spawnSync('bash', ['-c', `${show}\n${body}`], { encoding: 'utf8', cwd: '/' });

  expect(ran.stderr).toBe('');
  expect(ran.status).toBe(0);
  for (const [index, source] of hostile.entries()) {
    expect(ran.stdout).toContain(`<cp><--><${source}><images/000${index + 1}.jpg>`);
  }
  expect(ran.stdout).toContain('<cp><--></pictures/test 1.jpg><test.jpg>');
  expect(ran.stdout).toContain('<--output_names=/a/Conv,$(touch x)>');
  expect(ran.stdout).toContain('<run_calibration.py><model.mlir><--dataset><images>');
  expect(ran.stdout).toContain('<--override><overrides.txt><tpu_mlir==1.7>');
  expect(ran.stdout).toContain('<python3><convert_version.py><model.onnx><model.onnx>');
  expect(ran.stdout).not.toContain('cvicast_remote');
});

test.each([
  ['2.35', true],
  ['2.31', true],
  ['2.36', false],
])('commands.sh on a system with glibc %s: the bundled one stays: %s', (system, stays) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cvicast-commands-'));
  try {
    const { options } = conversionOptions({}, facts, 'recamera');
    const version = toolchainVersion();
    const inputs = { testImage: '/t.jpg', model: '/a.onnx', pictures: [], convertVersion: false };
    const text = commandsScript(options, { ...inputs, version });
    const libraries = path.join(folder, `toolchain/lib/python${version.python}/site-packages/tpu_mlir/lib/third_party`);
    fs.mkdirSync(libraries, { recursive: true });
    fs.writeFileSync(path.join(libraries, 'libc.so.6'), '');
    const repair = /^system_glibc=[\s\S]*?^fi$/m.exec(text)?.[0] ?? '';
    const script = `set -eu; getconf() { echo 'glibc ${system}'; }\n${repair}`;
    const ran = spawnSync('sh', ['-c', script], { encoding: 'utf8', cwd: folder });
    expect([ran.status, ran.stderr]).toEqual([0, '']);
    expect(fs.existsSync(path.join(libraries, 'libc.so.6'))).toBe(stays);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});
