import { exitCode } from '../../errors';
import { listJobs, mayLive } from '../../job/listing';
import { moneyText } from '../../report/receipt';
import type { Command } from '../command';
import { table } from '../table';

export const ls: Command<{ all: boolean }> = {
  command: 'ls',
  describe: 'Jobs that may still have something alive, compared with what their provider says',
  examples: [
    ['ls', 'what lives, since when, what it has cost'],
    ['ls --all --json', 'every job of this installation'],
  ],
  options: (yargs) => yargs.option('all', { type: 'boolean', default: false, describe: 'also jobs that are over' }),
  run: async (args, { output, home, env }) => {
    const jobs = await listJobs({ home, env }, { all: args.all });
    output.object(jobs);
    if (jobs.length === 0) {
      output.result(args.all ? 'no jobs yet' : 'nothing is alive');
      return exitCode.done;
    }
    output.result(
      table(
        ['JOB', 'PROVIDER', 'STATE', 'AGE', 'LEFT', 'COST', 'ALIVE'],
        jobs.map((job) => [
          job.job,
          job.provider,
          job.state,
          job.startedAt === null ? '-' : minutes(Date.now() - Date.parse(job.startedAt)),
          job.expiresAt === null || job.resources.length === 0 ? '-' : minutes(Date.parse(job.expiresAt) - Date.now()),
          moneyText(job.cost, job.currency),
          job.unknown ??
            (job.resources
              .filter((one) => one.alive !== false)
              .map((one) => `${one.type} ${one.id}`)
              .join(', ') ||
              'nothing'),
        ]),
      ),
    );
    if (jobs.some((job) => job.state !== 'running' && job.resources.length > 0))
      output.talk('`cvicast down --all` ends them');
    return jobs.some(mayLive) ? exitCode.alive : exitCode.done;
  },
};

function minutes(milliseconds: number): string {
  return milliseconds < 0 ? 'over' : `${Math.ceil(milliseconds / 60_000)} min`;
}
