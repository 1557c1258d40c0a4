import * as fs from 'node:fs';
import * as tty from 'node:tty';
import { UserError } from '../errors';
import { Output } from './output';

/**
 * Lets the program come to its own end when its terminal is closed (EIO), or when whoever reads its output is gone (EPIPE: a
 * reader that stopped early, `cvicast ls | head -1`): that is no failure of ours, and there is nobody to tell of it. An error
 * of stderr that was thrown would be reported on stderr, and so on for ever, while the machine lives. Results that were lost
 * in another way, on a full disk for example, are told once.
 */
export function outliveReaders(): void {
  let told = false;
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (told || error.code === 'EPIPE' || error.code === 'EIO') return;
    told = true;
    process.exitCode = new Output({ json: false, quiet: false }).trouble(
      new UserError({
        code: 'output-lost',
        what: 'The results could not be written to stdout',
        why: error.message,
        fix: 'make room where stdout goes, or send it elsewhere',
        exit: 'input',
      }),
    );
  });
  process.on('exit', forgetClosedTerminal);
}

/**
 * At its end, node puts every terminal back into the state in which it found it, and aborts where that fails. A closed terminal
 * is therefore replaced by nothing before: node leaves alone what was opened anew.
 */
function forgetClosedTerminal(): void {
  for (const descriptor of [0, 1, 2]) {
    try {
      if (!fs.fstatSync(descriptor).isCharacterDevice() || tty.isatty(descriptor)) continue;
      fs.closeSync(descriptor);
      // The lowest free number is the one just closed.
      fs.openSync('/dev/null', 'r+');
    } catch {
      // It was never open: nothing is put back then.
    }
  }
}
