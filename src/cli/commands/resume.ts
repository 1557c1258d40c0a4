import { goOn } from '../../job/reopen';
import type { Command } from '../command';
import { agreed } from '../agree';
import { performJob } from '../perform';
import { numberOption } from '../place-options';

interface Arguments {
  job: string;
  provider: string | undefined;
  region: string | undefined;
  size: string | undefined;
  'max-cost': string | undefined;
  timeout: string | undefined;
  'allow-cidr': string[] | undefined;
  yes: boolean;
}

export const resume: Command<Arguments> = {
  command: 'resume <job>',
  describe: 'Do an interrupted job again on a new machine, with the calibration table if it came home',
  examples: [['resume cv-20261128-112830-7f3a9c --timeout 90', 'with more time']],
  options: (yargs) =>
    yargs
      .positional('job', { type: 'string', demandOption: true, describe: 'a job id, see `cvicast ls --all`' })
      .option('provider', { type: 'string', describe: 'another place than before' })
      .option('region', { type: 'string', describe: 'another region than before' })
      .option('size', { type: 'string', describe: 'another size than before' })
      .option('max-cost', { type: 'string', describe: 'another bound of the bill, USD' })
      .option('timeout', { type: 'string', describe: 'another longest life, minutes' })
      .option('allow-cidr', { type: 'string', array: true, describe: 'others than before who may reach port 22' })
      .option('yes', {
        type: 'boolean',
        alias: 'y',
        default: false,
        describe: 'agree to the plan without being asked',
      }),
  run: async (args, around) => {
    const { output } = around;
    const maxCost = numberOption('max-cost', args['max-cost']);
    const timeoutMinutes = numberOption('timeout', args.timeout);
    const prepared = await goOn(
      args.job,
      {
        // A region or size belongs to its cloud: another provider starts from that cloud's own defaults.
        ...(args.provider === undefined
          ? {}
          : { provider: args.provider, host: null, region: undefined, zone: undefined, size: undefined }),
        ...(args.region === undefined ? {} : { region: args.region }),
        ...(args.size === undefined ? {} : { size: args.size }),
        ...(maxCost === undefined ? {} : { maxCost }),
        ...(timeoutMinutes === undefined ? {} : { timeoutMinutes }),
        ...(args['allow-cidr'] === undefined ? {} : { allowCidrs: args['allow-cidr'] }),
      },
      around,
    );
    for (const warning of prepared.warnings) output.talk(`${output.paint('yellow', 'warning:')} ${warning}`);
    return performJob({ kind: 'new', prepared: await agreed(prepared, args.yes, around) }, around);
  },
};
