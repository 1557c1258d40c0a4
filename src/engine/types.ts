import type { MachineRequest, MachineStack } from '../../stacks/machine';

/** Where the engine is, and which. */
export interface EngineFound {
  readonly binary: string;
  readonly version: string;
  readonly foundIn: 'PATH' | 'cvicast';
}

export interface StackOptions {
  readonly home: string;
  /** Stack name = job id. */
  readonly job: string;
  /** `file://…` of the home folder unless the user chose another (`s3://…`, `https://api.pulumi.com`). */
  readonly backendUrl?: string;
  /** Folder of the job: the engine's own output goes there (`engine-up.log`, …). */
  readonly logFolder: string;
  /** Passphrase of the stack's secrets; kept by the job (0600), never in state. */
  readonly passphrase: string;
  /** Environment for the engine and its plugins (credentials stay in it and nowhere else). */
  readonly env: NodeJS.ProcessEnv;
  /** Engine configuration of the stack, e.g. `{ 'aws:region': 'eu-central-1' }`. */
  readonly config?: Readonly<Record<string, string>>;
  /** Providers that run in this process or another (`name:port`), for PULUMI_DEBUG_PROVIDERS. */
  readonly attach?: readonly { readonly name: string; readonly port: number }[];
}

export interface StackEvent {
  /** `message`: the engine's own words; `note`: what was done to its locks, its state or itself. */
  readonly kind: 'resource' | 'message' | 'note';
  /** `create`, `delete`, `update`, `read`, `refresh`, … for resources. */
  readonly operation?: string;
  readonly phase?: 'started' | 'done' | 'failed';
  readonly urn?: string;
  readonly type?: string;
  readonly text?: string;
  /** When the engine said so, milliseconds since 1970, to the second below. */
  readonly at?: number;
}

export interface StackResource {
  readonly urn: string;
  readonly type: string;
  readonly id: string | null;
}

export interface UpResult {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly machineId: string;
}

/** One stack in the engine. All methods translate the engine's failures to `UserError`s with code `engine-…` or the cloud's. */
export interface Stack {
  /** Once `signal` is aborted, the engine may finish what it has begun, for two minutes; then it is made to end. */
  up(
    stack: MachineStack,
    request: MachineRequest,
    onEvent?: (event: StackEvent) => void,
    signal?: AbortSignal,
  ): Promise<UpResult>;
  /** Changes what fits the pattern to what the request asks for, and nothing else of the stack; `signal` as for `up`. */
  change(stack: MachineStack, request: MachineRequest, pattern: string, signal?: AbortSignal): Promise<void>;
  /** What the state knows, also of creates that were begun and never answered. */
  resources(): Promise<{ known: StackResource[]; pending: StackResource[] }>;
  /**
   * Refreshes, then destroys; a lock of a dead process on this host is cancelled first, a living engine of this job waited
   * for and then made to end. Pending creates stay: see `resources`.
   */
  destroy(onEvent?: (event: StackEvent) => void): Promise<void>;
  /** Forgets a stack that holds nothing. */
  remove(): Promise<void>;
}
