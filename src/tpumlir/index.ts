/** The toolchain: what is installed, which commands run, what their output means. */
export { commandsScript } from './commands-script';
export { conversionFailed, explainLog } from './errors';
export {
  containerRemoval,
  dockerInstall,
  installedVersions,
  installNote,
  installSucceeded,
  installUnit,
  networkSettings,
  venvInstall,
  venvToolchain,
  type Install,
  type Toolchain,
} from './install';
export { installError } from './install-error';
export { conversionOptions, type ConversionFacts, type RawConversionOptions } from './options';
export { inputSizeOf } from './option-values';
export { remotePayload } from './payload';
export { cvimodelFile, jobFile, pipelineSteps } from './pipeline';
export { progressReader, type StageProgress } from './progress';
export {
  readCalibration,
  readComparisons,
  readLog,
  readVerification,
  saysNothing,
  type CalibrationFacts,
  type StageLog,
  type Verification,
  type VerifiedOutput,
} from './read-log';
export { countOf } from './option-values';
export { targetNames, targetOfName, type TargetName } from './target-defaults';
export type {
  Calibrator,
  Comparison,
  ConversionOptions,
  Explanation,
  PipelineStep,
  Similarity,
  StageName,
  ToolchainKind,
} from './types';
export { defaultVersion, toolchainKey, toolchainVersion, toolchainVersions, type ToolchainVersion } from './versions';
