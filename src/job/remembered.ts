import type { JobFolder } from './folder';
import type { LeftOver } from './journal';
import type { JobRequest } from './request';
import type { StackPlace } from './stack-options';

/** What ends a rented or local machine has to know of its job. */
export interface RememberedJob extends StackPlace {
  readonly provider: string;
  readonly toolchain: string;
}

/**
 * The same from the journal's first line, for a job whose request.json is lost; null when that does not tell it either.
 * Where the stack was kept elsewhere (`--backend`), it stays there; what it made is found by its tags.
 */
export function rememberedJob(folder: JobFolder): RememberedJob | null {
  const { opened } = folder.facts();
  if (opened === null || opened.provider === 'host') return null;
  const { provider, toolchain, region } = opened;
  return { provider, toolchain, backendUrl: null, lease: { region } };
}

/** Every region that the job ever asked for a machine in. */
export function regionsOf(folder: JobFolder, job: Pick<JobRequest, 'lease'> | RememberedJob): string[] {
  const asked = folder.journal.read().flatMap((entry) => (entry.type === 'intent' ? [entry.region] : []));
  return [...new Set([job.lease.region, ...asked])];
}

/** What may be left of a job of which nobody knows any more where it was. */
export function unknownLeft(folder: JobFolder): LeftOver {
  const { machine, opened } = folder.facts();
  if (opened?.provider === 'host') {
    return {
      type: 'host',
      id: machine?.address ?? folder.job,
      why: 'its request.json is lost, and with it how to log in to your machine',
      fix: `on that machine, end what runs in the folder cvicast-${folder.job} under /var/tmp and remove it; then remove ${folder.path}`,
    };
  }
  return {
    type: 'unknown',
    id: machine?.machineId ?? folder.job,
    why: 'its request.json is lost, and its journal does not name the provider',
    fix: `run \`cvicast gc --provider NAME\` with the cloud that was used; when it finds nothing more, remove ${folder.path}`,
  };
}
