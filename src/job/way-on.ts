import { UserError } from '../errors';
import type { JobRequest } from './request';

/** What helps after the teardown, by the code of what ended the job; `fix` is what the part that failed knows to say. */
const ways: Readonly<
  Record<string, (resume: string, error: UserError) => { readonly why?: string; readonly fix: string }>
> = {
  // The connection alone cannot tell a machine that died from a way that is shut.
  'machine-unreachable': (resume, { why, fix }) => ({
    why: `${why}; it died or was deleted, or the way to it is shut`,
    fix: `${resume} goes on with a new machine from what was finished. When that one cannot be reached either: ${fix}`,
  }),
  'engine-failed': (resume) => ({
    fix: `mend what it names, then ${resume} tries again; the engine's full output is in the job's folder`,
  }),
  'plugin-died': (resume) => ({
    fix: `${resume} tries again; the engine's full output is in the job's folder`,
  }),
};

/**
 * What a job on a rented machine says in the end: its parts know what failed, but not that everything is torn down by now,
 * what was finished is kept, and `cvicast resume` goes on.
 */
export function withWayOn(failure: unknown, { job, host }: Pick<JobRequest, 'job' | 'host'>): unknown {
  if (!(failure instanceof UserError) || host !== null) return failure;
  const way = ways[failure.code]?.(`\`cvicast resume ${job}\``, failure);
  if (way === undefined) return failure;
  const { code, what, why, exit } = failure;
  return new UserError({ code, what, why, exit, ...way }, { cause: failure });
}
