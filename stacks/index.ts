import * as pulumi from '@pulumi/pulumi';
import { requestFrom } from './by-hand';
import type { MachineOutputs, MachineStack } from './machine';

/** What `pulumi up` by hand runs (root Pulumi.yaml): the same functions that `cvicast convert` runs. */
async function program(): Promise<MachineOutputs> {
  const { provider, request } = requestFrom(new pulumi.Config(), pulumi.getStack(), new Date());
  // Only the one that is asked for is loaded: each brings the whole SDK of its cloud.
  const { default: stack } = (await import(`./${provider}`)) as { default: MachineStack };
  return { ...stack(request) };
}

export = program;
