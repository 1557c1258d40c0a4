import { isCidr, within } from './core/cidr';
import { flag, list, map, number, object, text, unknownValue } from './core/shape';

describe('shapes of inputs', () => {
  const shape = object(
    { name: text(/^[a-z]+$/), size: number(1, 4) },
    { tags: map(/^[a-z]+$/), keys: list(text(), 1), spot: flag },
  );
  const problems = (value: unknown) => shape(value, '').map((one) => one.property);

  it('takes what fits, what is not known yet, and the bookkeeping of bridges', () => {
    expect(problems({ name: 'abc', size: 2, tags: { a: 'b' }, keys: ['k'], spot: true, __defaults: [] })).toEqual([]);
    expect(problems({ name: unknownValue, size: unknownValue, keys: unknownValue })).toEqual([]);
  });

  it.each([
    ['a missing field', { name: 'abc' }, ['size']],
    ['an unknown field', { name: 'abc', size: 1, nmae: 'x' }, ['nmae']],
    ['a value out of bounds', { name: 'abc', size: 5 }, ['size']],
    ['a wrong type', { name: 7, size: '1' }, ['name', 'size']],
    ['an empty list', { name: 'abc', size: 1, keys: [] }, ['keys']],
    ['a wrong item', { name: 'abc', size: 1, keys: [1] }, ['keys[0]']],
    ['a wrong key of a map', { name: 'abc', size: 1, tags: { A: 'b' } }, ['tags.A']],
  ])('refuses %s', (_what, value, wanted) => {
    expect(problems(value)).toEqual(wanted);
  });

  it('knows ranges of addresses', () => {
    expect(isCidr('203.0.113.7/32') && isCidr('10.0.0.0/8')).toBe(true);
    for (const bad of ['300.1.1.1/32', '10.0.0.1/8', '10.0.0.0', '10.0.0.0/33', '::/0'])
      expect(isCidr(bad)).toBe(false);
    expect(within('127.0.0.1', ['127.0.0.1/32'])).toBe(true);
    expect(within('127.0.0.1', ['203.0.113.7/32'])).toBe(false);
  });
});
