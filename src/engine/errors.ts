import * as fs from 'node:fs';
import { UserError } from '../errors';
import { CommandFailure } from './command';
import { troubleIn } from './trouble';
import { engineVersion } from './version';

const longestReason = 800;

/** No engine on this computer. */
export function engineMissing(): UserError {
  return new UserError({
    code: 'engine-missing',
    what: 'The Pulumi engine is missing',
    why: `no \`pulumi\` of version ${engineVersion} or newer (same major) is on PATH or in cvicast's own folder`,
    fix: 'run scripts/setup-engine of the checkout, or install Pulumi: https://www.pulumi.com/docs/install/',
    exit: 'provider',
  });
}

interface Known {
  readonly match: RegExp;
  readonly code: string;
  readonly fix: (job: string, match: RegExpExecArray) => string;
  readonly what?: string;
}

/** The engine's own troubles; what a cloud says is left to the cloud's error table, which reads `why`. */
const known: readonly Known[] = [
  {
    match: /incorrect passphrase|passphrase must be set/i,
    code: 'wrong-passphrase',
    what: 'The state of this stack cannot be read with the passphrase of its job',
    fix: (job) =>
      `restore the file \`passphrase\` in the folder of job ${job}, then run \`cvicast down ${job}\`; without it, \`cvicast gc\` finds what lives by its tags`,
  },
  {
    match:
      /no resource plugin '?(?:pulumi-resource-)?([a-z-]+)|could not (?:download|install) plugin|failed to (?:install|load|download) plugin|(?:downloading|installing) plugin .*fail/i,
    code: 'plugin-missing',
    what: 'A provider plugin of the engine is missing',
    fix: (_job, match) =>
      `check the connection to Pulumi's download host and try again, or run \`pulumi plugin install resource ${match[1] ?? 'NAME'}\` with PULUMI_HOME set to the folder \`pulumi\` of CVICAST_HOME`,
  },
  {
    match: /the stack is currently locked by|Another update is currently in progress/i,
    code: 'stack-locked',
    what: 'The stack is in use by another process',
    fix: (job) => `wait for the other process to end, then run \`cvicast down ${job}\``,
  },
  {
    match: /No credentials provided or are invalid|PULUMI_ACCESS_TOKEN must be set for login/,
    code: 'backend-login',
    what: 'Pulumi Cloud, which holds the state, lets nobody in without an access token that it knows',
    fix: (job) => `put a valid access token into PULUMI_ACCESS_TOKEN, then run \`cvicast down ${job}\``,
  },
  {
    match: /error reading from server: EOF|transport is closing/i,
    code: 'plugin-died',
    what: "The cloud's plugin of the Pulumi engine ended in the middle of its work",
    fix: (job) => `run \`cvicast down ${job}\`: it ends what the state knows and what carries the job's tag`,
  },
  {
    match: /no space left on device/i,
    code: 'disk-full',
    what: 'The disk is full',
    fix: (job) => `make room in the folder of CVICAST_HOME, then run \`cvicast down ${job}\``,
  },
];

/**
 * Turns whatever the engine threw into one `UserError`: ours where one of our providers sent it, the engine's known
 * troubles by code, and else `engine-failed` with the cloud's own words as `why`.
 *
 * @param diagnostics the error messages among the engine's events, in order
 * @param folder where the engine writes
 */
export function translate(
  thrown: unknown,
  job: string,
  diagnostics: readonly string[] = [],
  folder: string | null = null,
): unknown {
  if (!(thrown instanceof CommandFailure)) return thrown;
  const { outcome, verb } = thrown;
  const words = diagnostics.length > 0 ? diagnostics.join('\n') : `${outcome.stderr}\n${outcome.stdout}`;
  // An engine whose disk is full cannot say so: its words go to the same disk.
  const said = words.trim() === '' && folder !== null && isFull(folder) ? 'no space left on device' : words;
  const ours = troubleIn(said);
  if (ours !== null) return ours;
  if (outcome.signal !== null) {
    return new UserError(
      {
        code: 'engine-killed',
        what: `The Pulumi engine was ended by ${outcome.signal} during \`${verb}\``,
        why: 'something outside of cvicast sent the signal; what it was creating may exist',
        fix: `run \`cvicast down ${job}\`: it ends what the state knows and what carries the job's tag`,
        exit: 'provider',
      },
      { cause: thrown },
    );
  }
  const why = reasonIn(said);
  for (const entry of known) {
    const match = entry.match.exec(said);
    if (match === null) continue;
    return new UserError(
      { code: entry.code, what: entry.what ?? '', why, fix: entry.fix(job, match), exit: 'provider' },
      { cause: thrown },
    );
  }
  return new UserError(
    {
      code: 'engine-failed',
      what: `The Pulumi engine failed during \`${verb}\``,
      why,
      fix: `mend what it names and try again; the engine's full output is in the job's folder, and \`cvicast down ${job}\` ends what was made`,
      exit: 'provider',
    },
    { cause: thrown },
  );
}

/** Is there so little room that nothing can be written for sure? */
function isFull(folder: string): boolean {
  const { bavail, bsize } = fs.statfsSync(folder);
  return bavail * bsize < 1 << 20;
}

/** The telling part of the engine's output: its error lines, without colours, addresses of resources and repetition. */
export function reasonIn(text: string): string {
  const lines = plain(text)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('Logging in using access token'));
  const errors = lines.filter((line) => /\berror\b/i.test(line));
  const chosen = (errors.length > 0 && lines.length > 12 ? errors : lines)
    .map((line) =>
      line.replace(/^(?:error:\s*)+/i, '').replace(/\burn:pulumi:\S+/g, (urn) => urn.split('::').pop() ?? urn),
    )
    .filter((line) => !/^(?:update|preview|destroy|refresh) failed\.?$/i.test(line));
  const reason = [...new Set(chosen)].join('; ');
  if (reason === '') return 'it gave no reason';
  return reason.length > longestReason ? `${reason.slice(0, longestReason)}…` : reason;
}

/** Text without the engine's colour marks (`<{%fg 1%}>`) and the terminal's. */
export function plain(text: string): string {
  // eslint-disable-next-line no-control-regex -- escape sequences begin with a control character
  return text.replace(/<\{%[^%]*%\}>/g, '').replace(/\u001b\[[0-9;]*m/g, '');
}
