import { findCloud } from '../../src/cloud';
import { billOf, secondsFor } from '../../src/cloud/bill';
import { conversionDuration } from '../../src/cloud/duration';
import { pickRow, planFor, rowsOf, type PlanRow, type PlanWish } from '../../src/cloud/plan';
import type { Cloud } from '../../src/cloud/types';

const conversion = { macs: 3.25e9, bytes: 10_500_000, images: 100, toolchain: 'docker' } as const;
const wish = (more: Partial<PlanWish> = {}): PlanWish => ({ spot: false, conversion, ...more });
const taking = (seconds: number): Pick<PlanWish, 'durationOf'> => ({
  durationOf: (size) => ({ ...conversionDuration(conversion, { vcpus: size.vcpus, bootSeconds: 40 }), seconds }),
});
const failing = (code: string, exit: string): Error => expect.objectContaining({ code, exit }) as Error;

const bySecond = { billing: { minimumSeconds: 60, stepSeconds: 1 } };
const byHour = { billing: { minimumSeconds: 3600, stepSeconds: 3600 } };
const withFloor = { billing: { minimumSeconds: 60, stepSeconds: 1, minimumCharge: 0.01 } };

describe('a bill', () => {
  it.each([
    ['a second is a minute where a minute is the least', bySecond, 1, 0.36 / 60],
    ['by the second after it', bySecond, 61, (0.36 * 61) / 3600],
    ['a second is an hour where hours are sold', byHour, 1, 0.36],
    ['a second more than an hour is two', byHour, 3601, 0.72],
    ['never less than the least charge', withFloor, 61, 0.01],
    ['the least charge ends where time costs more', withFloor, 600, 0.06],
  ])('%s', (_, cloud, seconds, bill) => {
    expect(billOf(cloud, { pricePerHour: 0.36 }, seconds)).toBeCloseTo(bill, 6);
  });

  it.each([bySecond, byHour, withFloor])('and the life that an amount pays for agree (%#)', (cloud) => {
    for (const price of [0.0357, 0.17, 1]) {
      for (const amount of [0.0001, 0.01, 0.0357, 0.1, 0.5, 1, 7.77]) {
        const seconds = secondsFor(cloud, { pricePerHour: price }, amount);
        if (seconds > 0) expect(billOf(cloud, { pricePerHour: price }, seconds)).toBeLessThanOrEqual(amount + 1e-6);
        expect(billOf(cloud, { pricePerHour: price }, seconds + 1)).toBeGreaterThan(seconds > 0 ? amount - 1e-4 : 0);
      }
    }
  });

  it('is nothing where nothing is rented, for ever', () => {
    const local = findCloud('local');
    expect(billOf(local, { pricePerHour: 0 }, 1e9)).toBe(0);
    expect(secondsFor(local, { pricePerHour: 0 }, 0.01)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('the estimated duration', () => {
  const two = { vcpus: 2, bootSeconds: 0, local: true };
  const model = (gigaMacs: number) => ({ ...conversion, macs: gigaMacs * 1e9, toolchain: 'venv' as const });

  it.each([
    ['640', 3.25, { transform: 13, calibrate: 14.3, deploy: 16 }],
    ['320', 0.81, { transform: 7, calibrate: 4.2, deploy: 9 }],
  ])('agrees with what was measured at %s on two cores', (_, gigaMacs, measured) => {
    const { parts } = conversionDuration(model(gigaMacs), two);
    expect(parts.transform / measured.transform).toBeCloseTo(1, 0.7);
    expect(parts.calibrate / measured.calibrate).toBeCloseTo(1, 0.7);
    expect(parts.deploy / measured.deploy).toBeCloseTo(1, 0.7);
  });

  it('knows the stock tool, which no core makes faster', () => {
    const stock = (vcpus: number): number =>
      conversionDuration({ ...model(3.25), calibrator: 'stock' }, { ...two, vcpus }).parts.calibrate;
    expect(stock(2)).toBeCloseTo(108, -1);
    expect(stock(8)).toBe(stock(2));
  });

  it('grows with pictures and work, shrinks with vCPUs and venv, and is finite for a model that tells nothing', () => {
    const of = (more: object, vcpus = 2): number =>
      conversionDuration({ ...conversion, ...more }, { vcpus, bootSeconds: 60 }).seconds;
    expect(of({ images: 1000 })).toBeGreaterThan(of({}));
    expect(of({ macs: 1e10 })).toBeGreaterThan(of({}));
    expect(of({}, 8)).toBeLessThan(of({}));
    expect(of({ toolchain: 'venv' })).toBeLessThan(of({}));
    expect(of({ macs: null })).toBeCloseTo(of({}), -1);
    expect(of({ images: 0 })).toBeLessThan(of({ images: 1 }));
  });

  it('counts what a burstable size does after its burst, and says so', () => {
    // 40 s of boot and 250 s of installation come first, then some 60 s of work.
    const of = (throttle?: { afterSeconds: number; share: number }) =>
      conversionDuration(conversion, { vcpus: 2, bootSeconds: 40, throttle });
    const work = ({ transform, calibrate, deploy }: ReturnType<typeof of>['parts']): number =>
      transform + calibrate + deploy;
    const plain = of();
    const half = of({ afterSeconds: 0, share: 0.5 });
    expect(work(half.parts)).toBeCloseTo(2 * work(plain.parts), 6);
    expect(half.parts.toolchainAndUpload).toBe(plain.parts.toolchainAndUpload);
    expect(half.how).toContain('slowed down to 50 % in the long run');

    const late = of({ afterSeconds: 300, share: 0.2 });
    expect(work(late.parts)).toBeCloseTo(10 + (work(plain.parts) - 10) / 0.2, 6);
    expect(late.how).toContain('slowed down to 20 % after 5 min of work');
    expect(of({ afterSeconds: 3600, share: 0.2 })).toEqual(plain);
  });
});

describe('a plan', () => {
  it('has every field of the contract', () => {
    const row = planFor(findCloud('gcp'), wish());
    expect(row).toMatchObject({
      provider: 'gcp',
      region: 'us-central1',
      size: 'e2-standard-4',
      vcpus: 4,
      memoryGiB: 16,
      currency: 'USD',
    });
    expect(row.priceDate).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(row.estimate).toBeCloseTo((row.minutes / 60) * row.pricePerHour, 3);
    expect(row.ttlMinutes).toBe(60);
    expect(row.worstCase).toBeCloseTo(row.pricePerHour, 3);
    expect(row.endedBy[0]).toContain('platform: after 60 min, ');
    expect(JSON.parse(JSON.stringify(row))).toEqual(row);
  });

  it('says how long the other way to install the toolchain takes on the same machine', () => {
    const docker = planFor(findCloud('gcp'), wish());
    const venv = planFor(findCloud('gcp'), wish({ conversion: { ...conversion, toolchain: 'venv' } }));
    expect(docker.otherToolchain).toEqual({ toolchain: 'venv', minutes: venv.minutes, estimate: venv.estimate });
    expect(venv.otherToolchain).toEqual({ toolchain: 'docker', minutes: docker.minutes, estimate: docker.estimate });
    expect(venv.minutes).toBeLessThan(docker.minutes);
    expect(planFor(findCloud('local'), wish()).otherToolchain).toBeNull();
  });

  it.each([
    ['gcp', 'e2-medium', 'e2-standard-2'],
    ['azure', 'Standard_B2s', 'Standard_F2s_v2'],
    ['alibaba', 'ecs.t6-c1m2.large', 'ecs.c7.large'],
  ])('takes longer on the burstable size of %s than on a whole one, with work enough', (cloud, burstable, whole) => {
    const minutes = (size: string): number =>
      planFor(findCloud(cloud), wish({ size, conversion: { ...conversion, images: 10_000 } })).minutes;
    expect(minutes(burstable)).toBeGreaterThan(1.5 * minutes(whole));
  });

  it('turns --max-cost into the life of the machine, bounded by --timeout', () => {
    const gcp = findCloud('gcp');
    const price = planFor(gcp, wish()).pricePerHour;
    expect(planFor(gcp, wish({ maxCost: price / 2, ...taking(300) })).ttlMinutes).toBe(30);
    expect(planFor(gcp, wish({ maxCost: 100, ...taking(300) })).ttlMinutes).toBe(60);
    expect(planFor(gcp, wish({ maxCost: 100, timeoutMinutes: 20, ...taking(300) })).ttlMinutes).toBe(20);
  });

  it('refuses an estimate above the bound, and says what would fit', () => {
    const aws = findCloud('aws');
    const refused = (): PlanRow => planFor(aws, wish({ size: 'c6i.2xlarge', maxCost: 0.05, ...taking(1200) }));
    expect(refused).toThrow(failing('over-budget', 'budget'));
    expect(refused).toThrow(
      expect.objectContaining({ fix: expect.stringMatching(/--size \S+ .*--max-cost/) }) as Error,
    );
    expect(() => planFor(aws, wish({ maxCost: 0.000001 }))).toThrow(failing('over-budget', 'budget'));
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e9])('refuses --max-cost %p and --timeout %p', (value) => {
    expect(() => planFor(findCloud('aws'), wish({ maxCost: value }))).toThrow(failing('bad-max-cost', 'input'));
    expect(() => planFor(findCloud('aws'), wish({ timeoutMinutes: value }))).toThrow(failing('bad-timeout', 'input'));
  });

  it('says the worst case a day where no timer of the platform or the guest stops the bill', () => {
    const row = planFor(findCloud('digitalocean'), wish());
    expect(row.worstCasePer).toBe('day');
    expect(row.worstCase).toBeCloseTo(row.pricePerHour * 24, 4);
    expect(row.warnings.join('\n')).toContain('a day');
    expect(row.minimumBill).toBe(0.01);
    expect(planFor(findCloud('aws'), wish()).worstCasePer).toBe('job');
  });

  it('counts the rest of the day at what the platform leaves, where its timer ends a part of the bill alone', () => {
    const row = planFor(findCloud('azure'), wish());
    expect(row.worstCasePer).toBe('day');
    expect(row.worstCase).toBeCloseTo(row.pricePerHour + 23 * 0.0083, 4);
    expect(row.endedBy[0]).toMatch(/^platform: after 60 min, Azure deallocates .* \(does not stop the bill\)$/);
    expect(row.warnings.join('\n')).toContain('each one after it $0.20');
  });

  it('counts the smallest life that a timer can be set to', () => {
    const gcp = findCloud('gcp');
    const slow: Cloud = {
      ...gcp,
      endedBy: [{ kind: 'platform', what: 'release', smallestMinutes: 30, stopsBill: true }],
    };
    const row = planFor(slow, wish({ timeoutMinutes: 10, ...taking(60) }));
    expect(row.endedBy).toEqual(['platform: after 30 min, release']);
    expect(row.worstCase).toBeCloseTo(row.pricePerHour / 2, 4);
  });

  it('warns of little memory, of burstable sizes, of a price from elsewhere, of too little time', () => {
    const warnings = (name: string, more: Partial<PlanWish>): string =>
      planFor(findCloud(name), wish(more)).warnings.join('\n');
    expect(warnings('digitalocean', { size: 's-2vcpu-2gb' })).toContain('2 GiB of memory');
    expect(warnings('aws', { size: 't3.medium' })).toContain('surplus credits');
    expect(warnings('aws', { region: 'sa-east-1' })).toContain('sa-east-1 may differ');
    expect(warnings('aws', { timeoutMinutes: 1 })).toContain('raise --timeout');
    expect(warnings('aws', { spot: true })).toContain('upper bound');
    expect(planFor(findCloud('aws'), wish()).warnings).toEqual([]);
  });

  it('takes a live price when there is one, dated today', () => {
    const row = planFor(findCloud('digitalocean'), wish({ livePrice: 0.2, today: new Date('2026-11-28T12:00:00Z') }));
    expect(row).toMatchObject({
      pricePerHour: 0.2,
      priceDate: '2026-11-28',
      priceSource: 'told by the cloud just now',
    });
  });

  it('refuses spot where there is none', () => {
    expect(() => planFor(findCloud('digitalocean'), wish({ spot: true }))).toThrow(failing('no-spot', 'input'));
  });
});

describe('choosing', () => {
  it('takes the lowest estimate or the fewest minutes, among sizes with memory enough and within the bound', () => {
    const rows = rowsOf(findCloud('digitalocean'), wish());
    expect(rows.map((row) => row.size)).not.toContain('s-2vcpu-2gb');
    expect(pickRow(rows, 'fastest')?.vcpus).toBe(8);
    const cheapest = pickRow(rows, 'cheapest');
    expect(Math.min(...rows.map((row) => row.estimate))).toBe(cheapest?.estimate);
    expect(rowsOf(findCloud('aws'), wish({ maxCost: 0.0001 }))).toEqual([]);
    expect(pickRow([], 'cheapest')).toBeNull();
  });
  it.each([
    ['begun hours are billed in full, and two cores need two', 'hetzner', 20_000, 'docker', 4],
    ['a few pictures cost the least bill everywhere', 'digitalocean', 100, 'venv', 8],
    ['twice the cores cost twice as much and do not halve the time', 'aws', 100, 'docker', 2],
  ] as const)('takes more vCPUs where they are cheaper in all: %s', (_, name, images, toolchain, vcpus) => {
    const rows = rowsOf(findCloud(name), wish({ conversion: { ...conversion, images, imageBytes: 2e6, toolchain } }));
    const cheapest = pickRow(rows, 'cheapest');
    expect(cheapest?.vcpus).toBe(vcpus);
  });
});
