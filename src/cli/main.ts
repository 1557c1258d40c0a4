import { outliveReaders } from './readers';
import { asModule } from './command';
import { Output } from './output';
import { parser } from './parser';

/** Parses and runs one command line. The exit code is set, never forced, so that output drains and cleanups end. */
export async function main(argv: readonly string[]): Promise<void> {
  outliveReaders();
  let code = 0;
  const ended = (result: number): void => void (code = result);
  try {
    await parser(argv, (command) => asModule(command, ended)).parseAsync();
  } catch (thrown) {
    const json = argv.includes('--json');
    code = new Output({ json, quiet: false }).failure(thrown);
  }
  if (code !== 0) process.exitCode = code;
}
