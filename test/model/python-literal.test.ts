import { classNames, parsePythonLiteral } from '../../src/model/python-literal';

test.each<[string, unknown]>([
  [
    "{0: 'cat', 1: \"it's\"}",
    new Map([
      [0, 'cat'],
      [1, "it's"],
    ]),
  ],
  ["['a', 'b',]", ['a', 'b']],
  ['(1, -2.5e3, True, None)', [1, -2500, true, null]],
  ["{'a': {'b': [1]}}", new Map([['a', new Map([['b', [1]]])]])],
  [String.raw`'\x41\u00e9\U0001F600\n\\\''`, "Aé😀\n\\'"],
  ['[640, 640]', [640, 640]],
  ['32', 32],
])('%s', (text, value) => {
  expect(parsePythonLiteral(text)).toEqual(value);
});

test.each([
  '',
  '{',
  "{0: 'a'",
  '__import__("os").system("x")',
  "{0: 'a'} + 1",
  "'open",
  '[1 2]',
  String.raw`'\xZZ'`,
  String.raw`'\UFFFFFFFF'`,
  '['.repeat(10_000),
  'lambda: 0',
])('%s is no literal', (text) => {
  expect(parsePythonLiteral(text)).toBeUndefined();
});

test('class names by index, or none', () => {
  expect(classNames("{1: 'b', 0: 'a'}")).toEqual(['a', 'b']);
  expect(classNames("['a', 'b']")).toEqual(['a', 'b']);
  expect(classNames("{0: 'a', 2: 'b'}")).toEqual([]);
  expect(classNames("{'x': 'a'}")).toEqual([]);
  expect(classNames('{0: [1]}')).toEqual([]);
  expect(classNames('gibberish')).toEqual([]);
  expect(classNames(undefined)).toEqual([]);
});
