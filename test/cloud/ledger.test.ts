import { Clock } from './core/clock';
import { Ledger } from './core/ledger';

describe('the ledger of a stand-in', () => {
  const made = (billing = { minimumSeconds: 60, stepSeconds: 1 }) => {
    const clock = new Clock();
    const ledger = new Ledger(clock, billing);
    const entry = ledger.add({ kind: 'droplet', id: '1', name: 'one', region: 'nyc3', pricePerHour: 3.6 });
    return { clock, ledger, entry };
  };

  it('bills the smallest time, then every step that was begun', () => {
    const second = 3.6 / 3600;
    const { clock, ledger, entry } = made();
    expect(ledger.bill()).toBeCloseTo(60 * second);
    clock.advance(2);
    ledger.delete(entry, 'api');
    expect(ledger.bill()).toBeGreaterThanOrEqual(120 * second);
    const before = ledger.bill();
    clock.advance(600);
    expect(ledger.bill()).toBe(before);
    expect(made({ minimumSeconds: 3600, stepSeconds: 3600 }).ledger.bill()).toBeCloseTo(3.6);
  });

  it('bills on what is only off', () => {
    const { clock, ledger, entry } = made();
    entry.state = 'off';
    clock.advance(60);
    expect(ledger.bill()).toBeCloseTo(3.6, 2);
  });

  it('shows what is young late, and what is gone never', () => {
    const { ledger, entry } = made();
    entry.hiddenFor = 1;
    expect(ledger.listed('droplet')).toEqual([]);
    expect(ledger.listed('droplet')).toEqual([entry]);
    ledger.delete(entry, 'outside');
    ledger.delete(entry, 'api');
    expect(ledger.listed('droplet')).toEqual([]);
    expect(ledger.get('droplet', '1')).toBeUndefined();
    expect(entry.deletedBy).toBe('outside');
  });
});
