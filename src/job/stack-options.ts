import type { StackOptions } from '../engine/types';
import type { JobFolder } from './folder';
import type { Place } from './place';

/** Where a job's stack is kept, and which region it is in when none is named. */
export interface StackPlace {
  readonly backendUrl: string | null;
  readonly lease: { readonly region: string };
}

/** How the engine is opened for a job; also by a later process, which finds the passphrase in the job's folder. */
export function stackOptions(
  folder: JobFolder,
  request: StackPlace,
  place: Place,
  providers: readonly { name: string; port: number }[],
  choice: { region: string; zone?: string } = request.lease,
): StackOptions {
  return {
    home: folder.home,
    job: folder.job,
    ...(request.backendUrl === null ? {} : { backendUrl: request.backendUrl }),
    logFolder: folder.engineLogs,
    passphrase: folder.readSecret('passphrase') ?? '',
    env: place.engineEnv(),
    config: place.engineConfig({ region: choice.region, ...(choice.zone === undefined ? {} : { zone: choice.zone }) }),
    attach: providers,
  };
}
