import type { Choice } from '../cloud/choice';
import type { ConversionOptions, ToolchainKind } from '../tpumlir/types';

/** A machine of the user's own (`--host`). */
export interface OwnHost {
  readonly user: string;
  readonly address: string;
  readonly port: number;
  readonly hostKeys: readonly string[];
  /** Private key file; absent: the SSH agent. */
  readonly identity?: string;
}

/** Where a machine is rented, and for how long at most. */
export interface Lease {
  readonly region: string;
  readonly size: string;
  /** Where it is tried, in order. */
  readonly choices: readonly Choice[];
  readonly spot: boolean;
  readonly diskGiB: number;
  readonly pricePerHour: number;
  readonly currency: string;
  readonly estimate: number;
  readonly ttlMinutes: number;
  readonly allowCidrs: readonly string[];
}

/** All that a job was asked to do: written before anything is created, so that another process can go on with it. */
export interface JobRequest {
  readonly schemaVersion: 1;
  readonly job: string;
  readonly provider: string;
  readonly host: OwnHost | null;
  readonly lease: Lease;
  readonly backendUrl: string | null;
  readonly model: { readonly path: string; readonly sha256: string; readonly bytes: number };
  readonly imagesPath: string;
  readonly testImagePath: string | null;
  readonly options: ConversionOptions;
  readonly target: string;
  readonly classes: readonly string[];
  readonly convertVersion: boolean;
  readonly toolchain: ToolchainKind;
  readonly toolchainVersion: string;
  readonly imageMirror: string | null;
  readonly out: string;
  /** Hash of model, pictures, options and tool version: the same key, the same calibration table. */
  readonly tableKey: string;
  /** Earlier job whose finished stages are taken over. */
  readonly resumedFrom: string | null;
}
