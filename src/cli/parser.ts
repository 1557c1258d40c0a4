import yargs, { type Argv, type CommandModule } from 'yargs';
import { UserError } from '../errors';
import type { Command } from './command';
import { attach } from './commands/attach';
import { check } from './commands/check';
import { convert } from './commands/convert';
import { doctor } from './commands/doctor';
import { down } from './commands/down';
import { explain } from './commands/explain';
import { gc } from './commands/gc';
import { ls } from './commands/ls';
import { plan } from './commands/plan';
import { resume } from './commands/resume';
import { version } from '../version';

/** Of every command, in the order of the help. */
export const commands: readonly Pick<Command<unknown>, 'examples'>[] = [
  convert,
  check,
  plan,
  ls,
  down,
  gc,
  attach,
  resume,
  doctor,
  explain,
];

/** What `cvicast --help` shows. */
export const examples: Command<unknown>['examples'] = [
  ['check yolo11n.onnx', 'what would be converted, and whether it can be'],
  ['convert yolo11n.onnx --images ./calibration --provider local', 'on this computer'],
  ['convert yolo11n.onnx --images ./calibration --provider aws --max-cost 0.50', 'on a rented machine'],
];

/** What yargs makes of a command: the real thing, or what a test puts in its place. */
export type Hook = <Arguments>(command: Command<Arguments>) => CommandModule;

/** The whole command line: every command and option, and the refusal of all else. */
export function parser(argv: readonly string[], module: Hook): Argv {
  const line = yargs(plainWords(argv))
    .scriptName('cvicast')
    .locale('en')
    .usage('$0 <command>\n\nTurns a trained YOLO model (ONNX) into a .cvimodel for Sophgo cv181x boards.')
    .command(module(convert))
    .command(module(check))
    .command(module(plan))
    .command(module(ls))
    .command(module(down))
    .command(module(gc))
    .command(module(attach))
    .command(module(resume))
    .command(module(doctor))
    .command(module(explain))
    .option('json', { type: 'boolean', describe: 'JSON alone on stdout', global: true })
    .option('quiet', { type: 'boolean', alias: 'q', describe: 'no talk on stderr', global: true })
    .epilogue(
      'Exit codes: 0 done, 2 input refused, 3 budget, 4 provider, 5 conversion, 7 something may be alive. See docs/reference.md.',
    )
    .version(version)
    .help()
    .parserConfiguration({
      'boolean-negation': true,
      'duplicate-arguments-array': false,
      'parse-positional-numbers': false,
    })
    .strict()
    .demandCommand(1, 'Name a command')
    .recommendCommands()
    .wrap(100)
    .exitProcess(false)
    .fail((message, error) => {
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- yargs passes no error with a message
      if (error) throw error;
      return refused(message);
    });
  for (const [words, what] of examples) line.example(`$0 ${words}`, what);
  return line;
}

function refused(message: string): never {
  throw new UserError({
    code: 'usage',
    what: 'The command line was not understood',
    why: message,
    fix: 'see `cvicast --help` and `cvicast COMMAND --help`',
    exit: 'input',
  });
}

/**
 * The words as yargs takes them for what they are. What follows `--` is no option, whatever it begins with; yargs does not give such
 * words to a command's positionals, so the `--` is taken out and a file that begins with a dash named from here:
 * `-model.onnx` becomes `./-model.onnx`. Before it, numbers that begin with a minus belong to the flag in front of them:
 * `--mean -1,0,2.5` becomes `--mean=-1,0,2.5` (none of our flags is a digit).
 */
function plainWords(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  const options = end < 0 ? argv : argv.slice(0, end);
  const words: string[] = [];
  for (const word of options) {
    const flag = words.at(-1);
    if (flag !== undefined && /^--[a-z][a-z-]*$/.test(flag) && /^-[\d.]/.test(word))
      words[words.length - 1] = `${flag}=${word}`;
    else words.push(word);
  }
  if (end >= 0) words.push(...argv.slice(end + 1).map((word) => (word.startsWith('-') ? `./${word}` : word)));
  return words;
}
