import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { serveProvider } from '../../src/engine/serve-provider';

/** A cloud whose create answers when it is told to. It lives in this process: it outlives the client, as a cloud does. */
export async function slowCloud() {
  const ledger: string[] = [];
  let begun = (): void => undefined;
  let finish = (): void => undefined;
  const asked = new Promise<void>((resolve) => (begun = resolve));
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const served = await serveProvider({
    create: async () => {
      begun();
      await finished;
      ledger.push('created');
      return { id: 'vm-1', outs: { address: '192.0.2.1', port: 22, user: 'root' } };
    },
    delete: () => Promise.resolve(void ledger.push('deleted')),
  });
  return {
    name: 'cvicast-local',
    port: served.port,
    ledger,
    finish: () => finish(),
    /** Waits for the request to arrive; fails when the client ends before. */
    asked: (client?: ChildProcess) => Promise.race([asked, ...(client === undefined ? [] : [ended(client)])]),
    close: () => served.close(),
  };
}

async function ended(client: ChildProcess): Promise<never> {
  const [code] = (await once(client, 'exit')) as [number];
  throw new Error(`the client ended by itself with ${code}`);
}
