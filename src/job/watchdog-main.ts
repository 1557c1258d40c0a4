import { messageOf } from '../errors';
import { watch } from './watchdog';

// A closed terminal or a Ctrl-C meant for the client must not end the one who looks after it.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);

const say = (line: string): void => void process.stdout.write(`${new Date().toISOString()} ${line}\n`);
const [home = '', job = ''] = process.argv.slice(2);

watch(home, job, process.env, say).then(
  () => process.exit(0),
  (thrown: unknown) => {
    say(`the watchdog failed: ${messageOf(thrown)}`);
    process.exit(1);
  },
);
