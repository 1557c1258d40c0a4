import { exitCode } from '../../errors';
import { leastPermissions } from '../../cloud/permissions';
import { examine, examineProvider } from '../../job/doctor';
import type { Command } from '../command';

/** One line for what begins alike: `ec2: CreateVpc, DeleteVpc`. */
function grouped(permissions: readonly string[]): string[] {
  const groups = new Map<string, string[]>();
  for (const one of permissions) {
    const end = Math.max(
      one.lastIndexOf(':'),
      /^compute|^resourcemanager/.test(one) ? one.lastIndexOf('.') : one.indexOf('/'),
    );
    const area = one.slice(0, Math.max(0, end));
    groups.set(area, [...(groups.get(area) ?? []), one.slice(end + 1)]);
  }
  return [...groups].map(([area, names]) => (area === '' ? names.join(', ') : `${area}: ${names.join(', ')}`));
}

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
    const least = leastPermissions[args.provider ?? ''];
    if (least !== undefined) {
      output.result(`        least permissions (docs/providers/${args.provider}.md has them ready to paste):`);
      for (const line of grouped(least)) output.result(`          ${line}`);
    }
    return findings.some(({ ok, needed }) => needed && !ok) ? exitCode.input : exitCode.done;
  },
};
