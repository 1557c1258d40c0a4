import type { Choice } from '../cloud/choice';
import type { RawConversionOptions } from '../tpumlir';
import type { ConversionOptions, ToolchainKind } from '../tpumlir/types';

/** A machine of the user's own (`--host`). Its keys stay where they are; only the words of the command line are kept. */
export interface OwnHost {
  /** `user@address[:port]`. */
  readonly host: string;
  /** Private key file; absent: the SSH agent, then the usual files. */
  readonly identity?: string;
  /** `ssh-ed25519 AAAA…`; absent: the user's known_hosts. */
  readonly hostKey?: string;
}

/** A file that went in. */
export interface InputFile {
  readonly path: string;
  /** Name on the machine. */
  readonly plainName: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** What the user asked for, as the command line gave it. */
export interface ConvertWish {
  readonly model: string;
  readonly images: string;
  readonly testImage: string | null;
  readonly out: string;
  readonly force: boolean;
  /** A provider's name, `cheapest` or `fastest`. */
  readonly provider: string;
  readonly host: OwnHost | null;
  readonly region?: string | undefined;
  readonly zone?: string | undefined;
  readonly size?: string | undefined;
  readonly spot: boolean;
  readonly diskGiB: number;
  readonly maxCost?: number | undefined;
  readonly timeoutMinutes?: number | undefined;
  /** Quality gate: a delivered model below it ends with another exit code. */
  readonly minCosine?: number | undefined;
  readonly allowCidrs: readonly string[];
  readonly backendUrl: string | null;
  readonly target: string;
  readonly toolchain?: ToolchainKind | undefined;
  readonly imageMirror: string | null;
  readonly reuseTable: boolean;
  readonly conversion: RawConversionOptions;
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
  /** The command line's own words, from which the inputs are read again by `attach` and `resume`. */
  readonly wish: ConvertWish;
  readonly provider: string;
  readonly host: OwnHost | null;
  readonly lease: Lease;
  readonly backendUrl: string | null;
  readonly model: { readonly path: string; readonly sha256: string; readonly bytes: number };
  readonly imagesPath: string;
  readonly testImagePath: string | null;
  readonly images: readonly InputFile[];
  readonly testImage: InputFile;
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
  /** Earlier job that this one does again. */
  readonly resumedFrom: string | null;
}
