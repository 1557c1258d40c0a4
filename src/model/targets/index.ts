import { Bug } from '../../errors';
import type { ModelFacts } from '../types';
import { maixcam } from './maixcam';
import { milkv } from './milkv';
import { recamera } from './recamera';
import type { CompanionFile, CompanionOptions, Target, TargetName } from './target';

export type { CompanionFile, CompanionOptions, TargetName } from './target';

const targets: Readonly<Record<TargetName, Target>> = { recamera, maixcam, milkv };

/** @throws Bug for a name that is no target: the command line refuses those. */
export function targetNamed(name: string): Target {
  const found = Object.values(targets).find((target) => target.name === name);
  if (!found) throw new Bug(`no target ${name}`);
  return found;
}

/** Files that the board's software wants beside the model; none for boards that have no such file. */
export function companionFiles(target: string, facts: ModelFacts, options: CompanionOptions): CompanionFile[] {
  return targetNamed(target).companions(facts, options);
}
