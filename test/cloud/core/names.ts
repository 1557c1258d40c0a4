import { createHash, randomBytes } from 'node:crypto';

/** An id such as `vpc-0a1b2c3d4e5f60718`: a prefix and random hex digits. */
export function hexId(prefix: string, digits = 17): string {
  return (
    prefix +
    randomBytes(Math.ceil(digits / 2))
      .toString('hex')
      .slice(0, digits)
  );
}

/** The same id for the same words, every time. */
export function fixedId(prefix: string, words: string, digits = 17): string {
  return prefix + createHash('sha256').update(words).digest('hex').slice(0, digits);
}

/** `request-id` and the like. */
export function upperId(digits = 32): string {
  return hexId('', digits).toUpperCase();
}
