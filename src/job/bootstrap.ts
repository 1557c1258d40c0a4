import * as path from 'node:path';
import { fullDiskThere, type Machine } from '../machine';
import { homeFolder } from '../paths';
import {
  dockerInstall,
  installedVersions,
  installError,
  installNote,
  installSucceeded,
  networkSettings,
  remotePayload,
  toolchainKey,
  toolchainVersion,
  venvInstall,
  type Install,
  type Toolchain,
} from '../tpumlir';
import type { JobContext } from './events';
import type { JobFolder } from './folder';
import type { JobRequest } from './request';
import type { Progress } from './stages';
import { runUnit } from './units';

export interface Ready {
  readonly toolchain: Toolchain;
  readonly versions: Readonly<Record<string, string>>;
}

/** The job's folder on whatever machine it runs. */
export function remoteJobFolder(job: string): string {
  return `/var/tmp/cvicast-${job}`;
}

/** The install that a job asks for, at the place where its machine keeps toolchains. */
export function installFor(request: JobRequest, home: string, env: NodeJS.ProcessEnv): Install {
  const version = toolchainVersion(request.toolchainVersion);
  const jobFolder = remoteJobFolder(request.job);
  // Settings of this computer's network hold on this computer only.
  const here = request.provider === 'local' ? { network: networkSettings(env) } : {};
  if (request.toolchain === 'docker') {
    return dockerInstall(version, {
      job: request.job,
      jobFolder,
      ...(request.imageMirror === null ? {} : { imageMirror: request.imageMirror }),
      systemPackages: request.host === null && request.provider !== 'local',
      ...here,
    });
  }
  const key = toolchainKey(version);
  if (request.provider === 'local') {
    return venvInstall(version, {
      folder: path.join(homeFolder.toolchains(home), key),
      pythonSearch: (env['PATH'] ?? '').split(path.delimiter),
      ...here,
    });
  }
  if (request.host !== null) return venvInstall(version, { folder: `${jobFolder}/toolchain` });
  return venvInstall(version, { folder: `/var/lib/cvicast/toolchains/${key}`, systemPackages: true });
}

/** Sends our own programs and installs the toolchain; answers at once where it is there already. */
export async function bootstrap(
  machine: Machine,
  request: JobRequest,
  folder: JobFolder,
  context: JobContext,
  progress: Progress,
): Promise<Ready> {
  const install = installFor(request, folder.home, context.env);
  await machine.send([...remotePayload(), ...install.files], '.', { signal: context.signal });
  let heard = '';
  const result = await runUnit(
    machine,
    { name: install.unit, argv: install.argv, cwd: '.' },
    {
      log: path.join(folder.kept, 'logs', `${install.unit}.log`),
      signal: context.signal,
      onOutput: (text) => {
        heard = (heard + text).slice(-10_000);
        progress(null, installNote(heard) ?? undefined);
      },
    },
  );
  if (!installSucceeded(result.output, result.status)) {
    const full = await fullDiskThere(machine, remoteJobFolder(request.job));
    throw full ?? installError(result.output, result.status);
  }
  return { toolchain: install.toolchain(result.output), versions: installedVersions(result.output) };
}
