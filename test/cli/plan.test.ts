import * as fs from 'node:fs';
import * as path from 'node:path';
import { clouds } from '../../src/cloud';
import { planFor } from '../../src/cloud/plan';
import { plan } from '../../src/cli/commands/plan';
import { Output } from '../../src/cli/output';
import { planTable } from '../../src/cli/plan-table';
import { readModel } from '../../src/model';
import { bmp } from '../model/pictures';
import { useScratch } from '../_helpers/scratch';
import { runCommand } from '../_helpers/run-command';

const model = path.resolve(__dirname, '../../examples/shapes-yolo11n-320.onnx');
const usual = { $0: 'cvicast', _: [], model, provider: 'all', spot: false, 'calibration-count': '100' };
const around = { output: new Output({ json: true, quiet: true }), home: '/nonexistent', env: { HOME: '/nonexistent' } };

describe('plan refuses a number that makes no sense', () => {
  it.each([
    ['calibration-count', '-5'],
    ['calibration-count', '0'],
    ['calibration-count', '1e9'],
    ['max-cost', '-1'],
    ['max-cost', '100000'],
    ['timeout', '0'],
    ['timeout', '99999'],
  ])('--%s %s', async (flag, value) => {
    for (const provider of ['all', 'aws', 'cheapest'])
      await expect(
        plan.run({ ...usual, provider, [flag]: value } as unknown as Parameters<typeof plan.run>[0], around),
      ).rejects.toMatchObject({ code: `bad-${flag}`, exit: 'input' });
  });
});

describe('plan --images', () => {
  const scratch = useScratch();
  const planned = async (images: string, more: object = {}) => {
    const asked = { ...usual, provider: 'aws', toolchain: 'venv', images, ...more };
    const args = asked as unknown as Parameters<typeof plan.run>[0];
    const { stdout, stderr } = await runCommand(plan, args, { home: around.home, env: around.env }, { json: true });
    return { rows: JSON.parse(stdout) as { minutes: number; howEstimated: string }[], stderr };
  };

  it('plans for the number and the bytes of the real pictures, and warns of them as convert does', async () => {
    const folder = scratch();
    const picture = bmp(4000, 4000);
    for (const name of ['a.bmp', 'b.bmp']) fs.writeFileSync(path.join(folder, name), picture);
    const { macs, bytes } = await readModel(model);
    const conversion = { macs, bytes, images: 2, imageBytes: 2 * picture.length, toolchain: 'venv' } as const;
    const { rows, stderr } = await planned(folder);
    expect(rows).toEqual([
      expect.objectContaining({ minutes: planFor(clouds['aws']!, { spot: false, conversion }).minutes }),
    ]);
    expect(rows[0]?.howEstimated).toContain('2 pictures');
    expect(stderr).toContain('Only 2 readable pictures');
    // --calibration-count is then the most that are taken.
    expect((await planned(folder, { 'calibration-count': '1' })).rows[0]?.howEstimated).toContain('1 pictures');
  });

  it('refuses a place without pictures', async () => {
    await expect(planned(path.join(scratch(), 'nowhere'))).rejects.toMatchObject({ code: 'no-such-images' });
  });
});

describe('plan for all clouds', () => {
  const asked = { ...usual, provider: 'all' } as unknown as Parameters<typeof plan.run>[0];

  it('is the table that README shows', async () => {
    const readme = fs.readFileSync(path.resolve(__dirname, '../../README.md'), 'utf8');
    const shown = /```text\n(PROVIDER[^]*?)```\n/.exec(readme)?.[1];
    expect((await runCommand(plan, asked, { home: around.home, env: around.env })).stdout).toBe(shown);
  });

  it('is an array with a row for each cloud, without credentials, for programs', async () => {
    const { stdout } = await runCommand(plan, asked, { home: around.home, env: around.env }, { json: true });
    const rows = JSON.parse(stdout) as { provider: string }[];
    expect(rows.map((row) => row.provider)).toEqual(Object.keys(clouds).filter((name) => name !== 'local'));
    for (const row of rows) expect(row).toMatchObject({ howEstimated: expect.stringContaining('100 pictures') });
  });

  it('says below the columns what each creates, the smallest bill, and how the minutes were estimated', () => {
    const conversion = { macs: 3.25e9, bytes: 10_500_000, images: 100, toolchain: 'docker' } as const;
    const row = (name: string, size?: string) => planFor(clouds[name]!, { spot: false, size, conversion });
    const rows = [row('aws'), row('alibaba', 'ecs.c7.2xlarge')];
    const [, ...notes] = planTable(rows).split('\n\n');
    expect(
      notes
        .join('\n')
        .split('\n')
        .filter((line) => line.length > 100),
    ).toEqual([]);
    const text = notes.join('\n').replace(/\s+/g, ' ');
    for (const { provider, minimumBill, created, howEstimated } of rows) {
      expect(text).toContain(`${provider} $${minimumBill.toFixed(4)} ${created.join(', ')}`);
      expect(text).toContain(`MIN ${provider}: ${howEstimated}`);
    }
    const [aws, alibaba] = rows.map(({ otherToolchain }) => otherToolchain?.minutes);
    expect(text).toContain(`with --toolchain venv: aws ${aws}, alibaba ${alibaba}`);
  });

  it('says for one cloud what the other way to install the toolchain would take', async () => {
    const one = { ...asked, provider: 'aws' } as typeof asked;
    const { stdout } = await runCommand(plan, one, { home: around.home, env: around.env });
    expect(stdout).toMatch(/^time .* min \(.*\); with --toolchain venv about [\d.]+ min, \$[\d.]+$/m);
  });
});
