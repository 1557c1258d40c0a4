import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { UserError } from '../errors';

/** A job id: begins with a letter, sorts by time, and is unique without asking anyone; at most 40 characters. */
export function newJobId(now: Date = new Date()): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `cv-${stamp}-${randomBytes(3).toString('hex')}`;
}

/** What a job id looks like; anything else never becomes a path or a tag. */
export function isJobId(text: string): boolean {
  return /^cv-\d{8}-\d{6}-[0-9a-f]{6}$/.test(text);
}

/** What the id of an installation looks like. */
export function isOwnerId(text: string): boolean {
  return /^[0-9a-f]{16}$/.test(text);
}

/**
 * The random id of this installation (16 hex digits), made on first use. Only what bears it in the cloud is ours to
 * delete, so two processes that start at once must agree on it: the first writer wins.
 *
 * Throws `UserError` `owner-damaged` when the file holds anything else: it goes into tags, and decides what a sweep removes.
 */
export function ownerId(home: string): string {
  const file = path.join(home, 'owner');
  fs.mkdirSync(home, { recursive: true, mode: 0o700 });
  const mine = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  if (!fs.existsSync(file)) {
    fs.writeFileSync(mine, randomBytes(8).toString('hex'), { mode: 0o600 });
    try {
      fs.linkSync(mine, file); // unlike rename, it never replaces
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    } finally {
      fs.rmSync(mine, { force: true });
    }
  }
  const owner = fs.readFileSync(file, 'utf8').trim();
  if (isOwnerId(owner)) return owner;
  throw new UserError({
    code: 'owner-damaged',
    what: `${file} does not hold this installation's id`,
    why: `16 hex digits were written there, and it holds ${JSON.stringify(owner.slice(0, 40))}`,
    fix: `see \`cvicast ls\` that no job of yours lives, then remove ${file}: a new id is made`,
    exit: 'input',
  });
}
