import { createHash } from 'node:crypto';
import { UserError } from '../errors';
import { nearMatches } from '../near-matches';

/** One version of TPU-MLIR that we install. Adding a version is adding one entry to the table below. */
export interface ToolchainVersion {
  /** As the user says it, e.g. `1.7`. */
  readonly name: string;
  /** CPython that its wheel is built for, `major.minor`. */
  readonly python: string;
  /** Requirements of the install, exact versions. What they depend on is left to the index. */
  readonly pins: readonly string[];
  /** Versions that stand against what the pinned packages themselves ask for. */
  readonly overrides: readonly string[];
  /** Docker image that the vendor's guide uses. */
  readonly image: string;
  /** glibc that the wheel bundles in `lib/third_party`. */
  readonly bundledGlibc: string;
  /** Disk of an installed venv, bytes. */
  readonly installedBytes: number;
  /** Disk that must be free before an install begins (venv and downloads together), bytes. */
  readonly neededBytes: number;
  /** How long installs took. `null`: not measured yet, the number beside it is an assumption. */
  readonly seconds: {
    /** venv by uv with an empty cache, 2 cores. */
    readonly venv: number;
    /** Image pull and package install on a small cloud machine: an assumption until the first real run. */
    readonly docker: number;
  };
}

/** Sizes and seconds: measured on Debian 12, x86-64, 2 cores, 2026-11-28, unless said otherwise. */
const versions: readonly ToolchainVersion[] = [
  {
    name: '1.7',
    python: '3.10',
    // opencv-python-headless is named although tpu_mlir asks for it, because it is yanked: uv takes a yanked release
    // only from a direct requirement. `tpu_mlir[all]` cannot be had any more: paddlepaddle 2.5.0 is gone.
    pins: [
      'tpu_mlir==1.7',
      'onnx==1.14.1',
      'onnxruntime==1.16.3',
      'onnxsim==0.4.33',
      'numpy==1.24.3',
      'protobuf==3.20.3',
      'opencv-python-headless==4.8.0.74',
      // tpu_mlir imports pkg_resources without asking for setuptools, which drops it in version 81.
      'setuptools==65.5.1',
    ],
    // tpu_mlir asks for pycocotools 2.0.6, which has no wheel: it would need a compiler and Python's headers.
    overrides: ['pycocotools==2.0.7'],
    image: 'sophgo/tpuc_dev:v3.1',
    bundledGlibc: '2.35',
    installedBytes: 1_250_000_000,
    neededBytes: 2_000_000_000,
    seconds: { venv: 16, docker: 240 },
  },
];

export const defaultVersion = '1.7';

/** All versions we know, newest last. */
export function toolchainVersions(): readonly ToolchainVersion[] {
  return versions;
}

/**
 * The version of that name.
 * @throws UserError `unknown-toolchain-version` (exit input)
 */
export function toolchainVersion(name: string = defaultVersion): ToolchainVersion {
  const found = versions.find((version) => version.name === name);
  if (found !== undefined) return found;
  const names = versions.map((version) => version.name);
  throw new UserError({
    code: 'unknown-toolchain-version',
    what: `There is no TPU-MLIR version "${name}" in cvicast's table`,
    why: `it knows ${names.join(', ')}`,
    fix: `Leave the version out, or write ${nearMatches(name, names, 1)[0] ?? defaultVersion}.`,
    exit: 'input',
  });
}

/** Name of the version's folder: changes whenever what would be installed changes, so an old install is never mistaken. */
export function toolchainKey(version: ToolchainVersion): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([version.python, version.pins, version.overrides]))
    .digest('hex');
  return `tpumlir-${version.name}-${hash.slice(0, 12)}`;
}
