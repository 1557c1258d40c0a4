import * as path from 'node:path';
import envPaths from 'env-paths';

/** Folder of everything cvicast keeps on this computer: `CVICAST_HOME`, else the platform's convention. */
export function cvicastHome(env: NodeJS.ProcessEnv = process.env): string {
  return env['CVICAST_HOME'] ? path.resolve(env['CVICAST_HOME']) : envPaths('cvicast', { suffix: '' }).data;
}

/** Where each kind of thing lives under the home folder. */
export const homeFolder = {
  /** One folder a job: journal, request, keys, logs. */
  jobs: (home: string): string => path.join(home, 'jobs'),
  /** The Pulumi file backend (stacks' state). */
  state: (home: string): string => path.join(home, 'state'),
  /** PULUMI_HOME: the engine's own binary (`bin/`) and provider plugins (`plugins/`). */
  engine: (home: string): string => path.join(home, 'pulumi'),
  /** Installed toolchains of the `local` provider, one folder a version key. */
  toolchains: (home: string): string => path.join(home, 'toolchains'),
  /** Calibration tables kept for reuse, one file a key. */
  tables: (home: string): string => path.join(home, 'tables'),
  /** Scratch homes of machines that run on this computer. */
  machines: (home: string): string => path.join(home, 'machines'),
} as const;
