import { inspect } from 'node:util';
import { Bug, exitCode, UserError, type ExitName } from '../errors';

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
}

type Colour = 'red' | 'yellow' | 'green' | 'dim' | 'bold';
const codes: Readonly<Record<Colour, string>> = { red: '31', yellow: '33', green: '32', dim: '2', bold: '1' };

/** Where words go: results to stdout, talk to stderr; with `--json`, stdout holds JSON alone. */
export class Output {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Whether a person watches stderr, so that a line may be rewritten in place. */
  readonly live: boolean;
  private readonly colours: boolean;
  private openLine = false;

  constructor(
    options: OutputOptions,
    private readonly out: NodeJS.WriteStream = process.stdout,
    private readonly talkTo: NodeJS.WriteStream = process.stderr,
    env: NodeJS.ProcessEnv = process.env,
  ) {
    this.json = options.json;
    this.quiet = options.quiet;
    const terminal = talkTo.isTTY && env['TERM'] !== 'dumb';
    this.live = terminal && !options.json && !options.quiet;
    this.colours = terminal && !env['NO_COLOR'];
  }

  /** Text on stderr in a colour, where colours are wanted. */
  paint(colour: Colour, text: string): string {
    return this.colours ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text;
  }

  /** A result, for people; silent with `--json`, where `object` speaks. */
  result(text: string): void {
    if (!this.json) this.out.write(`${printable(text)}\n`);
  }

  /** A result, for programs: one JSON document on one line. */
  object(value: unknown): void {
    if (this.json) this.out.write(`${JSON.stringify(value)}\n`);
  }

  /** A line of talk on stderr; none with `--quiet`. */
  talk(text: string): void {
    if (!this.quiet) this.line(text);
  }

  /** A line that even `--quiet` does not silence. */
  urgent(text: string): void {
    this.line(text);
  }

  /** Rewrites the last line on a terminal; nothing elsewhere. */
  status(text: string): void {
    if (!this.live) return;
    const width = Math.max((this.talkTo.columns || 80) - 1, 20);
    this.talkTo.write(`\r\u001b[K${text.slice(0, width)}`);
    this.openLine = true;
  }

  private line(text: string): void {
    this.talkTo.write(`${this.openLine ? '\r\u001b[K' : ''}${printable(text)}\n`);
    this.openLine = false;
  }

  /** Tells a failure in two lines, and as the JSON document of a command that has no other; answers the exit code. */
  failure(thrown: unknown): number {
    const { code, what, why, fix } = troubleOf(thrown);
    this.object({ error: { code, message: what, cause: why, fix } });
    return this.trouble(thrown);
  }

  /** Tells a failure in two lines of talk that nothing silences; answers the exit code. */
  trouble(thrown: unknown): number {
    const trouble = troubleOf(thrown);
    this.urgent(`${this.paint('red', 'error:')} ${oneLine(`${trouble.what}: ${trouble.why}`)}`);
    this.urgent(`${this.paint('bold', 'fix:')} ${oneLine(trouble.fix)}`);
    if (process.env['CVICAST_DEBUG']) this.urgent(inspect(thrown));
    return exitCode[trouble.exit];
  }
}

function troubleOf(thrown: unknown): { code: string; what: string; why: string; fix: string; exit: ExitName } {
  if (thrown instanceof UserError) return thrown;
  const what =
    thrown instanceof Bug ? 'cvicast broke a promise to itself' : 'cvicast met something that it does not know';
  return {
    code: 'bug',
    what,
    why: thrown instanceof Error ? thrown.message : String(thrown),
    fix: "this is our bug: run it again with CVICAST_DEBUG=1 and report the output, without secrets, in the project's issues",
    exit: 'bug',
  };
}

const escape = '\u001b';

/** Control characters of a foreign name must not move the cursor or colour the terminal; only `paint`'s own pass. */
function printable(text: string): string {
  return text
    .split(new RegExp(`(${escape}\\[(?:0|1|2|31|32|33)m)`))
    .map((part, index) => (index % 2 === 1 ? part : part.replace(/(?![\n\t])\p{Cc}/gu, '\ufffd')))
    .join('');
}

/** A foreign text within one line of ours. */
export function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ');
}
