import { quote } from '../machine';
import { installFor } from './bootstrap';
import { commandLines } from './pipeline';
import type { JobRequest } from './request';

/** The exact command lines that would run on the machine, in order, quoted for a POSIX shell. */
export function dryRunCommands(request: JobRequest, home: string, env: NodeJS.ProcessEnv): string[] {
  const install = installFor(request, home, env);
  return [quote(install.argv), ...commandLines(request, install.toolchain(''))];
}
