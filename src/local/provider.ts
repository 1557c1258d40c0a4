import type { Provider } from '@pulumi/pulumi/provider';
import { serveProvider } from '../engine/serve-provider';
import { removeLocalMachine, startLocalMachine, stateOfLocalMachine, type LocalMachineRequest } from './machines';

/** Name of the package that the resource in `stacks/local.ts` belongs to. */
export const localPackage = 'cvicast-local';

/**
 * The provider of machines on this computer. Its resource's id is the job's; what it makes outlives this process, and a
 * later one (or no engine at all, see `machines.ts`) ends it.
 */
export function localProvider(where: { home: string; env: NodeJS.ProcessEnv }): Provider {
  const { home, env } = where;
  return {
    version: '1.0.0',
    diff: (_id, _urn, olds, news) => {
      const replaces = replacing.filter(
        (name) => (olds as Record<string, unknown>)[name] !== (news as Record<string, unknown>)[name],
      );
      return Promise.resolve({ changes: replaces.length > 0, replaces, deleteBeforeReplace: true });
    },
    create: async (_urn, inputs) => {
      const request = inputs as LocalMachineRequest;
      const { job, owner, expiresAt, publicKey, port, user, mode } = {
        ...request,
        ...(await startLocalMachine(home, env, request)),
      };
      return { id: job, outs: { job, owner, expiresAt, publicKey, address: '127.0.0.1', port, user, mode } };
    },
    read: async (id, _urn, props) =>
      // One that lies dead is still there: only a delete ends what it left.
      (await stateOfLocalMachine(home, id, env)) === 'gone' ? { id: '' } : { id, props: props as unknown },
    delete: (id) => removeLocalMachine(home, id, env),
  };
}

const replacing = ['job', 'owner', 'expiresAt', 'publicKey'];

/** Serves the provider to an engine on this computer; `name` and `port` go to `StackOptions.attach`. */
export async function startLocalProvider(where: {
  home: string;
  env: NodeJS.ProcessEnv;
}): Promise<{ name: string; port: number; close(): Promise<void> }> {
  return { name: localPackage, ...(await serveProvider(localProvider(where))) };
}
