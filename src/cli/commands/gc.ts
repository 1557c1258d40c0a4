import { exitCode } from '../../errors';
import { collect } from '../../job/collect';
import type { Command } from '../command';
import { renderer } from '../progress';
import { table } from '../table';
import { toTheEnd } from '../to-the-end';

interface Arguments {
  provider: string;
  region: string[] | undefined;
  owner: string[] | undefined;
  'dry-run': boolean;
}

export const gc: Command<Arguments> = {
  command: 'gc',
  describe: 'Find by tag what jobs left in an account, and remove what is of this installation',
  examples: [
    ['gc --provider aws --dry-run', 'what would be removed'],
    ['gc --provider digitalocean', 'removes it; lists what bears another owner'],
    ['gc --provider aws --owner 3f2a9c0b7d1e4856', 'when the local state is lost: the owner that the list names'],
  ],
  options: (yargs) =>
    yargs
      .option('provider', { type: 'string', demandOption: true, describe: 'the cloud to ask' })
      .option('region', {
        type: 'string',
        array: true,
        describe: 'only these regions (default: all that cvicast knows)',
      })
      .option('owner', {
        type: 'string',
        array: true,
        describe: 'remove what bears this owner too, be it in use elsewhere or not (16 hex digits)',
      })
      .option('dry-run', { type: 'boolean', default: false, describe: 'remove nothing' }),
  run: async (args, { output, home, env }) => {
    const emit = renderer(output, { events: false });
    const goesOn = 'gc goes on to its end; what it does not come to, another `cvicast gc` finds';
    return toTheEnd(output, goesOn, async () => {
      const found = await collect(
        args.provider,
        args.region ?? [],
        { home, env, emit, signal: new AbortController().signal },
        { dryRun: args['dry-run'], owners: args.owner ?? [] },
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
      for (const { type, id, fix } of found) if (fix !== undefined) output.talk(`${type} ${id}: ${fix}`);
      return found.every(({ verdict }) => verdict === 'removed') ? exitCode.done : exitCode.alive;
    });
  },
};
