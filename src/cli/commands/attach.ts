import { takeOver } from '../../job/reopen';
import type { Command } from '../command';
import { performJob } from '../perform';

export const attach: Command<{ job: string; 'allow-cidr': string[] | undefined }> = {
  command: 'attach <job>',
  describe: 'Go on with a job whose process is gone while its machine still works',
  examples: [['attach cv-20261128-112830-7f3a9c', 'watch it again, bring the result home, tear it down']],
  options: (yargs) =>
    yargs
      .positional('job', { type: 'string', demandOption: true, describe: 'a job id, see `cvicast ls`' })
      .option('allow-cidr', {
        type: 'string',
        array: true,
        describe: 'who may reach port 22 from now on (default: your address now, or what the job began with)',
      }),
  run: async (args, around) => {
    const allowCidrs = args['allow-cidr'];
    const changes = allowCidrs === undefined ? {} : { allowCidrs };
    const { folder, prepared } = await takeOver(args.job, changes, around);
    return performJob({ kind: 'attach', prepared, folder }, around);
  },
};
