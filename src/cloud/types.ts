import type { Provider } from '@pulumi/pulumi/provider';
import type { MachineStack } from '../../stacks/machine';

/** What the rest of the house knows of a place where a machine can live. */

export type Purpose = 'general' | 'burstable';

export interface Throttle {
  readonly afterSeconds: number;
  readonly share: number;
}

export interface MachineSize {
  readonly name: string;
  readonly vcpus: number;
  readonly memoryGiB: number;
  readonly purpose: Purpose;
  /** For burstable sizes: what running flat out does to price or speed. One sentence. */
  readonly burstNote?: string;
  /** For burstable sizes that are slowed down: the seconds of full work before that, and the share of the speed that is left. */
  readonly throttle?: Throttle;
  /** List price of one hour in the default region, without tax; disk and address included where the cloud bills them apart. */
  readonly pricePerHour: number;
  readonly currency: 'USD';
}

export interface PriceSource {
  /** ISO date on which the list price was read. */
  readonly date: string;
  readonly source: string;
}

export interface CloudRegion {
  readonly name: string;
  readonly title: string;
  readonly zones?: readonly string[];
}

/** What may end the machine when this computer is gone. `sure` = the platform does it, whatever the guest does. */
export interface EndedBy {
  readonly what: string;
  readonly kind: 'platform' | 'guest' | 'watchdog' | 'sweep';
  /** Smallest life it can be armed for, minutes. */
  readonly smallestMinutes?: number;
  readonly stopsBill: boolean;
  /** USD an hour that is billed on after it, where it stops only the machine's own part of the bill. */
  readonly leavesPerHour?: number;
}

export interface CredentialsReport {
  readonly found: boolean;
  /** Where, in words: `AWS_ACCESS_KEY_ID`, `profile "default" of ~/.aws/credentials`. Never a value. */
  readonly where: string;
  readonly missing: readonly string[];
  /** The exact command that mends it. */
  readonly fix: string;
}

/** A resource of ours that the cloud itself lists. */
export interface CloudResource {
  readonly kind: string;
  readonly id: string;
  readonly region: string;
  readonly job: string | null;
  readonly owner: string | null;
  readonly expiresAt: string | null;
  readonly createdAt: string | null;
  /** Page of the cloud's console where it can be removed by hand. */
  readonly console?: string;
  /** It can bear no owner, and its name is the job's id: nothing better can be asked of it. */
  readonly byNameAlone?: true;
}

export interface CloudErrorEntry {
  /** The cloud's own code, as it appears in the engine's or the API's message. */
  readonly match: RegExp;
  readonly code: string;
  readonly why: string;
  readonly fix: string;
  /** What may help by itself: the next zone, the next size, a second try, or nothing. */
  readonly next: 'zone' | 'size' | 'retry' | 'stop';
}

export interface CloudCredentialsContext {
  readonly env: NodeJS.ProcessEnv;
  readonly homeFolder: string;
}

/** The cloud's own API, as far as we use it beside Pulumi: checks before, list and delete after. */
export interface CloudApi {
  /** Throws a `UserError` when credentials, region, zone or size are refused. Creates nothing. */
  preflight(choice: { region: string; zone?: string; size: string; spot?: boolean }): Promise<void>;
  /**
   * Which account (project, subscription, team) the credentials open: never a secret. Null where nobody can be asked:
   * no account, or addresses of which only some were replaced.
   */
  account(): Promise<string | null>;
  /** Everything in the account that carries cvicast's tags, in all regions asked for. A failed listing throws. */
  list(regions: readonly string[]): Promise<CloudResource[]>;
  /** The machine of that id, with or without tags, for a listing may leave it out; null when it is gone. A failed look-up throws. */
  machineById(id: string, region: string): Promise<CloudResource | null>;
  /**
   * Regions in which this account may have anything, where the cloud keeps regions apart and an account need not have all:
   * nothing can be asked in the others, and nothing is there.
   */
  enabledRegions?(): Promise<readonly string[]>;
  /** Deletes one; succeeds when it is gone already. Throws a `UserError` with the cloud's reason otherwise. */
  remove(resource: CloudResource): Promise<void>;
  /** Live list price of a size, USD an hour, where the cloud tells it without an extra key. */
  livePrice?(choice: { region: string; size: string }): Promise<number | null>;
}

/** What the engine is served of a provider of ours. */
export type OwnProvider = Pick<
  Provider,
  'version' | 'check' | 'diff' | 'create' | 'read' | 'update' | 'delete' | 'invoke'
>;

export interface Cloud {
  readonly name: string;
  readonly title: string;
  /** npm package of its Pulumi SDK, e.g. `@pulumi/aws`; the plugin's name is its last part. */
  readonly package: string;
  readonly plugin: string;
  readonly user: string;
  readonly image: string;
  readonly regions: readonly CloudRegion[];
  readonly defaultRegion: string;
  readonly sizes: readonly MachineSize[];
  readonly defaultSize: string;
  /** The size that the usual guide names. */
  readonly guideSize: string;
  readonly price: PriceSource;
  /** Smallest bill, seconds, and the step above it. */
  readonly billing: {
    readonly minimumSeconds: number;
    readonly stepSeconds: number;
    /** Smallest amount on the bill, where the cloud has one besides the smallest time. */
    readonly minimumCharge?: number;
  };
  readonly spot: boolean;
  readonly endedBy: readonly EndedBy[];
  /** What its listings call a machine, see `CloudResource.kind`. */
  readonly machineKind: string;
  /** What the stack creates, in words, for the plan: `1 droplet`, `1 firewall`. */
  readonly creates: readonly string[];
  /** Names of this cloud's sizes with an arm64 processor: TPU-MLIR has no build for them. */
  readonly armSizes?: RegExp;
  readonly errors: readonly CloudErrorEntry[];
  /** Seconds from the request until SSH answers; measured or estimated, said which in docs/providers/. */
  readonly bootSeconds: number;
  /** Where its console lists machines. */
  readonly console: string;
  credentials(context: CloudCredentialsContext): Promise<CredentialsReport>;
  /** Engine configuration for a region, e.g. `{ 'aws:region': region }`, endpoints of the user's environment included. */
  engineConfig(choice: { region: string; zone?: string; env: NodeJS.ProcessEnv }): Record<string, string>;
  /**
   * Variables that the engine's plugin needs beside the user's own environment, where the credentials lie in a file that
   * the plugin does not read (doctl's). For the engine's processes only: never written, never logged.
   */
  engineEnv?(context: CloudCredentialsContext): Readonly<Record<string, string>>;
  /** Loads the API client; not called before credentials were found. */
  api(context: CloudCredentialsContext): Promise<CloudApi>;
  /** Loads the Pulumi program (and with it the SDK): called only when a machine is wanted. */
  stack(): Promise<MachineStack>;
  /** A provider of our own, where the cloud has no plugin: whoever runs the engine serves it under this name. */
  ownProvider?(context: CloudCredentialsContext): Promise<{ readonly name: string; readonly provider: OwnProvider }>;
}
