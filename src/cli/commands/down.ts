import { UserError, exitCode } from '../../errors';
import { endJobs, stillAlive } from '../../job/down';
import type { Command } from '../command';
import { renderer } from '../progress';
import { toTheEnd } from '../to-the-end';

export const down: Command<{ job: string[] | undefined; all: boolean }> = {
  command: 'down [job..]',
  describe: 'End jobs: machine, keys, rules, disks and processes',
  examples: [
    ['down cv-20261128-112830-7f3a9c', 'end one job'],
    ['down --all', 'end everything that may live'],
  ],
  options: (yargs) =>
    yargs
      .positional('job', { type: 'string', array: true, describe: 'job ids' })
      .option('all', { type: 'boolean', default: false, describe: 'every job that may still live' }),
  run: async (args, { output, home, env }) => {
    const jobs = args.job ?? [];
    if ((jobs.length === 0) === !args.all) {
      throw new UserError({
        code: 'which-job',
        what: 'It is not clear what to end',
        why: 'either job ids or --all must be given',
        fix: 'run `cvicast ls`, then `cvicast down JOB` or `cvicast down --all`',
        exit: 'input',
      });
    }
    const emit = renderer(output, { events: false });
    const goesOn = "the teardown goes on to its end; should this process be killed, the jobs' watchdogs finish it";
    return toTheEnd(output, goesOn, async () => {
      const ended = await endJobs(args.all ? 'all' : jobs, { home, env, emit, signal: new AbortController().signal });
      output.object(ended);
      if (ended.length === 0) output.result('nothing is alive');
      for (const { job, left } of ended) {
        if (left.length === 0) output.result(`${job}: nothing is left`);
        else output.trouble(stillAlive(job, left));
      }
      return ended.some(({ left }) => left.length > 0) ? exitCode.alive : exitCode.done;
    });
  },
};
