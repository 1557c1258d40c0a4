import type { Argv } from 'yargs';
import { UserError } from '../errors';

/** Options that say where the machine is and what it may cost. */
export function placeFlags<T>(yargs: Argv<T>) {
  return yargs
    .option('region', { type: 'string', describe: 'region of the cloud (default: a sane one)' })
    .option('zone', { type: 'string', describe: 'zone of the region (default: the next is tried when one is full)' })
    .option('size', { type: 'string', describe: 'size of the machine, by the name that the cloud gives it' })
    .option('spot', { type: 'boolean', default: false, describe: 'a spot machine, where the cloud has them' })
    .option('max-cost', { type: 'string', describe: 'upper bound of the bill, USD; also ends the machine in time' })
    .option('timeout', { type: 'string', describe: 'longest life of the machine, minutes (default 60)' })
    .option('toolchain', {
      type: 'string',
      choices: ['docker', 'venv'] as const,
      describe: 'how TPU-MLIR is installed (default: docker on a cloud, venv elsewhere)',
    });
}

const exampleOf: Readonly<Record<string, string>> = { 'max-cost': '0.50', 'min-cosine': '0.95' };

/** A number of the command line; `undefined` when it was not given. Throws for what is no plain decimal number. */
export function numberOption(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new UserError({
    code: `bad-${flag}`,
    what: `--${flag} ${JSON.stringify(text)} is no number`,
    why: 'it takes a plain decimal number',
    fix: `write for example --${flag} ${exampleOf[flag] ?? '60'}`,
    exit: 'input',
  });
}
