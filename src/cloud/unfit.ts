import { UserError } from '../errors';
import { suggestion } from '../near-matches';

// What a check before the creation says when a choice cannot be had. Nothing was created when these are thrown.

/** The cloud's own list does not hold the name. */
export function unknownChoice(
  title: string,
  kind: 'region' | 'size' | 'zone',
  name: string,
  names: readonly string[],
): UserError {
  return new UserError({
    code: `unknown-${kind}`,
    what: `${title} has no ${kind} ${JSON.stringify(name)}`,
    why: 'its own list does not name it',
    fix: suggestion(name, names),
    exit: 'input',
  });
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

/** The cloud says that it would refuse. `code` is that of the catalogue's entry, so that failover knows what may help. */
export function wouldRefuse(code: string, what: string, why: string, fix: string): UserError {
  return new UserError({ code, what, why, fix, exit: 'provider' });
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
