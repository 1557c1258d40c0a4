import { exitCode } from '../../errors';
import { examine, examineProvider } from '../../job/doctor';
import type { Command } from '../command';

export const doctor: Command<{ provider: string | undefined }> = {
  command: 'doctor',
  describe: 'Say what is found on this computer and what is missing, each with its fix',
  examples: [
    ['doctor', 'engine, toolchain, sshd or Docker, Python 3.10'],
    ['doctor --provider aws', 'also the credentials for a cloud, and the permissions they need'],
  ],
  options: (yargs) =>
    yargs.option('provider', { type: 'string', describe: 'also look for the credentials of this cloud' }),
  run: async (args, { output, home, env }) => {
    const findings = [
      ...(await examine({ home, env })),
      ...(args.provider === undefined ? [] : await examineProvider(args.provider, { home, env })),
    ];
    output.object(findings);
    for (const { name, ok, needed, found, fix } of findings) {
      output.result(`${ok ? 'ok     ' : needed ? 'MISSING' : 'absent '} ${name.padEnd(14)} ${found}`);
      if (!ok) output.result(`        fix: ${fix}`);
    }
    if (args.provider !== undefined) output.result(`        permissions: see docs/providers/${args.provider}.md`);
    return findings.some(({ ok, needed }) => needed && !ok) ? exitCode.input : exitCode.done;
  },
};
