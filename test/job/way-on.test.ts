import { UserError } from '../../src/errors';
import { withWayOn } from '../../src/job/way-on';

const job = 'cv-20261128-120000-7f3a9c';
const failure = (code: string): UserError =>
  new UserError({ code, what: 'it failed', why: 'for a reason', fix: 'check the network', exit: 'provider' });
const host = { host: 'me@192.0.2.7' };

describe('what a job on a rented machine says in the end', () => {
  test('a machine out of reach: a new one, and what helps where that is out of reach too', () => {
    expect(withWayOn(failure('machine-unreachable'), { job, host: null })).toMatchObject({
      why: 'for a reason; it died or was deleted, or the way to it is shut',
      fix: `\`cvicast resume ${job}\` goes on with a new machine from what was finished. When that one cannot be reached either: check the network`,
    });
  });

  test.each(['engine-failed', 'plugin-died'])(
    '%s: everything is torn down by then, and the job can be resumed',
    (code) => {
      const told = withWayOn(failure(code), { job, host: null });
      expect(told).toMatchObject({ code, what: 'it failed', why: 'for a reason', exit: 'provider' });
      expect((told as UserError).fix).toContain(`\`cvicast resume ${job}\``);
    },
  );

  test('no new machine takes the place of one of the user’s own', () => {
    const own = failure('machine-unreachable');
    expect(withWayOn(own, { job, host })).toBe(own);
  });

  test('everything else knows by itself what to do', () => {
    const bug = new Error('x');
    expect([withWayOn(bug, { job, host: null }), withWayOn(failure('over-budget'), { job, host: null })]).toMatchObject(
      [bug, { fix: 'check the network' }],
    );
  });
});
