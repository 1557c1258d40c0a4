import { exitCode } from '../../errors';
import { collect } from '../../job/collect';
import type { Command } from '../command';
import { renderer } from '../progress';
import { table } from '../table';

export const gc: Command<{ provider: string; region: string[] | undefined; 'dry-run': boolean }> = {
  command: 'gc',
  describe: 'Find by tag what jobs of this installation left in an account, and remove it',
  examples: [
    ['gc --provider aws --dry-run', 'what would be removed'],
    ['gc --provider digitalocean', 'also when the local state is lost'],
  ],
  options: (yargs) =>
    yargs
      .option('provider', { type: 'string', demandOption: true, describe: 'the cloud to ask' })
      .option('region', {
        type: 'string',
        array: true,
        describe: 'only these regions (default: all that cvicast knows)',
      })
      .option('dry-run', { type: 'boolean', default: false, describe: 'remove nothing' }),
  run: async (args, { output, home, env }) => {
    const emit = renderer(output, { events: false });
    const found = await collect(
      args.provider,
      args.region ?? [],
      { home, env, emit, signal: new AbortController().signal },
      { dryRun: args['dry-run'] },
    );
    output.object(found);
    if (found.length === 0) output.result('nothing of cvicast was found');
    else {
      output.result(
        table(
          ['VERDICT', 'TYPE', 'ID', 'REGION', 'JOB', ''],
          found.map((one) => [one.verdict, one.type, one.id, one.region, one.job ?? '-', one.why ?? '']),
        ),
      );
    }
    for (const one of found.filter(({ verdict }) => verdict === 'not-ours'))
      output.talk(`${one.type} ${one.id} is not ours; by hand: ${one.console ?? ''}`);
    return found.some(({ verdict }) => verdict === 'failed') ? exitCode.alive : exitCode.done;
  },
};
