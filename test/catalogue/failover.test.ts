import { findCloud } from '../../src/cloud';
import type { Choice } from '../../src/cloud/choice';
import { choicesFor, failover, type Tried } from '../../src/cloud/failover';
import { Unfit } from '../../src/cloud/unfit';
import { UserError } from '../../src/errors';

const { errors } = findCloud('aws');
const engine = (text: string): UserError =>
  new UserError({
    code: 'engine-failed',
    what: 'The engine failed',
    why: text,
    fix: 'see its log',
    exit: 'provider',
  });
const full = engine('api error InsufficientInstanceCapacity: We currently do not have sufficient c6i.xlarge capacity');
const quota = engine('api error VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit');
const busy = engine('api error RequestLimitExceeded: Request limit exceeded.');
const forbidden = engine('api error UnauthorizedOperation: You are not authorized to perform this operation.');

const choices: Choice[] = [
  { region: 'r', zone: 'r-a', size: 'four' },
  { region: 'r', zone: 'r-b', size: 'four' },
  { region: 'r', zone: 'r-a', size: 'two' },
];
const short = (choice: Choice): string => `${choice.zone ?? choice.region}/${choice.size}`;

/** Runs failover over a script of failures (`null`: it works) and records what happened in what order. */
async function played(
  script: readonly (Error | null)[],
  options: { limit?: number; cleanUp?: () => Promise<boolean> } = {},
) {
  const happened: string[] = [];
  const passedOn: Tried[] = [];
  const outcome: unknown = await failover(choices, {
    errors,
    attempt: (choice) => {
      happened.push(`try ${short(choice)}`);
      const failure = script[happened.filter((one) => one.startsWith('try')).length - 1] ?? null;
      return failure === null ? Promise.resolve('machine') : Promise.reject(failure);
    },
    cleanUp: (choice) => {
      happened.push(`clean ${short(choice)}`);
      return options.cleanUp?.() ?? Promise.resolve(true);
    },
    onNext: (tried) => passedOn.push(tried),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
  }).catch((thrown: unknown) => thrown);
  return { happened, outcome, passedOn };
}

describe('failover', () => {
  it('goes to the next zone when one is full, after cleaning up', async () => {
    const { happened, outcome, passedOn } = await played([full, null]);
    expect(happened).toEqual(['try r-a/four', 'clean r-a/four', 'try r-b/four']);
    expect(outcome).toMatchObject({ result: 'machine', choice: { zone: 'r-b' } });
    expect(passedOn).toMatchObject([{ code: 'out-of-capacity' }]);
  });

  it('goes to the next size when the quota is too small, whatever zones are left', async () => {
    expect((await played([quota, null])).happened).toEqual(['try r-a/four', 'clean r-a/four', 'try r-a/two']);
  });

  it('tries the same place once more when the cloud was busy, and only once', async () => {
    const { happened, outcome } = await played([busy, busy, null]);
    expect(happened).toEqual(['try r-a/four', 'clean r-a/four', 'try r-a/four', 'clean r-a/four']);
    expect(outcome).toMatchObject({ code: 'throttled', what: expect.stringContaining('2 attempts') });
  });

  it('stops at what no other place mends, and explains what the engine passed on', async () => {
    const { happened, outcome } = await played([forbidden, null]);
    expect(happened).toEqual(['try r-a/four', 'clean r-a/four']);
    const entry = errors.find((one) => one.match.test(forbidden.why))!;
    expect(outcome).toMatchObject({
      ...{ code: entry.code, what: 'The machine could not be made: four in r-a', fix: entry.fix },
      why: `${entry.why} (it said: ${forbidden.why})`,
    });
  });

  it('knows a refusal before the creation by its code, or by what the refusal itself says', async () => {
    const trouble = { what: 'w', why: 'y', fix: 'f', exit: 'provider' } as const;
    const byCode = new UserError({ code: 'quota', ...trouble });
    expect((await played([byCode, null])).happened.at(-1)).toBe('try r-a/two');
    const everywhere = new Unfit({ code: 'size-not-here', ...trouble }, 'size');
    expect((await played([everywhere, null])).happened.at(-1)).toBe('try r-a/two');
    const hopeless = new Unfit({ code: 'quota', ...trouble }, 'stop');
    expect((await played([hopeless, null])).outcome).toBe(hopeless);
  });

  it('leaves as it is what no catalogue knows', async () => {
    const unknown = new Error('something else');
    expect((await played([unknown, null])).outcome).toBe(unknown);
  });

  it('says all that was tried when nothing is left to try', async () => {
    const { happened, outcome } = await played([full, full, full]);
    expect(happened.filter((one) => one.startsWith('clean'))).toHaveLength(3);
    expect(outcome).toMatchObject({
      what: 'No machine could be had in 3 attempts (four in r-a: out-of-capacity; four in r-b: out-of-capacity; two in r-a: out-of-capacity)',
      exit: 'provider',
    });
  });

  it('passes over a size that is not offered, unless the user asked for it, and never tells it as the reason', async () => {
    const unknown = new UserError({ code: 'nothing-like-it', what: 'w', why: 'y', fix: 'f', exit: 'input' });
    expect((await played([unknown, null])).outcome).toBe(unknown);
    const { happened, outcome } = await played([quota, unknown, full]);
    expect(happened.filter((one) => one.startsWith('try'))).toEqual(['try r-a/four', 'try r-a/two']);
    expect(outcome).toMatchObject({ code: 'quota', exit: 'provider' });
  });

  it('keeps to its bound', async () => {
    expect((await played([full, full, full], { limit: 2 })).happened).toHaveLength(4);
  });

  it('tries nothing more when something of an attempt may still live, and tells why that one failed', async () => {
    const { happened, outcome } = await played([full, null], { cleanUp: () => Promise.resolve(false) });
    expect(happened).toEqual(['try r-a/four', 'clean r-a/four']);
    expect(outcome).toMatchObject({ cause: full });
  });

  it('tries nothing more when an attempt could not be cleaned up', async () => {
    const alive = new UserError({ code: 'left', what: 'w', why: 'y', fix: 'f', exit: 'alive' });
    const { happened, outcome } = await played([full, null], { cleanUp: () => Promise.reject(alive) });
    expect(happened).toEqual(['try r-a/four', 'clean r-a/four']);
    expect(outcome).toBe(alive);
  });
});

describe('the places to try', () => {
  const named = { regionNamed: true, sizeNamed: true };
  const free = { regionNamed: false, sizeNamed: false };
  const aws = findCloud('aws');
  const digitalocean = findCloud('digitalocean');

  it('are the zones of the region, then the sizes that can stand in', () => {
    const found = choicesFor(aws, { region: 'eu-central-1', size: 'c6i.xlarge', ...free });
    expect(found.slice(0, 3).map(short)).toEqual([
      'eu-central-1a/c6i.xlarge',
      'eu-central-1b/c6i.xlarge',
      'eu-central-1c/c6i.xlarge',
    ]);
    expect(new Set(found.map((one) => one.region))).toEqual(new Set(['eu-central-1']));
    expect(found.some((one) => one.size === 'c6i.large')).toBe(true);
  });

  it('never leave what the user named', () => {
    const found = choicesFor(aws, { region: 'us-east-1', zone: 'us-east-1c', size: 't3.medium', ...named });
    expect(found).toEqual([{ region: 'us-east-1', zone: 'us-east-1c', size: 't3.medium' }]);
    expect(choicesFor(digitalocean, { region: 'fra1', size: 'c-4', ...named })).toEqual([
      { region: 'fra1', size: 'c-4' },
    ]);
  });

  it('are other regions where a cloud has no zones, the wished one first', () => {
    const found = choicesFor(digitalocean, { region: 'fra1', size: 'c-4', regionNamed: false, sizeNamed: true });
    expect(found[0]).toEqual({ region: 'fra1', size: 'c-4' });
    expect(new Set(found.map((one) => one.region)).size).toBe(digitalocean.regions.length);
  });

  it('leave out sizes that the budget does not allow or that have too little memory', () => {
    const cheap = choicesFor(
      digitalocean,
      { region: 'fra1', size: 's-4vcpu-8gb', regionNamed: true, sizeNamed: false },
      (size) => size.pricePerHour < 0.08,
    );
    expect(cheap.map((one) => one.size)).toEqual(expect.arrayContaining(['s-4vcpu-8gb', 's-2vcpu-4gb']));
    expect(cheap.map((one) => one.size)).not.toContain('c-8');
    expect(cheap.map((one) => one.size)).not.toContain('s-2vcpu-2gb');
  });
});
