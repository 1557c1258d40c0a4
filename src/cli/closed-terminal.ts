import * as fs from 'node:fs';
import * as tty from 'node:tty';

/**
 * Lets the program come to its own end when its terminal is closed, or when whoever reads its output is gone: what it says then
 * is lost, and is no failure of ours.
 */
export function outliveTerminal(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // EIO: the terminal is closed. EPIPE: a reader that stopped early (`cvicast ls | head -1`).
      if (error.code !== 'EIO' && error.code !== 'EPIPE') throw error;
    });
  }
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
