import type { CloudResource } from './types';

/** Whose a resource is, as told by its tags (see stacks/machine.ts). */
export type Ownership = Pick<CloudResource, 'job' | 'owner' | 'expiresAt'>;

function timeOf(seconds: string | undefined): string | null {
  return seconds !== undefined && /^\d{9,11}$/.test(seconds) ? new Date(Number(seconds) * 1000).toISOString() : null;
}

/** Ownership from tags or labels; `null` when the resource bears no job of cvicast's. */
export function ownershipOf(tags: Readonly<Record<string, string | undefined>>): Ownership | null {
  const job = tags['cvicast-job'];
  if (job === undefined || job === '') return null;
  return { job, owner: tags['cvicast-owner'] ?? null, expiresAt: timeOf(tags['cvicast-expires']) };
}

/** The same from a description, `cvicast-job=… cvicast-owner=… cvicast-expires=…`: for what can bear no labels. */
export function ownershipInText(text: string | null | undefined): Ownership | null {
  const pairs = [...(text ?? '').matchAll(/\b(cvicast-(?:job|owner|expires))=([\w.-]+)/g)];
  return ownershipOf(Object.fromEntries(pairs.map(([, name, value]) => [name as string, value])));
}

/** The same from a name or tag of one piece, `cvicast-job:<job>:<owner>:<expires>`. */
export function ownershipInName(name: string): Ownership | null {
  const [prefix, job, owner, expires] = name.split(':');
  if (prefix !== 'cvicast-job' || !job) return null;
  return { job, owner: owner ?? null, expiresAt: timeOf(expires) };
}

/** Whether a bare name is a job's id: where a cloud lets a resource bear nothing but its name. */
export function isJobName(name: string): boolean {
  return /^cv-\d{8}-\d{6}-[0-9a-f]{6}$/.test(name);
}
