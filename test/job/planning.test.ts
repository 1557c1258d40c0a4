import { clouds } from '../../src/cloud';
import { pickRow, rowsOf, type PlanRow } from '../../src/cloud/plan';
import { plan } from '../../src/cli/commands/plan';
import { choosePlan, planRows, rentedClouds } from '../../src/job/planning';
import { runCommand } from '../_helpers/run-command';
import { useScratch } from '../_helpers/scratch';
import { tables } from '../cloud/tables';

const conversion = { macs: 3.25e9, bytes: 10_500_000, images: 100, toolchain: 'docker' } as const;

describe('choosing among those with credentials', () => {
  const scratch = useScratch();
  const user = (...names: string[]) => ({
    home: scratch(),
    env: Object.assign(
      { PATH: '/nonexistent', HOME: scratch() },
      ...names.map((name) => tables[name]!.environment('http://127.0.0.1:1', scratch(), 'secret')),
    ) as NodeJS.ProcessEnv,
  });
  const wish = (provider: string, more: { maxCost?: number } = {}) => ({ provider, spot: false, ...more });
  const of = (names: readonly string[]): PlanRow[] =>
    names.flatMap((name) => rowsOf(clouds[name]!, { spot: false, conversion }));
  const key = ({ provider, size }: PlanRow): string => `${provider} ${size}`;
  const two = ['aws', 'azure'];

  it.each(['cheapest', 'fastest'] as const)('%s looks at every size of those two, and at no other', async (by) => {
    const rows = await planRows(wish(by), conversion, user(...two));
    expect(rows.map(key)).toEqual(of(two).map(key));
    // The best of all clouds is one whose credentials are not there.
    const best = pickRow(of(rentedClouds().map((cloud) => cloud.name)), by);
    expect(two).not.toContain(best?.provider);
    const chosen = await choosePlan(wish(by), conversion, user(...two));
    const measure = (row: PlanRow): number => (by === 'cheapest' ? row.estimate : row.minutes);
    expect(measure(chosen)).toBe(Math.min(...rows.map(measure)));
    expect(chosen.provider).toBe(by === 'cheapest' ? 'azure' : 'aws');
  });

  it('is the same for `plan`, which shows one row', async () => {
    const args = { model: 'examples/shapes-yolo11n-320.onnx', provider: 'cheapest', 'calibration-count': '100' };
    const given = { ...args, spot: false } as unknown as Parameters<typeof plan.run>[0];
    const { stdout } = await runCommand(plan, given, user(...two), { json: true });
    expect(JSON.parse(stdout)).toEqual([expect.objectContaining({ provider: 'azure' })]);
  });

  it.each(['cheapest', 'fastest'])('%s: refused without credentials, and where no size fits the bound', async (by) => {
    const refused = { code: 'no-credentials', exit: 'input' };
    await expect(choosePlan(wish(by), conversion, user())).rejects.toMatchObject(refused);
    const tooLittle = wish(by, { maxCost: 0.0001 });
    await expect(choosePlan(tooLittle, conversion, user(...two))).rejects.toMatchObject(refused);
  });

  it('all: a row for each cloud, whatever credentials there are, and those out of the bound left out', async () => {
    const names = rentedClouds().map((cloud) => cloud.name);
    expect((await planRows(wish('all'), conversion, user())).map((row) => row.provider)).toEqual(names);
    const bound = (await planRows(wish('all', { maxCost: 0.02 }), conversion, user())).map((row) => row.estimate);
    expect(bound.length).toBeGreaterThan(0);
    expect(bound.length).toBeLessThan(names.length);
    expect(Math.max(...bound)).toBeLessThanOrEqual(0.02);
  });
});
