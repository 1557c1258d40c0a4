import * as fs from 'node:fs';
import * as path from 'node:path';
import { quote } from '../machine/quote';
import { remoteFolder } from './payload';
import { cvimodelFile, jobFile, pipelineSteps } from './pipeline';
import type { ConversionOptions } from './types';
import { toolchainKey, type ToolchainVersion } from './versions';

export interface CommandsScriptFacts {
  readonly version: ToolchainVersion;
  readonly convertVersion: boolean;
  /** The calibration pictures as they were used: path as the user knows it and plain name (their order matters). */
  readonly pictures: readonly { readonly source: string; readonly plainName: string }[];
  readonly testImage: string;
  readonly model: string;
}

/** Needs nothing but the toolchain: it is written into the script, so that the script needs nothing of ours. */
const versionConverter = path.join(__dirname, remoteFolder, 'cvicast_remote', 'convert_version.py');

/** For a comment: one line, whatever the text. */
function inComment(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}

/**
 * Text of `commands.sh`: the same pipeline by hand, with the vendor's tools and this script alone. The calibration is the stock one
 * (it makes the same table as ours, slower), and the model is tried with the vendor's simulator.
 */
export function commandsScript(options: ConversionOptions, facts: CommandsScriptFacts): string {
  const steps = pipelineSteps({ ...options, calibrator: 'stock' }, { convertVersion: false });
  const vendor = steps.filter((step) => step.unit !== 'verify');
  const model = cvimodelFile(options);
  const archive = facts.pictures.some(({ source }) => source.includes('.zip'));
  const pictures = facts.pictures.map(({ source, plainName }) =>
    quote(['cp', '--', source, `${jobFile.images}/${plainName}`]),
  );
  const lines = [
    '#!/bin/sh',
    `# How ${inComment(options.name)} became ${model}: the pipeline by hand, with TPU-MLIR ${facts.version.name} (${toolchainKey(facts.version)}).`,
    `# Needs x86-64 Linux with CPython ${facts.version.python} and uv. Run it in an empty folder.`,
    ...(archive ? ['# Pictures that came from a .zip: unpack it first, and put the paths right.'] : []),
    'set -eu',
    '',
    `${quote(['printf', '%s\\n', ...facts.version.overrides])} > overrides.txt`,
    `uv venv --python ${facts.version.python} toolchain`,
    quote([
      ...['uv', 'pip', 'install', '--python', 'toolchain/bin/python3', '--no-build', '--override', 'overrides.txt'],
      ...facts.version.pins,
    ]),
    `# Where the system's glibc is newer than the bundled ${facts.version.bundledGlibc}, programs that load both die: the bundled one has to go.`,
    "system_glibc=$(getconf GNU_LIBC_VERSION | cut -d ' ' -f 2)",
    `newest_glibc=$(printf '%s\\n' "$system_glibc" ${facts.version.bundledGlibc} | sort -V | tail -n 1)`,
    `if [ "$newest_glibc" != ${facts.version.bundledGlibc} ]; then`,
    `  (cd toolchain/lib/python${facts.version.python}/site-packages/tpu_mlir/lib/third_party && rm -f libc.so.6 libm.so.6 libpthread.so.0 libstdc++.so.6 libgcc_s.so.1)`,
    'fi',
    'PATH=$PWD/toolchain/bin:$PATH',
    'export PATH',
    '',
    quote(['cp', '--', facts.model, jobFile.model]),
    quote(['cp', '--', facts.testImage, jobFile.testImage]),
    ...(options.quantize === 'int8' ? [`mkdir -p ${jobFile.images}`, ...pictures] : []),
    '',
    ...(facts.convertVersion
      ? [
          `# The opset or the IR version is newer than TPU-MLIR ${facts.version.name} reads: convert it.`,
          "cat > convert_version.py <<'END_OF_CONVERT_VERSION'",
          `${fs.readFileSync(versionConverter, 'utf8').trimEnd()}\nEND_OF_CONVERT_VERSION`,
          quote(['python3', 'convert_version.py', jobFile.model, jobFile.model]),
          '',
        ]
      : []),
    ...vendor.map((step) => quote(step.argv)),
    '',
    `model_tool --info ${model} | head -n 5`,
    `model_runner.py --input ${options.name}_in_${options.fusePreprocess ? 'ori' : 'f32'}.npz --model ${model} --output outputs.npz`,
  ];
  return `${lines.join('\n')}\n`;
}
