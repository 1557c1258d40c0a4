import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Machine, Unit, UnitResult } from '../machine';
import { diskFullHere } from '../machine/disk-full';

/** Most of a unit's output that is held in memory for reading it, characters; the log file has all of it. */
const longestText = 4_000_000;

/**
 * Runs a unit to its end, with its whole output in a log file here. Called again after an interruption it does not
 * start the unit twice, and writes the log anew from its first byte.
 */
export async function runUnit(
  machine: Machine,
  unit: Unit,
  options: { log: string; signal: AbortSignal; onOutput?: (text: string) => void },
): Promise<UnitResult & { output: string }> {
  fs.mkdirSync(path.dirname(options.log), { recursive: true });
  const log = fs.openSync(options.log, 'w');
  let output = '';
  try {
    await machine.startUnit(unit);
    const result = await machine.followUnit(unit.name, {
      signal: options.signal,
      onOutput: (text) => {
        writeLog(log, text, options.log);
        output = (output + text).slice(-longestText);
        options.onOutput?.(text);
      },
    });
    return { ...result, output };
  } finally {
    fs.closeSync(log);
  }
}

/** A log for which there is no room is no reason to lose a conversion: what has to be kept says so itself. */
function writeLog(log: number, text: string, file: string): void {
  try {
    fs.writeSync(log, text);
  } catch (thrown) {
    if (diskFullHere(thrown, file) === null) throw thrown;
  }
}
