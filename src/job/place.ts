import { findCloud } from '../cloud';
import type { Cloud, CloudResource } from '../cloud/types';
import type { MachineStack } from '../../stacks/machine';
import type { JobContext } from './events';

/** Where a job's machine lives, as the job sees it: a stack, and a second opinion on what is left. */
export interface Place {
  readonly name: string;
  readonly cloud: Cloud;
  /** Providers of ours that must be attached to the engine's run. */
  attach(): Promise<{ readonly providers: readonly { name: string; port: number }[]; close(): Promise<void> }>;
  stack(): Promise<MachineStack>;
  engineConfig(choice: { region: string; zone?: string }): Record<string, string>;
  /** Environment of the engine's run: the user's, and what the cloud's own command line knows besides. Never written down. */
  engineEnv(): NodeJS.ProcessEnv;
  /** Which account the credentials open, see `CloudApi.account`. */
  account(): Promise<string | null>;
  /** Everything that carries cvicast's tags there, of any job and owner. A failed listing throws. */
  list(regions: readonly string[]): Promise<CloudResource[]>;
  /** The machine of that id, listed or not; null when it is gone. A failed look-up throws. */
  machineById(id: string, region: string): Promise<CloudResource | null>;
  /** Of its regions those that this account has. */
  regions(): Promise<readonly string[]>;
  remove(resource: CloudResource): Promise<void>;
}

/** The place of a provider's name. Throws `unknown-provider`. */
export function placeOf(provider: string, context: Pick<JobContext, 'home' | 'env'>): Place {
  const cloud = findCloud(provider);
  return cloud.name === 'local' ? localPlace(cloud, context) : cloudPlace(cloud, context);
}

function cloudPlace(cloud: Cloud, context: Pick<JobContext, 'home' | 'env'>): Place {
  const credentials = { env: context.env, homeFolder: context.env['HOME'] ?? context.home };
  const api = () => cloud.api(credentials);
  return {
    name: cloud.name,
    cloud,
    attach: async () => {
      const own = await cloud.ownProvider?.({ env: context.env, homeFolder: context.env['HOME'] ?? context.home });
      if (own === undefined) return { providers: [], close: () => Promise.resolve() };
      const { serveProvider } = await import('../engine/serve-provider');
      const served = await serveProvider(own.provider);
      return { providers: [{ name: own.name, port: served.port }], close: () => served.close() };
    },
    stack: () => cloud.stack(),
    engineConfig: (choice) => cloud.engineConfig({ ...choice, env: context.env }),
    engineEnv: () => ({ ...context.env, ...cloud.engineEnv?.(credentials) }),
    regions: async () => {
      const names = cloud.regions.map((region) => region.name);
      const enabled = await (await api()).enabledRegions?.();
      return enabled === undefined ? names : names.filter((name) => enabled.includes(name));
    },
    account: async () => (await api()).account(),
    list: async (regions) => (await api()).list(regions),
    machineById: async (id, region) => (await api()).machineById(id, region),
    remove: async (resource) => (await api()).remove(resource),
  };
}

function localPlace(cloud: Cloud, context: Pick<JobContext, 'home' | 'env'>): Place {
  return {
    name: cloud.name,
    cloud,
    attach: async () => {
      const { startLocalProvider } = await import('../local/provider');
      const provider = await startLocalProvider({ home: context.home, env: context.env });
      return { providers: [{ name: provider.name, port: provider.port }], close: () => provider.close() };
    },
    stack: () => cloud.stack(),
    engineConfig: () => ({}),
    engineEnv: () => context.env,
    regions: () => Promise.resolve(cloud.regions.map((region) => region.name)),
    account: () => Promise.resolve(null),
    list: async () => {
      const { listLocalMachines } = await import('../local/machines');
      return listLocalMachines(context.home).map((machine) => ({
        kind: 'machine',
        id: machine.job,
        region: 'here',
        job: machine.job,
        owner: null,
        byNameAlone: true as const,
        expiresAt: machine.expiresAt,
        createdAt: machine.createdAt,
      }));
    },
    // The listing reads what is on this disk: nothing is left out of it.
    machineById: () => Promise.resolve(null),
    remove: async (resource) => {
      const { removeLocalMachine } = await import('../local/machines');
      await removeLocalMachine(context.home, resource.id);
    },
  };
}
