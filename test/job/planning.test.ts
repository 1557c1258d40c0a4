import { clouds } from '../../src/cloud';
import { pickRow, rowsOf, type PlanRow } from '../../src/cloud/plan';
import { plan } from '../../src/cli/commands/plan';
import { choosePlan, planRows, rentedClouds, shownRows } from '../../src/job/planning';
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

  it.each(['cheapest', 'fastest'])('%s: a cloud that lacks what was asked for is left out', async (by) => {
    // DigitalOcean has neither spot machines nor zones, and nobody shares AWS's names.
    const both = user('digitalocean', 'aws');
    const asks = [{ spot: true }, { region: 'eu-central-1' }, { zone: 'us-east-1a' }, { size: 'c6i.large' }];
    for (const more of asks) {
      const chosen = await choosePlan({ ...wish(by), ...more }, conversion, both);
      expect(chosen).toMatchObject({ provider: 'aws', ...more });
    }
  });

  /** As both commands refuse it: they share the function, and so the code and the exit. */
  const refusal = async (asked: Parameters<typeof planRows>[0], who: ReturnType<typeof user>) => {
    const [of] = await Promise.allSettled([choosePlan(asked, conversion, who)]);
    const [shown] = await Promise.allSettled([shownRows(asked, conversion, who)]);
    expect(shown).toEqual(of);
    return (of as PromiseRejectedResult).reason as unknown;
  };

  it.each(['cheapest', 'fastest'])('%s: refused as a named cloud would be', async (by) => {
    expect(await refusal(wish(by), user())).toMatchObject({ code: 'no-credentials', exit: 'input' });
    const tooLittle = wish(by, { maxCost: 0.0001 });
    expect(await refusal(tooLittle, user())).toMatchObject({ code: 'no-credentials', exit: 'input' });
    const named = { ...tooLittle, provider: 'aws' };
    expect(await refusal(named, user('aws'))).toMatchObject({ code: 'over-budget', exit: 'budget' });
    expect(await refusal(tooLittle, user(...two))).toMatchObject({ code: 'over-budget', exit: 'budget' });
    // One of them is too dear, the other has none: the money is what can be helped.
    const spot = { ...tooLittle, spot: true };
    expect(await refusal(spot, user('digitalocean', 'aws'))).toMatchObject({ code: 'over-budget', exit: 'budget' });
    const nowhere = { ...wish(by), size: 'x9.huge' };
    const nothing = { code: 'nothing-fits', exit: 'input', why: expect.stringContaining('AWS has no size "x9.huge"') };
    expect(await refusal(nowhere, user(...two))).toMatchObject(nothing);
  });

  it('all is nowhere to convert', async () => {
    const asked = choosePlan(wish('all'), conversion, user(...two));
    await expect(asked).rejects.toMatchObject({ code: 'provider-all', exit: 'input' });
  });

  it('all: refused in the same words', async () => {
    expect(await refusalOfAll({ maxCost: 0.0001 })).toMatchObject({ code: 'over-budget', exit: 'budget' });
    expect(await refusalOfAll({ size: 'x9.huge' })).toMatchObject({ code: 'nothing-fits', exit: 'input' });
  });

  const refusalOfAll = (more: object): Promise<unknown> =>
    shownRows({ ...wish('all'), ...more }, conversion, user()).catch((thrown: unknown) => thrown);

  it('all: a row for each cloud, whatever credentials there are, and those out of the bound left out', async () => {
    const names = rentedClouds().map((cloud) => cloud.name);
    expect((await planRows(wish('all'), conversion, user())).map((row) => row.provider)).toEqual(names);
    const bound = (await planRows(wish('all', { maxCost: 0.02 }), conversion, user())).map((row) => row.estimate);
    expect(bound.length).toBeGreaterThan(0);
    expect(bound.length).toBeLessThan(names.length);
    expect(Math.max(...bound)).toBeLessThanOrEqual(0.02);
  });
});
