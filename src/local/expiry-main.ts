import { messageOf } from '../errors';
import { removeLocalMachine } from './machines';

/** Started by a machine's timer: ends the machine. Its output is the machine's `expiry.log`. */
const [home = '', job = ''] = process.argv.slice(2);
removeLocalMachine(home, job).catch((thrown: unknown) => {
  process.stderr.write(`${messageOf(thrown)}\n`);
  process.exitCode = 1;
});
