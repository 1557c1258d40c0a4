import * as fs from 'node:fs';
import { messageOf, UserError } from '../../errors';
import { explainLog } from '../../tpumlir';
import type { Command } from '../command';

export const explain: Command<{ log: string }> = {
  command: 'explain <log>',
  describe: 'Say what a log of the toolchain means: cause and fix',
  examples: [['explain out/logs/deploy.log', 'why a step failed']],
  options: (yargs) =>
    yargs.positional('log', { type: 'string', demandOption: true, describe: 'a log file of a conversion step' }),
  run: async (args, { output }) => {
    let text: string;
    try {
      text = await fs.promises.readFile(args.log, 'utf8');
    } catch (thrown) {
      throw new UserError({
        code: 'no-such-log',
        what: `The log ${JSON.stringify(args.log)} cannot be read`,
        why: messageOf(thrown),
        fix: 'give a file of the folder logs/ beside the receipt',
        exit: 'input',
      });
    }
    const found = explainLog(text) ?? {
      stage: 'unknown',
      code: 'not-in-catalogue',
      cause: 'the log holds no failure that cvicast knows',
      fix: "read its last lines; if it did fail, report the log in the project's issues so that it can be added",
    };
    output.object(found);
    output.result(`${found.stage}: ${found.cause}\nfix: ${found.fix}`);
    return 0;
  },
};
