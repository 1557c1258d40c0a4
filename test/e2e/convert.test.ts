import * as fs from 'node:fs';
import * as path from 'node:path';
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { cli, expectCode, lendToolchain, root, startCli, testToolchain, type CliResult } from '../_helpers/cli';
import { lendFakeToolchain } from '../_helpers/fake-tools';
import { useHome } from '../_helpers/home';
import { jobsFolders } from '../_helpers/left-behind';
import { useScratch } from '../_helpers/scratch';
import type { WrittenFile } from '../../src/report/receipt';

const model = path.join(root, 'examples/shapes-yolo11n-320.onnx');
const images = path.join(root, 'examples/calibration');
const minutes = 60_000;

/** Few pictures: what is told here does not depend on how many. */
const few = ['--calibration-count', '10'];

interface Receipt {
  readonly result: string;
  readonly job: string;
  readonly model: WrittenFile;
  readonly outputs: readonly WrittenFile[];
  readonly stages: readonly { readonly name: string; readonly result: string }[];
  readonly similarity: { readonly cosine: number; readonly outputs: readonly { readonly cosine: number }[] };
  readonly teardown: { readonly left: readonly unknown[]; readonly checkedAt: string };
  readonly calibration: { readonly calibrator: string; readonly reused: boolean; readonly note: string | null };
  readonly qualityGate: object | null;
  readonly versions: Readonly<Record<string, string>>;
  readonly commands: readonly string[];
}

function receiptIn(folder: string): Receipt {
  return JSON.parse(fs.readFileSync(path.join(folder, 'receipt.json'), 'utf8')) as Receipt;
}

/** Which tools the receipt says were run. */
function toolsOf({ commands }: Receipt): (string | undefined)[] {
  return commands.map((line) =>
    /model_(transform|deploy)\.py|cvicast_remote\.(calibrate|verify)/.exec(line)?.slice(1).find(Boolean),
  );
}

/** The arguments with which scripts/demo calls the program, but for the folder of its results. */
function demoArguments(out: string): string[] {
  const call = /^exec bin\/cvicast ([\s\S]*?) "\$@"$/m.exec(fs.readFileSync(path.join(root, 'scripts/demo'), 'utf8'));
  const words = (call?.[1] ?? '').split(/[\s\\]+/);
  expect(words).toEqual(expect.arrayContaining(['convert', '--test-image', '--force', 'out/']));
  return words.map((word) => (word === 'out/' ? out : word));
}

describe('convert on this computer', () => {
  const home = useHome();
  const scratch = useScratch();

  test(
    'the sample model: delivered, good, accepted by the simulator, and nothing is left',
    async () => {
      lendToolchain(home().path);
      const out = path.join(scratch(), 'out');
      // The demo, word for word, over what an earlier run has left.
      fs.mkdirSync(out);
      const older = ['shapes-yolo11n-320_cv181x_int8.cvimodel', 'receipt.json'].map((name) => path.join(out, name));
      for (const file of older) fs.writeFileSync(file, 'older');
      const result = await cli([...demoArguments(out), '--json'], { env: home().env, cwd: root });
      expectCode(result, 0);

      const receipt = receiptIn(out);
      expect(receipt.result).toBe('delivered');
      // A fall back to the stock calibrator makes the same table, only several times later: nothing else would show it.
      expect(receipt.calibration).toMatchObject({ calibrator: 'fast', reused: false });
      expect(receipt.stages.map((stage) => stage.name)).toEqual(
        expect.arrayContaining([
          'up',
          'bootstrap',
          'send',
          'transform',
          'calibrate',
          'deploy',
          'verify',
          'fetch',
          'down',
        ]),
      );
      expect(receipt.similarity.cosine).toBeGreaterThan(0.9);
      expect(receipt.similarity.outputs.length).toBe(6);
      expect(receipt.teardown.left).toEqual([]);
      expect(receipt.versions).toMatchObject({
        ...{ tpu_mlir: expect.stringMatching(/^1\.7/), pulumi: expect.stringMatching(/^3\./) },
        cvicast: (JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }).version,
      });
      expect(toolsOf(receipt)).toEqual(['transform', 'calibrate', 'deploy', 'verify']);
      // The model, and the names of its classes for reCamera's software.
      expect(receipt.outputs.map(({ path: file }) => path.extname(file))).toEqual(['.cvimodel', '.json']);
      expect(receipt.outputs[0]).toEqual(receipt.model);
      for (const { path: file, sha256, bytes } of receipt.outputs) {
        const content = fs.readFileSync(file);
        const hash = createHash('sha256').update(content).digest('hex');
        expect({ file, sha256: hash, bytes: content.length }).toEqual({ file, sha256, bytes });
      }

      const toolchain = testToolchain();
      const info = spawnSync(path.join(toolchain, 'bin/model_tool'), ['--info', receipt.model.path], {
        encoding: 'utf8',
        env: { ...process.env, PATH: `${toolchain}/bin:${process.env['PATH'] ?? ''}` },
      });
      expect(info.status).toBe(0);
      expect(info.stdout + info.stderr).toMatch(/^For cv181x chip/m);

      expect(fs.readdirSync(out).sort()).toEqual([
        'commands.sh',
        'logs',
        'receipt.html',
        'receipt.json',
        'shapes-yolo11n-320_cv181x_int8.cvimodel',
        'shapes-yolo11n-320_cv181x_int8.json',
      ]);
      const steps = ['install', 'transform', 'calibrate', 'deploy', 'verify'];
      expect(fs.readdirSync(path.join(out, 'logs')).sort()).toEqual(steps.map((step) => `${step}.log`).sort());
      // One line when a stage begins and one when it ends, and no more than three between.
      for (const step of steps.slice(1)) {
        const told = result.stderr.split('\n').filter((line) => line.startsWith(step));
        expect(told.length).toBeGreaterThanOrEqual(2);
        expect(told.length).toBeLessThanOrEqual(5);
      }
      const listed = await cli(['ls', '--json'], { env: home().env });
      expect(JSON.parse(listed.stdout)).toEqual([]);
      expect(jobsFolders(receipt.job)).toEqual([]);

      // It is run in another folder than this conversion was.
      const byHand = fs.readFileSync(path.join(out, 'commands.sh'), 'utf8');
      expect(byHand).toContain(`cp -- ${path.join(images, 'calib_0001.jpg')} images/0002.jpg`);
      const lines = result.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { type: string });
      expect(lines.at(-1)?.type).toBe('receipt');
      expect(new Set(lines.map((line) => line.type))).toEqual(new Set(['job', 'stage', 'receipt']));
    },
    10 * minutes,
  );

  test('a model below its quality gate: delivered, nothing left, exit 6', async () => {
    lendFakeToolchain(home().path);
    const out = path.join(scratch(), 'out');
    const gate = ['--min-cosine', '0.9999', '--json'];
    const result = await cli(['convert', model, '--images', images, '--out', out, ...few, ...gate], {
      env: home().env,
    });
    expectCode(result, 6);
    const { model: delivered, teardown, qualityGate } = receiptIn(out);
    expect(fs.existsSync(delivered.path)).toBe(true);
    expect(teardown.left).toEqual([]);
    expect(qualityGate).toEqual({ minCosine: 0.9999, cosine: expect.any(Number), held: false });
    const { error } = JSON.parse(result.stdout.trim().split('\n').at(-1)!) as { error: Record<string, string> };
    expect(error).toMatchObject({ code: 'below-quality-gate', cause: expect.stringContaining('--min-cosine 0.9999') });
    expect(result.stderr).toMatch(/^error: .* below its quality gate: .*\nfix: /m);
  });

  test(
    'a step that fails: exit 5, nothing left; its table serves the next run',
    async () => {
      const { toolchains } = lendFakeToolchain(home().path);
      const zeros = path.join(root, 'test/_fixtures/logs/v8n_2_calibration.log');
      const logs = path.join(toolchains, fs.readdirSync(toolchains)[0] ?? '', 'logs');
      fs.copyFileSync(zeros, path.join(logs, 'calibration.log'));
      const verified = JSON.parse(fs.readFileSync(path.join(logs, 'verified'), 'utf8')) as object;
      fs.writeFileSync(path.join(logs, 'verified'), JSON.stringify({ ...verified, outputs: [], unmatched: ['x_f32'] }));
      const convert = (name: string, ...more: readonly string[]): Promise<CliResult> =>
        cli(['convert', model, '--images', images, '--out', path.join(scratch(), name), ...few, ...more], {
          env: home().env,
        });
      const failed = await convert('strict', '--tolerance', '1,1');
      expectCode(failed, 5);
      expect(failed.stderr).toMatch(/^error: The step "deploy" failed: .*further from the float model.*\nfix: /m);
      expect(failed.stderr).toContain('warning: 90 layers saw only zeros in calibration');
      const strict = receiptIn(path.join(scratch(), 'strict'));
      expect(toolsOf(strict)).toEqual(['transform', 'calibrate', 'deploy']);
      expect(strict).toMatchObject({ result: 'quantised-model-differs', model: null, teardown: { left: [] } });
      expect(JSON.parse((await cli(['ls', '--json'], { env: home().env })).stdout)).toEqual([]);
      expect(jobsFolders(strict.job)).toEqual([]);

      const second = await convert('usual');
      expectCode(second, 0);
      expect(second.stdout).toContain('the table of an earlier run');
      expect(second.stderr).toContain('warning: the finished model runs, but x_f32 could not be compared');
      const usual = receiptIn(path.join(scratch(), 'usual'));
      expect(usual.calibration.reused).toBe(true);
      expect(toolsOf(usual)).toEqual(['transform', 'deploy', 'verify']);
      expect(usual.stages).toContainEqual(expect.objectContaining({ name: 'calibrate', result: 'skipped' }));
    },
    10 * minutes,
  );

  test(
    'Ctrl-C in the middle: torn down, exit 130, nothing left; resumed without a second calibration',
    async () => {
      const tools = lendFakeToolchain(home().path);
      tools.shut('deploy');
      const out = path.join(scratch(), 'out');
      const run = startCli(['convert', model, '--images', images, '--out', out, ...few], { env: home().env });
      await run.until(/^deploy/m);
      run.child.kill('SIGINT');
      run.child.kill('SIGINT');
      const result = await run.ended;
      expectCode(result, 130);
      expect(result.stderr).toMatch(/tearing down \(about \d+ s\)/);
      const { job, teardown } = receiptIn(out);
      expect(teardown.left).toEqual([]);
      expect(jobsFolders(job)).toEqual([]);
      expect(JSON.parse((await cli(['ls', '--json'], { env: home().env })).stdout)).toEqual([]);

      tools.openAll();
      const resumed = await cli(['resume', job], { env: home().env });
      expectCode(resumed, 0);
      expect(receiptIn(out).stages.find((stage) => stage.name === 'calibrate')?.result).toBe('skipped');
    },
    10 * minutes,
  );
});
