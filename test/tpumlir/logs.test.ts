import * as fs from 'node:fs';
import * as path from 'node:path';
import { Bug } from '../../src/errors';
import {
  conversionFailed,
  explainLog,
  progressReader,
  readCalibration,
  readComparisons,
  readLog,
  readVerification,
  type CalibrationFacts,
  type StageName,
} from '../../src/tpumlir';

const folder = path.join(__dirname, '../_fixtures/logs');
const log = (name: string): string => fs.readFileSync(path.join(folder, name), 'utf8');
const all = fs.readdirSync(folder).filter((name) => name.endsWith('.log'));
const exits = new Map(
  log('index.jsonl')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { log: string; exit: number | null })
    .map(({ log: name, exit }) => [name, exit]),
);

test.each<[string, number[][]]>([
  ['shapes_1_transform.log', [[230, 230, 0.9999997615814209, 0.9999986750026896, 117.44970321655273]]],
  [
    'shapes_3_deploy.log',
    [
      [6, 6, 0.9969497919082642, 0.921371187337009, 7.219207286834717],
      [12, 12, 0.9997020363807678, 0.9755868864001541, 5.945215225219727],
    ],
  ],
  ['fail_t22_tolerance_unreachable.log', [[230, 225, 0.9999998807907104, 0.9999997219089889, 130.95364570617676]]],
])('%s: compared, passed, least similarity', (name, expected) => {
  const found = readComparisons(log(name)).map(({ compared, passed, min }) => [
    ...[compared, passed],
    ...[min!.cosine, min!.euclidean, min!.sqnr],
  ]);
  expect(found).toEqual(expected);
});

test.each(all.filter((name) => /_(1_transform|3b?_deploy.*)\.log$/.test(name)))('%s: everything passed', (name) => {
  const comparisons = readComparisons(log(name));
  expect(comparisons).toHaveLength(name.includes('transform') ? 1 : 2);
  for (const { compared, passed, min } of comparisons) {
    expect(passed).toBe(compared);
    expect(min === null || min.cosine <= 1).toBe(true);
  }
});

const failures: [string, string, string][] = [
  ['fail_c01_empty_dir.log', 'calibrate', 'no-calibration-images'],
  ['fail_glibc_bundled_libc_on_debian12.log', 'install', 'glibc-mismatch'],
  ['fail_shapes_320-half.log', 'transform', 'half-precision'],
  ['fail_shapes_320-opset20.log', 'transform', 'opset-too-new'],
  ['fail_t01_missing_test_image.log', 'transform', 'test-image-missing'],
  ['fail_t02_wrong_output_name.log', 'transform', 'unknown-output-name'],
  ['fail_t05_input_shape_300_not_multiple_of_32.log', 'transform', 'input-size-mismatch'],
  ['fail_t07_unknown_flag_no_keep_aspect_ratio.log', 'transform', 'unknown-flag'],
  ['fail_t20_custom_domain_op.log', 'transform', 'unsupported-operator'],
  ['fail_t22_tolerance_unreachable.log', 'transform', 'float-model-differs'],
  ['fail_t25_mlir_name_without_ext.log', 'transform', 'bad-file-name'],
];

test.each(failures)('%s is explained: %s, %s', (name, stage, code) => {
  const explained = explainLog(log(name), exits.get(name) ?? undefined);
  expect(explained).toMatchObject({ stage, code });
  expect(explained!.cause).not.toContain('$1');
  expect(explained!.fix).not.toBe('');
});

test('every failure among the logs is in the table above, and no success is taken for a failure', () => {
  expect(failures.map(([name]) => name)).toEqual(all.filter((name) => name.startsWith('fail_')));
  for (const name of all.filter((each) => !each.startsWith('fail_'))) {
    expect([name, explainLog(log(name))]).toEqual([name, null]);
  }
});

test.each<[string, string, string]>([
  ["RuntimeError: Op not support:{'Mod', 'TopK'}", 'end-to-end-model', 'Mod'],
  ['Not support now\nUNREACHABLE executed at CompareConst.cpp:71!', 'unknown-constant-comparison', ''],
  ['raw format not support current type', 'f16-with-fused-preprocess', ''],
  ["can't open calibration table file!\nUNREACHABLE executed", 'calibration-table-missing', ''],
  ['PLEASE submit a bug report to https://example.org\nStack dump:', 'compiler-crashed', ''],
  ['OSError: [Errno 28] No space left on device', 'disk-full', ''],
  ['numpy.core._exceptions._ArrayMemoryError: MemoryError', 'out-of-memory', ''],
  ['OMP: Error #34: System unable to allocate necessary resources for OMP thread:', 'out-of-memory', ''],
  [
    '{"type":"error","code":"worker-killed","message":"worker 1 was killed by SIGKILL at /a/Conv; last words: \\"x\\" failed"}',
    'out-of-memory',
    'worker 1 was killed by SIGKILL at /a/Conv; last words: "x" failed.',
  ],
  [
    '{"type":"error","code":"worker-killed","message":"worker 2 was killed by SIGSEGV at /b/Conv; last words: \\"oh\\""}',
    'calibration-failed',
    'at /b/Conv; last words: "oh".',
  ],
  [
    '{"type":"error","code":"memory","message":"900 MB of memory are available, and one process needs 1200 MB"}',
    'out-of-memory',
    '900 MB',
  ],
  [
    '{"type":"error","code":"picture-unreadable","message":"0003.jpg cannot be read"}',
    'picture-unreadable',
    '0003.jpg',
  ],
  [
    '{"type":"error","code":"stock-failed","message":"stock run_calibration ended with exit code -9"}',
    'out-of-memory',
    'exit code -9',
  ],
  [
    '{"type":"error","code":"stock-failed","message":"stock run_calibration ended with exit code 137"}',
    'out-of-memory',
    'exit code 137',
  ],
  [
    '{"type":"error","code":"stock-failed","message":"stock run_calibration ended with exit code 1"}',
    'stock-calibration-failed',
    'exit code 1',
  ],
  [
    '{"type":"error","code":"no-weights","message":"a.npz, the model\'s weights, is not in this folder"}',
    'calibration-input-missing',
    'a.npz',
  ],
  ['{"type":"error","code":"table-not-written","message":"t: Is a directory"}', 'calibration-failed', 'Is a directory'],
  [
    'line 12 differs: "/a/Conv 1.0 -1.0 1.0" in fast, "/a/Conv 2.0 -1.0 1.0" in stock',
    'tables-differ',
    '"/a/Conv 1.0 -1.0 1.0" in fast, "/a/Conv 2.0 -1.0 1.0" in stock',
  ],
  ['{"type": "version-refused", "why": "operator Gelu came after opset 18"}', 'version-not-convertible', 'Gelu'],
  [
    '{"type": "verify-failed", "why": "not finite: a_f32, b_f32", "chip": "cv181x"}',
    'outputs-not-finite',
    'a_f32, b_f32',
  ],
  ['{"type": "verify-failed", "why": "the model is for cv180x, not for cv181x"}', 'verify-failed', 'cv180x'],
  ['[!Error]: npz_tool.py compare s_cv181x_int8_sym_tpu_outputs.npz top.npz', 'quantised-model-differs', ''],
  ['[!Error]: npz_tool.py compare s_model_outputs.npz s_tpu_outputs.npz', 'built-model-differs', ''],
  ["ModuleNotFoundError: No module named 'tpu_mlir'", 'toolchain-broken', 'tpu_mlir'],
  ['E: Model not supported', 'board-model-not-supported', ''],
  ['input tensor CVI_FMT not support: 3', 'board-input-format', ''],
  ['output node shape error', 'board-outputs-misread', ''],
  ['open model failed 0xc0010102', 'board-open-failed', ''],
  ['Assertion `cvi_device_mem` failed', 'board-memory', ''],
  ["model_deploy.py: error: argument --chip: invalid choice: 'cv182'", 'bad-argument', 'cv182'],
])('%j means %s', (text, code, detail) => {
  const explained = explainLog(text);
  expect(explained?.code).toBe(code);
  expect(explained!.cause).toContain(detail);
});

test.each(['stock-failed', 'no-weights', 'no-model'])('%s: stock is no way out where stock fails as well', (code) => {
  expect(explainLog(`{"type":"error","code":"${code}","message":"x"}`)?.fix).not.toContain('--calibrator stock');
});

test('a tool that ends without a word was most likely killed', () => {
  expect(explainLog('TPU-MLIR v1.7\ninput_num = 100', 1)?.code).toBe('killed');
  expect(explainLog('anything', null)?.code).toBe('killed');
  expect(explainLog('Traceback (most recent call last):\nKeyError: 3', 1)).toBeNull();
  expect(explainLog('Killed\n', 0)).toBeNull();
});

test('a failed step is a UserError with its figures, or the last words where it is not known', () => {
  const known = conversionFailed('transform', log('fail_t22_tolerance_unreachable.log'), 1);
  expect(known).toMatchObject({ code: 'float-model-differs', exit: 'conversion' });
  expect(known.why).toContain('5 of 230 tensors; least cosine 1.0000');
  const unknown = conversionFailed('deploy', 'Traceback\nKeyError: 3\n', 1);
  expect(unknown).toMatchObject({ code: 'deploy-failed', exit: 'conversion' });
  expect(unknown.why).toBe('it ended with status 1; its last words: KeyError: 3');
});

test.each<[StageName, string]>([
  ['transform', 'shapes_1_transform.log'],
  ['transform', 'y11cls_1_transform.log'],
  ['calibrate', 'shapes_2_calibration.log'],
  ['calibrate', 'v8n_2_calibration.log'],
  ['deploy', 'shapes_3_deploy.log'],
  ['deploy', 'v8n_3_deploy.log'],
])('%s: progress over %s never falls, ends at 1, and is the same in any chunks', (stage, name) => {
  const text = log(name);
  const over = (size: number): { fractions: number[]; last: string | null } => {
    const reader = progressReader(stage);
    const fractions: number[] = [];
    let last: string | null = null;
    for (let at = 0; at < text.length; at += size) {
      const seen = reader(text.slice(at, at + size));
      if (seen?.fraction != null) fractions.push(seen.fraction);
      last = seen?.note ?? last;
    }
    return { fractions, last };
  };
  const fine = over(7);
  expect(fine.fractions.length).toBeGreaterThan(3);
  expect(fine.fractions).toEqual([...fine.fractions].sort((a, b) => a - b));
  expect(fine.fractions.at(-1)).toBe(1);
  expect(over(100_000_000).fractions).toEqual([1]);
  expect(over(100_000).last).toBe(fine.last);
});

test('progress of our own calibration comes from its JSON lines, also between other output', () => {
  const reader = progressReader('calibrate');
  expect(reader('GmemAllocator use\n{"type":"progress","stage":"activations","done":5,')).toBeNull();
  expect(reader('"total":10,"secondsLeft":4,"memoryBytes":660200000}\n')).toMatchObject({
    fraction: 0.3,
    note: 'collecting activations, 4 s left, 660 MB of memory',
  });
  const tuning = reader('{"type":"progress","stage":"tuning","done":1,"total":2,"secondsLeft":1}\n');
  expect(tuning!.fraction).toBeCloseTo(0.8);
  expect(reader('{"type":"done","calibrator":"fast","mode":"op","processes":2,"why":""}\n')!.fraction).toBe(1);
  expect(reader('{"type":"progress","stage":"tuning","done":0,"total":0}\n{"type":\n')).toBeNull();
});

test('the calibration says how it was done, and by which calibrator when it was not the one asked for', () => {
  const fast = 'x\n{"type":"done","calibrator":"fast","mode":"op","processes":2,"why":""}\n';
  expect(readCalibration('fast', fast)).toEqual({
    calibrator: 'fast',
    note: 'fast, op, 2 processes',
    unprovenForms: [],
  });
  expect(readCalibration('both', fast).calibrator).toBe('both');
  const stock = '{"type":"done","calibrator":"stock","mode":null,"processes":1,"why":"two inputs"}';
  expect(readCalibration('fast', stock)).toEqual({ calibrator: 'stock', note: 'stock: two inputs', unprovenForms: [] });
  expect(readCalibration('stock', log('shapes_2_calibration.log'))).toEqual({
    calibrator: 'stock',
    note: null,
    unprovenForms: [],
  });
});

test('operators whose numpy form has no proof are named: all for the receipt, a few in the line', () => {
  const facts = (unprovenForms: string[]): CalibrationFacts => {
    const done = { type: 'done', calibrator: 'fast', mode: 'op', processes: 2, why: '', unprovenForms };
    return readCalibration('fast', `${JSON.stringify(done)}\n`);
  };
  expect(facts([])).toEqual({ calibrator: 'fast', note: 'fast, op, 2 processes', unprovenForms: [] });
  expect(facts(['/a/Concat']).note).toBe('fast, op, 2 processes; not in numpy, for want of proof: /a/Concat');
  expect(facts(['a', 'b', 'c', 'd'])).toMatchObject({
    note: expect.stringMatching(/: a, b, c, …$/),
    unprovenForms: ['a', 'b', 'c', 'd'],
  });
});

test('layers that saw only zeros are warned of: how many, and some names', () => {
  const [warning, ...more] = readLog('calibrate', log('v8n_2_calibration.log')).warnings;
  expect(more).toEqual([]);
  expect(warning).toMatch(/^90 layers saw only zeros in calibration \(\/model\S+, \/model\S+, \/model\S+, …\): /);
  const one = 'WARNING: layer /a/Conv is all zeros. Please check the input data correctness.\n';
  expect(readLog('calibrate', one).warnings).toEqual([expect.stringContaining('a layer saw only zeros')]);
  expect(readLog('calibrate', log('shapes_2_calibration.log')).warnings).toEqual([]);
});

test('the trial of the model is read from its line; without one it is our bug', () => {
  const output = { name: 'a', shape: [1, 4], finite: true, cosine: 0.99, euclidean: 0.9, sqnr: null };
  const found = { chip: 'cv181x', mlirVersion: 'v1.7', cvimodelVersion: '1.4.0', ionBytes: 4278190, minCosine: 0.99 };
  const verification = { ...found, outputs: [output], unmatched: [] };
  expect(readVerification(`noise\n${JSON.stringify({ type: 'verified', ...verification })}\n`)).toEqual(verification);
  expect(() => readVerification('noise')).toThrow(Bug);
});

test('outputs that the trial could not compare are warned of', () => {
  const output = { name: 'a', shape: [1, 4], finite: true, cosine: 0.99, euclidean: 0.9, sqnr: null };
  const warnings = (outputs: unknown[], unmatched: string[]): readonly string[] =>
    readLog('verify', `${JSON.stringify({ type: 'verified', outputs, unmatched })}\n`).warnings;
  expect(warnings([output], [])).toEqual([]);
  expect(warnings([output], ['b'])).toEqual([expect.stringContaining('but b could not be compared')]);
  expect(warnings([], ['a', 'b'])).toEqual([expect.stringContaining('but a, b could not be compared')]);
  expect(warnings([], [])).toEqual([expect.stringContaining('but its outputs could not be compared')]);
  expect(readLog('verify', 'noise').warnings).toEqual([]);
});
