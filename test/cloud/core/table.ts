import type { Clock } from './clock';
import type { Faults } from './faults';
import type { Billing, Entry, Ledger, Props } from './ledger';
import type { MachineSpec } from './machine';
import type { Translation } from '../judges/translation';
import type { Refusal } from './refusal';
import type { Problem, Shape } from './shape';

/** The secret of every account to which a test gives no other. */
export const usualSecret = 'stand-in-secret';

/** The account in which things are made: what a table's functions may look at and change. */
export interface World {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly faults: Faults;
  /** What the test gave: permissions, quota, which regions the account lacks; `image: 'none'`, when no Ubuntu is offered. */
  readonly options: Readonly<Record<string, string>>;
  /** The secret of the account's only credentials. */
  readonly secret: string;
  /** What the engine configured the plugin with, e.g. `region`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Starts the machine of an entry. Answers its address at once; the guest is up a moment later, like everywhere. */
  boot(entry: Entry, spec: MachineSpec, address?: string): Promise<string>;
  /** A public address that no machine has yet, where the cloud hands them out before the machine. */
  newAddress(): string;
  /** Ends the guest; the entry is the caller's. */
  halt(entry: Entry): Promise<void>;
  /** A number that no other entry has. */
  serial(): number;
}

export interface Made {
  readonly entry: Entry;
  /** Outputs for the engine; the inputs are among them. */
  readonly outputs: Props;
}

/** One resource type of a provider plugin. */
export interface Resource {
  /** Ledger kind, e.g. `droplet`. */
  readonly kind: string;
  readonly inputs: Shape;
  /** A second create of the same answers the first, when the plugin asks again: it sends a token along. */
  readonly idempotent?: true;
  /** What the plugin refuses in preview beyond shapes. */
  check?(inputs: Props): Problem[];
  /** Makes it, or throws the cloud's `Refusal`. */
  create(world: World, inputs: Props): Promise<Made> | Made;
  /** New inputs for a living one; without it every change replaces. */
  update?(world: World, entry: Entry, inputs: Props): Props;
  /** Throws a `Refusal` when something still needs it; what goes with it, goes here. */
  remove?(world: World, entry: Entry): Promise<void> | void;
  /** What a destroy meets when the cloud does not know it any more: success, or the plugin's own words. */
  readonly whenGone: 'succeeds' | ((id: string) => string);
}

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Path and query as sent. */
  readonly rawUrl: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** A raw body instead of JSON. */
  readonly text?: string;
}

/** One cloud: everything about it that the shared core does not know. */
export interface CloudTable {
  readonly name: string;
  /** Name of its provider plugin, for PULUMI_DEBUG_PROVIDERS; null where our own provider speaks to the HTTP side. */
  readonly plugin: string | null;
  readonly billing: Billing;
  readonly resources: Readonly<Record<string, Resource>>;
  /** The requests that the real plugin makes of its inputs: what the cloud's own description refuses, this refuses too. */
  readonly requests?: Translation;
  readonly invokes?: Readonly<Record<string, (world: World, args: Props) => Props>>;
  /** The guest has shut itself down. */
  poweredOff(world: World, entry: Entry): Promise<void> | void;
  /** May `address` reach port 22 of this machine? */
  admits(world: World, entry: Entry, address: string): boolean;
  /** Takes away what is deleted from outside, with what goes along. */
  vanish?(world: World, entry: Entry): void;
  /** The cloud's own API. */
  api(world: World, request: HttpRequest): Promise<HttpAnswer> | HttpAnswer;
  /** How its API words a refusal that was ordered; with status, code and message when left out. */
  refusalAnswer?(refusal: Refusal): HttpAnswer;
  /** How the plugin words a refusal; `CODE: message` unless told otherwise. */
  readonly say?: (refusal: Refusal) => string;
  /** Environment under which our own calls, SDKs and plugins find this stand-in, and its credentials. `folder` may hold files of its making. */
  environment(url: string, folder: string, secret: string): Record<string, string>;
}
