import { UserError, type Trouble } from '../errors';
import { suggestion } from '../near-matches';
import type { CloudErrorEntry } from './types';

// What a check before the creation says when a choice cannot be had. Nothing was created when these are thrown.

/**
 * A refusal that knows better than its code what may help: what a whole region lacks is in none of its zones, and what
 * the account lacks is lacking everywhere.
 */
export class Unfit extends UserError {
  constructor(
    trouble: Trouble,
    readonly next: CloudErrorEntry['next'],
  ) {
    super(trouble);
  }
}

/** The cloud's own list does not hold the name. Another size may be in it; a region or zone was the user's to name. */
export function unknownChoice(
  title: string,
  kind: 'region' | 'size' | 'zone',
  name: string,
  names: readonly string[],
): UserError {
  return new Unfit(
    {
      code: `unknown-${kind}`,
      what: `${title} has no ${kind} ${JSON.stringify(name)}`,
      why: 'its own list does not name it',
      fix: suggestion(name, names),
      exit: 'input',
    },
    kind === 'size' ? 'size' : 'stop',
  );
}

/** TPU-MLIR exists for x86-64 only. */
export function armSize(size: string, architecture: string, fix: string): UserError {
  return new UserError({
    code: 'arm-size',
    what: `Size ${size} cannot convert`,
    why: `it has an ${architecture} processor, and TPU-MLIR exists for x86-64 only`,
    fix,
    exit: 'input',
  });
}

/**
 * The cloud says that it would refuse. `code` is that of the catalogue's entry, so that failover knows what may help;
 * `next` where it is known better.
 */
export function wouldRefuse(
  code: string,
  what: string,
  why: string,
  fix: string,
  next?: CloudErrorEntry['next'],
): UserError {
  const trouble: Trouble = { code, what, why, fix, exit: 'provider' };
  return next === undefined ? new UserError(trouble) : new Unfit(trouble, next);
}

/** Something that no stack of ours makes: never deleted. */
export function notOurs(title: string, kind: string, id: string, fix: string): UserError {
  return new UserError({
    code: 'unknown-resource',
    what: `cvicast cannot delete ${kind} ${JSON.stringify(id)} at ${title}`,
    why: 'it makes no such thing, or the id does not look like one',
    fix,
    exit: 'input',
  });
}
