import { Bug } from '../errors';

/** Words that a POSIX shell (or bash) reads as syntax when they stand first. */
const reserved = new Set(
  '! { } case do done elif else esac fi for if in then until while function select time coproc'.split(' '),
);

function quoteWord(word: string, first: boolean): string {
  if (word.includes('\0')) throw new Bug('an argument holds a NUL, which no command line can carry');
  // A first word with `=` would be an assignment; a leading `=` or `~` expands in some shells.
  const plain = first ? /^[A-Za-z0-9_./][A-Za-z0-9_./-]*$/ : /^[A-Za-z0-9_./:,@%+-][A-Za-z0-9_./:,@%+=-]*$/;
  if (plain.test(word) && !(first && reserved.has(word))) return word;
  // Inside single quotes a POSIX shell expands nothing at all; only the quote itself must step outside.
  return `'${word.replace(/'/g, `'\\''`)}'`;
}

/**
 * Writes an argument list as one command for a POSIX shell, so that the program gets exactly these arguments. The one
 * place where this project quotes for a shell.
 *
 * @throws Bug when there is no program, or an argument holds a NUL.
 */
export function quote(argv: readonly string[]): string {
  if (!argv[0]) throw new Bug('a command needs a program');
  return argv.map((word, index) => quoteWord(word, index === 0)).join(' ');
}
