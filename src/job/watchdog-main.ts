import * as fs from 'node:fs';
import { messageOf } from '../errors';
import { bestEffort, watch } from './watchdog';

// A closed terminal or a Ctrl-C meant for the client must not end the one who looks after it.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);

// Straight to the file: a full disk would be an error of the stream, which ends the process just when it must act.
const say = bestEffort((line) => void fs.writeSync(process.stdout.fd, `${new Date().toISOString()} ${line}\n`));

// A fault far from the watchdog's own path must not end it either.
for (const fault of ['uncaughtException', 'unhandledRejection'] as const)
  process.on(fault, (thrown: unknown) => say(`an error that nobody caught: ${messageOf(thrown)}`));

const [home = '', job = ''] = process.argv.slice(2);

watch(home, job, process.env, say).then(
  () => process.exit(0),
  (thrown: unknown) => {
    say(`the watchdog failed: ${messageOf(thrown)}`);
    process.exit(1);
  },
);
