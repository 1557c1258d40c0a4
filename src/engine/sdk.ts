import Module, { createRequire } from 'node:module';
import type * as Automation from '@pulumi/pulumi/automation';

/**
 * What Pulumi's SDK loads at its start and needs only to turn functions into source text, which no program of ours has
 * it do: npm's dependency resolver and the TypeScript compiler. They are more than half of its start-up and of its memory.
 */
const ballast: readonly RegExp[] = [/^@npmcli\/arborist$/, /\/typescript-shim$/];

type Load = (request: string, ...rest: unknown[]) => unknown;

/** Pulumi's automation SDK, whose ballast is loaded by its first use, if there ever is one. */
export const automation = lightly(() => createRequire(__filename)('@pulumi/pulumi/automation') as typeof Automation);

function lightly<T>(load: () => T): T {
  const loader = Module as unknown as { _load: Load };
  const usual = loader._load;
  loader._load = (request, ...rest) => {
    const whole = (): unknown => usual.call(Module, request, ...rest);
    return ballast.some((pattern) => pattern.test(request)) ? lazily(whole) : whole();
  };
  try {
    return load();
  } finally {
    loader._load = usual;
  }
}

/** Stands for a module until somebody takes something out of it. */
function lazily(load: () => unknown): object {
  return new Proxy(
    {},
    {
      get: (_, name) => {
        // How compiled `import *` asks before it would copy all names; it then takes this object as it is.
        if (name === '__esModule') return true;
        const whole = load() as Record<PropertyKey, unknown>;
        return name === 'default' ? (whole['default'] ?? whole) : whole[name];
      },
    },
  );
}
