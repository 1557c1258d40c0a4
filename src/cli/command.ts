import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { cvicastHome } from '../paths';
import { Output } from './output';

/** What a command is given besides its own arguments. */
export interface Surroundings {
  readonly output: Output;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
}

interface Common {
  json?: boolean;
  quiet?: boolean;
}

/** One command as data: its words, its options, and a handler that answers the exit code. */
export interface Command<Arguments> {
  readonly command: string;
  readonly describe: string;
  readonly examples: readonly (readonly [string, string])[];
  readonly options: (yargs: Argv) => Argv<Arguments>;
  readonly run: (args: ArgumentsCamelCase<Arguments>, around: Surroundings) => Promise<number>;
}

/** Hooks a command into yargs; `ended` gets its exit code. */
export function asModule<Arguments>(command: Command<Arguments>, ended: (code: number) => void): CommandModule {
  return {
    command: command.command,
    describe: command.describe,
    builder: (yargs) => {
      const withOptions = command.options(yargs);
      for (const [line, what] of command.examples) withOptions.example(`$0 ${line}`, what);
      return withOptions;
    },
    handler: async (args) => {
      const typed = args as ArgumentsCamelCase<Arguments> & Common;
      const output = new Output({ json: typed.json === true, quiet: typed.quiet === true });
      try {
        ended(await command.run(typed, { output, home: cvicastHome(), env: process.env }));
      } catch (thrown) {
        ended(output.failure(thrown));
      }
    },
  };
}
