import { PassThrough } from 'node:stream';
import type { ArgumentsCamelCase } from 'yargs';
import type { Command } from '../../src/cli/command';
import { gc } from '../../src/cli/commands/gc';
import { Output } from '../../src/cli/output';
import type { Collected } from '../../src/job/collect';

export interface User {
  /** Home folder of cvicast. */
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Runs a command in this process; a `UserError` that it throws is the caller's. */
export async function runCommand<Arguments>(
  command: Command<Arguments>,
  args: Arguments,
  user: User,
  options: { readonly json: boolean } = { json: false },
): Promise<{ code: number; stdout: string; stderr: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const output = new Output(
    { json: options.json, quiet: false },
    stdout as unknown as NodeJS.WriteStream,
    stderr as unknown as NodeJS.WriteStream,
    user.env,
  );
  const given = { _: [], $0: 'cvicast', ...args } as unknown as ArgumentsCamelCase<Arguments>;
  const code = await command.run(given, { output, ...user });
  const said = (stream: PassThrough): string => (stream.read() as Buffer | null)?.toString() ?? '';
  return { code, stdout: said(stdout), stderr: said(stderr) };
}

/** `cvicast gc --json`. */
export async function runGc(
  provider: string,
  user: User,
  options: { readonly region?: string; readonly owner?: string; readonly dryRun?: boolean } = {},
): Promise<{ code: number; found: readonly Collected[] }> {
  const { region, owner, dryRun = false } = options;
  const args = {
    provider,
    region: region === undefined ? undefined : [region],
    owner: owner === undefined ? undefined : [owner],
    'dry-run': dryRun,
  };
  const { code, stdout } = await runCommand(gc, args, user, { json: true });
  return { code, found: JSON.parse(stdout) as Collected[] };
}
