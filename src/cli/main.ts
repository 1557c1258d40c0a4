import yargs from 'yargs';
import { UserError } from '../errors';
import { outliveReaders } from './readers';
import { asModule } from './command';
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
import { Output } from './output';
import { version } from '../version';

/** Parses and runs one command line. The exit code is set, never forced, so that output drains and cleanups end. */
export async function main(argv: readonly string[]): Promise<void> {
  outliveReaders();
  let code = 0;
  const ended = (result: number): void => void (code = result);
  const refused = (message: string): never => {
    throw new UserError({
      code: 'usage',
      what: 'The command line was not understood',
      why: message,
      fix: 'see `cvicast --help` and `cvicast COMMAND --help`',
      exit: 'input',
    });
  };
  try {
    await yargs(plainWords(argv))
      .scriptName('cvicast')
      .locale('en')
      .usage('$0 <command>\n\nTurns a trained YOLO model (ONNX) into a .cvimodel for Sophgo cv181x boards.')
      .command(asModule(convert, ended))
      .command(asModule(check, ended))
      .command(asModule(plan, ended))
      .command(asModule(ls, ended))
      .command(asModule(down, ended))
      .command(asModule(gc, ended))
      .command(asModule(attach, ended))
      .command(asModule(resume, ended))
      .command(asModule(doctor, ended))
      .command(asModule(explain, ended))
      .option('json', { type: 'boolean', describe: 'JSON alone on stdout', global: true })
      .option('quiet', { type: 'boolean', alias: 'q', describe: 'no talk on stderr', global: true })
      .example('$0 check yolo11n.onnx', 'what would be converted, and whether it can be')
      .example('$0 convert yolo11n.onnx --images ./calibration --provider local', 'on this computer')
      .example('$0 convert yolo11n.onnx --images ./calibration --provider aws --max-cost 0.50', 'on a rented machine')
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
      })
      .parseAsync();
  } catch (thrown) {
    const json = argv.includes('--json');
    code = new Output({ json, quiet: false }).failure(thrown);
  }
  if (code !== 0) process.exitCode = code;
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
