import { openStack } from '../../src/engine/stack';
import type { StackOptions } from '../../src/engine/types';
import { startLocalProvider } from '../../src/local/provider';
import localStack from '../../stacks/local';
import type { MachineRequest } from '../../stacks/machine';

/** A client of the engine in a process of its own, made to be killed: `up` with the options in its first argument. */
export interface ClientOrder {
  readonly options: StackOptions;
  readonly request: MachineRequest;
}

async function main(order: ClientOrder): Promise<void> {
  const { options, request } = order;
  const attach = options.attach ?? [await startLocalProvider({ home: options.home, env: options.env })];
  const stack = await openStack({ ...options, attach });
  const up = await stack.up(localStack, request);
  process.stdout.write(JSON.stringify(up));
  process.exit(0);
}

if (require.main === undefined || process.argv[1]?.endsWith('engine-client.ts') === true) {
  main(JSON.parse(process.argv[2] ?? '') as ClientOrder).catch((thrown: unknown) => {
    process.stderr.write(`${String(thrown)}\n`);
    process.exit(1);
  });
}
