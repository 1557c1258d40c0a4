import { drawTogether, drawTurn } from './draw';
import { Random } from './random';
import { growthBetween, growthOver, typical, type Turn } from './verdict';

const names = (seed: number, from: number, to: number): string[] => {
  const random = new Random(seed);
  const turns = Array.from({ length: to }, (_, index) => drawTurn(random, { first: index === 0, last: false }));
  return turns.slice(from).map(({ fault, stage, place }) => `${fault.name} × ${stage.name} on ${place}`);
};

describe('what a soak draws', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(names(7, 0, 30)).toEqual(names(7, 0, 30));
    expect(names(8, 0, 30)).not.toEqual(names(7, 0, 30));
  });

  it('is of both places, and of many faults', () => {
    const drawn = names(7, 1, 200);
    expect(drawn.filter((name) => name.endsWith('on local')).length).toBeGreaterThan(20);
    expect(new Set(drawn.map((name) => name.split(' × ')[0])).size).toBeGreaterThan(20);
  });

  it('for conversions at once is nothing that meets all of them', () => {
    for (let seed = 0; seed < 50; seed++) {
      const { faults } = drawTogether(new Random(seed), 4);
      expect(faults.map(({ alone }) => alone)).toEqual([true, true, true, true]);
    }
  });
});

describe('the verdict', () => {
  const sample = { handles: 18, kib: 56_000 };

  it('takes what a collector has not yet freed for no leak, and more for one', () => {
    expect(growthBetween('it', sample, { handles: 19, kib: 60_000 })).toEqual([]);
    expect(growthBetween('it', sample, { handles: 40, kib: 56_000 })).toEqual(['it: handles went from 18 to 40']);
    expect(growthBetween('it', sample, { handles: 18, kib: 99_000 })).toEqual(['it: kib went from 56000 to 99000']);
  });

  it('takes watchdogs that nobody saw for a failure, not for no growth', () => {
    expect(growthOver(sample, sample)).toEqual([]);
    expect(growthOver(sample, { ...sample, handles: 40 })).toHaveLength(1);
    expect(growthOver(sample, null)).toEqual([expect.stringContaining('no watchdog of the last jobs was seen')]);
    expect(growthOver(null, null)).toHaveLength(2);
  });

  it('compares the typical watchdog, of those that were seen', () => {
    const turn = (kib: number | null): Turn => ({ watchdog: kib === null ? null : { handles: 18, kib } }) as Turn;
    expect(typical([turn(1), turn(900), turn(null), turn(2)])).toEqual({ handles: 18, kib: 2 });
    expect(typical([turn(null)])).toBeNull();
  });
});
