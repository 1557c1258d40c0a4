import type * as pulumi from '@pulumi/pulumi';

/** What every stack is asked for: one ephemeral x86-64 Ubuntu 22.04 machine. Plain data; `userData` is secret. */
export interface MachineRequest {
  /** Job id, e.g. `cv-20261128-112830-7f3a9c`: lower-case letters, digits, dashes; starts with a letter; at most 40 characters. */
  readonly job: string;
  /** Random id of this installation (16 hex digits): only what bears it is ours to delete. */
  readonly owner: string;
  /** When the machine must be gone, ISO 8601 UTC with `Z`. */
  readonly expiresAt: string;
  /** The same as whole minutes from this request on, at least 1: what is left of the job's time. */
  readonly ttlMinutes: number;
  readonly region: string;
  readonly zone?: string;
  readonly size: string;
  readonly spot: boolean;
  readonly diskGiB: number;
  /** Addresses that may reach port 22, CIDR. Never empty, never 0.0.0.0/0 unless the user said so. */
  readonly allowCidrs: readonly string[];
  /** The job's public key, OpenSSH one-line form. */
  readonly publicKey: string;
  /** cloud-init user data (`#cloud-config`): holds the machine's private host key, so wrap it with `pulumi.secret`. */
  readonly userData: string;
}

/** What every stack gives back. */
export interface MachineOutputs {
  readonly address: pulumi.Input<string>;
  readonly port: pulumi.Input<number>;
  readonly user: pulumi.Input<string>;
  /** The cloud's own id of the machine. */
  readonly machineId: pulumi.Input<string>;
}

/**
 * One place where a machine can live, as a Pulumi program. What holds its rule of port 22 is called `firewall…`, so that
 * this rule alone can be changed later (see `ruleOfPort22`).
 */
export type MachineStack = (request: MachineRequest) => MachineOutputs;

/** The engine's pattern for what of a stack depends on `allowCidrs`. */
export const ruleOfPort22 = '**::firewall*';

/** Tags (or labels) that every resource carries; how a sweep knows what is ours. */
export function tagsOf(request: MachineRequest): Record<'cvicast-job' | 'cvicast-owner' | 'cvicast-expires', string> {
  return {
    'cvicast-job': request.job,
    'cvicast-owner': request.owner,
    // Seconds since 1970: digits alone pass every cloud's rules for label values.
    'cvicast-expires': String(Math.floor(Date.parse(request.expiresAt) / 1000)),
  };
}
