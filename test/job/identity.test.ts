import * as fs from 'node:fs';
import * as path from 'node:path';
import { isJobId, newJobId, ownerId } from '../../src/job/identity';
import { matching } from '../_helpers/matching';
import { useScratch } from '../_helpers/scratch';

describe('identity', () => {
  const scratch = useScratch();

  test('a new job id is one, and fits every cloud', () => {
    const job = newJobId(new Date('2026-11-28T11:28:30Z'));
    expect(isJobId(job)).toBe(true);
    expect(job).toMatch(/^cv-20261128-112830-[0-9a-f]{6}$/);
    expect(job.length).toBeLessThanOrEqual(40);
  });

  test.each(['../x', 'cv-20261128-112830-7f3a9', 'cv-20261128-112830-7f3a9c/..', ''])('%j is no job id', (text) => {
    expect(isJobId(text)).toBe(false);
  });

  test('the owner id stays, is private, and leaves no other file', () => {
    const home = path.join(scratch(), 'home');
    const owner = ownerId(home);
    expect(owner).toMatch(/^[0-9a-f]{16}$/);
    expect(ownerId(home)).toBe(owner);
    expect(fs.readdirSync(home)).toEqual(['owner']);
    expect(fs.statSync(path.join(home, 'owner')).mode & 0o777).toBe(0o600);
  });

  test.each(['', '0123456789abcde', '0123456789ABCDEF', '0123456789abcdef\n0123456789abcdef'])(
    'an owner file that holds %j is refused: it would go into every tag',
    (text) => {
      fs.writeFileSync(path.join(scratch(), 'owner'), text);
      expect(() => ownerId(scratch())).toThrow(matching({ code: 'owner-damaged', exit: 'input' }));
    },
  );
});
