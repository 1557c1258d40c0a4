export { checkModel, type CheckOptions } from './check';
export { needsOlderVersion } from './graph-rules';
export { readModel, type ReadOptions } from './read';
export { companionFiles, type CompanionFile, type CompanionOptions, type TargetName } from './targets';
export { contentKey, type KeyParts } from './content-key';
export { readCalibrationSet, readTestImage } from './images/set';
