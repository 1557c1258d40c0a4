import * as fs from 'node:fs';
import * as path from 'node:path';
import { createHash } from 'node:crypto';
import type { Machine } from '../machine';
import { fullDiskThere, quote } from '../machine';
import {
  conversionFailed,
  jobFile,
  pipelineSteps,
  progressReader,
  readCalibration,
  readComparisons,
  readLog,
  readVerification,
  saysNothing,
  type CalibrationFacts,
  type PipelineStep,
  type Toolchain,
  type Verification,
} from '../tpumlir';
import { remoteJobFolder } from './bootstrap';
import type { JobContext } from './events';
import type { Interruption } from './interruption';
import type { JobFolder } from './folder';
import type { JobRequest } from './request';
import type { StageRunner } from './stages';
import { keepTable } from './tables';
import type { SimilarityFigures } from '../report/receipt';
import { runUnit } from './units';

export interface PipelineResult {
  readonly similarity: SimilarityFigures | null;
  /** Null where nothing was calibrated, as the model is not quantised to INT8. */
  readonly calibration: CalibrationFacts | null;
  readonly tableReused: boolean;
  readonly verification: Verification;
}

/** Units whose log may hold warnings, and as what they are told. */
const warningCodes: Readonly<Record<string, string>> = {
  calibrate: 'all-zero-layers',
  verify: 'outputs-not-compared',
};

/** The steps of a job, from what it asked for. */
export function stepsOf(request: JobRequest): readonly PipelineStep[] {
  return pipelineSteps(request.options, { convertVersion: request.convertVersion });
}

/** A step's command line as it runs on the machine. */
function argvOf(step: PipelineStep, request: JobRequest, toolchain: Toolchain): string[] {
  const cwd = remoteJobFolder(request.job);
  return [...toolchain.wrap(step.argv, { cwd, ...(step.env === undefined ? {} : { env: step.env }) })];
}

/** The command lines of all steps, quoted for a POSIX shell. */
export function commandLines(request: JobRequest, toolchain: Toolchain): string[] {
  return stepsOf(request).map((step) => quote(argvOf(step, request, toolchain)));
}

/** Where a file that came home early is kept. */
export function keptFile(folder: JobFolder, name: string): string {
  return path.join(folder.kept, 'files', name);
}

/** Names of the files that an earlier run left and that are still what the journal says they were. */
export function keptFiles(folder: JobFolder): string[] {
  const hashes = new Map(folder.facts().files.map((file) => [file.name, file.sha256]));
  return [...hashes].flatMap(([name, sha256]) => {
    const file = keptFile(folder, name);
    if (!fs.existsSync(file)) return [];
    return createHash('sha256').update(fs.readFileSync(file)).digest('hex') === sha256 ? [name] : [];
  });
}

/**
 * Runs the conversion's steps one after the other. What a step leaves comes home as soon as it is there; a step whose
 * files came along from an earlier run is left out.
 */
export async function runPipeline(
  machine: Machine,
  toolchain: Toolchain,
  request: JobRequest,
  folder: JobFolder,
  stages: StageRunner,
  context: JobContext & Pick<Interruption, 'homeward'>,
): Promise<PipelineResult> {
  const cwd = remoteJobFolder(request.job);
  let deployOutput = '';
  let verifyOutput = '';
  const wanted = request.options.calibrator;
  let calibration: CalibrationFacts | null = null;
  const steps = stepsOf(request);
  // Where two calibrators are compared, the table is good once they agree.
  const calibrated = steps.filter(({ stage }) => stage === 'calibrate').at(-1);
  for (const step of steps) {
    context.signal.throwIfAborted();
    const have = new Set(keptFiles(folder));
    if (step.skipWhen !== undefined && step.skipWhen.length > 0 && step.skipWhen.every((name) => have.has(name))) {
      stages.skip(step.stage, 'finished by an earlier run');
      continue;
    }
    const output = await stages.run(step.stage, async (progress) => {
      const reader = progressReader(step.stage);
      const argv = argvOf(step, request, toolchain);
      stages.commands.push(quote(argv));
      const result = await runUnit(
        machine,
        { name: step.unit, argv, cwd: '.' },
        {
          log: path.join(folder.kept, 'logs', `${step.unit}.log`),
          signal: context.signal,
          onOutput: (text) => {
            const seen = reader(text);
            if (seen !== null) progress(seen.fraction, seen.note ?? undefined);
          },
        },
      );
      if (result.status !== 0)
        throw (await fullDiskThere(machine, cwd)) ?? conversionFailed(step.stage, result.output, result.status);
      for (const name of step.brings) {
        const local = keptFile(folder, name);
        fs.mkdirSync(path.dirname(local), { recursive: true });
        const fetched = await machine.fetch(name, local, { signal: context.homeward, overwrite: true });
        folder.journal.write({ type: 'file', name, sha256: fetched.sha256 });
      }
      // At once: a run after one that failed later need not calibrate again.
      if (step === calibrated) keepTable(folder.home, request.tableKey, keptFile(folder, jobFile.table));
      return result.output;
    });
    if (step.unit === 'calibrate') calibration = readCalibration(wanted, output);
    const code = warningCodes[step.unit];
    if (code !== undefined)
      for (const message of readLog(step.stage, output).warnings) context.emit({ type: 'warning', code, message });
    if (step.stage === 'deploy') deployOutput = output;
    if (step.stage === 'verify') verifyOutput = output;
  }
  const verification = readVerification(verifyOutput);
  // The first comparison of deploy is the quantised graph against the float one; the second, the file against that graph.
  const least = readComparisons(deployOutput).at(0)?.min ?? null;
  return {
    similarity: least === null ? null : { ...least, outputs: verification.outputs },
    calibration: request.options.quantize === 'int8' ? (calibration ?? saysNothing(wanted)) : null,
    tableReused: request.options.quantize === 'int8' && calibration === null,
    verification,
  };
}
