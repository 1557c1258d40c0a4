import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { quote } from '../../src/machine';

/** What a real shell makes of a quoted command: the arguments that the program gets. */
function throughShell(shell: string, argv: readonly string[]): string[] {
  const out = execFileSync(shell, ['-c', quote(['printf', '%s\\0', ...argv])], { encoding: 'utf8' });
  return out.split('\0').slice(0, -1);
}

const hostile = [
  ...[
    '',
    ' ',
    '\n',
    '\t',
    "'",
    "''",
    '"',
    '\\',
    "\\'",
    '$',
    '$x',
    '${x}',
    '$(id)',
    '`id`',
    '!',
    '!!',
    '*',
    '?',
    '[a-z]',
  ],
  ...[
    '~',
    '~root',
    '#',
    '# no comment',
    ';',
    '&',
    '&&',
    '|',
    '<',
    '>',
    '(',
    ')',
    '{a,b}',
    '=',
    'a=b',
    '=ls',
    '-n',
    '--',
  ],
  ...['\r\n', '\x01\x7f', 'ä', '日本語', '🙂', "it's; rm -rf /", '%s', '\u00a0', '\u2028'],
];

describe('quote', () => {
  it.each(['/bin/sh', '/bin/bash'])('brings each hostile word through %s unchanged, alone and together', (shell) => {
    expect(throughShell(shell, hostile)).toEqual(hostile);
  });

  it('brings random words through unchanged', () => {
    const letters = Array.from(`ab '"\\$\`(){}[]*?!~#;&|<>=-%\n\t^@:,.ä🙂`);
    const word = (): string => Array.from({ length: randomInt(12) }, () => letters[randomInt(letters.length)]).join('');
    for (let round = 0; round < 40; round++) {
      const words = Array.from({ length: 25 }, word);
      expect(throughShell('/bin/sh', words)).toEqual(words);
    }
  });

  it('leaves plain words plain, so that people can read what is run', () => {
    expect(quote(['model_deploy', '--mlir', 'yolo.mlir', '--x=1', 'a b'])).toBe(
      `model_deploy --mlir yolo.mlir --x=1 'a b'`,
    );
  });

  it.each(['if', '!', '{', 'while', 'A=b', '~', 'a b', "it's"])('takes %s in front for a program', (program) => {
    const run = (): unknown => execFileSync('/bin/sh', ['-c', quote([program])], { stdio: 'ignore', env: {} });
    expect(run).toThrow(expect.objectContaining({ status: 127 }) as Error);
  });

  it('refuses what no command line can carry', () => {
    expect(() => quote(['a', 'b\0c'])).toThrow('NUL');
    expect(() => quote([])).toThrow('program');
  });
});
