import * as pulumi from '@pulumi/pulumi';
import { hostKeyIn } from '../src/local/host-key';
import type { MachineRequest, MachineStack } from './machine';

/** A machine on this computer. The provider behind it is cvicast's own (`src/local/provider.ts`). */
export class LocalMachine extends pulumi.CustomResource {
  declare readonly address: pulumi.Output<string>;
  declare readonly port: pulumi.Output<number>;
  declare readonly user: pulumi.Output<string>;

  constructor(name: string, request: MachineRequest, options?: pulumi.CustomResourceOptions) {
    super(
      'cvicast-local:index:Machine',
      name,
      {
        job: request.job,
        owner: request.owner,
        expiresAt: request.expiresAt,
        publicKey: request.publicKey,
        hostKey: pulumi.secret(hostKeyIn(request.userData)),
        address: undefined,
        port: undefined,
        user: undefined,
      },
      options,
    );
  }
}

/** Nothing is rented: user data is not run, only its host key is taken; region, size and disk are this computer's own. */
const stack: MachineStack = (request) => {
  const machine = new LocalMachine('machine', request);
  return { address: machine.address, port: machine.port, user: machine.user, machineId: machine.id };
};

export default stack;
