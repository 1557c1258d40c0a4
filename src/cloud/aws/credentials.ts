import * as fs from 'node:fs';
import * as path from 'node:path';
import type { CloudCredentialsContext, CredentialsReport } from '../types';

/** Sections of an INI file as AWS writes it; nested values (indented) are not needed here. */
function sections(file: string): Map<string, Map<string, string>> {
  const found = new Map<string, Map<string, string>>();
  if (!fs.existsSync(file)) return found;
  let current: Map<string, string> | null = null;
  for (const line of fs.readFileSync(file, 'utf8').split(/\r?\n/)) {
    const title = /^\[\s*(?:profile\s+)?["']?([^\]"']+?)["']?\s*\]/.exec(line)?.[1];
    if (title !== undefined) {
      current = found.get(title) ?? new Map<string, string>();
      found.set(title, current);
    } else {
      const [, name, value] = /^([\w-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      if (current && name !== undefined && value) current.set(name.toLowerCase(), value);
    }
  }
  return found;
}

/** What of a profile makes it usable, in words; `null` when it holds no way to log in. */
function wayIn(profile: Map<string, string> | undefined): string | null {
  if (!profile) return null;
  if (profile.has('aws_access_key_id') && profile.has('aws_secret_access_key')) return 'access key';
  if (profile.has('sso_session') || profile.has('sso_start_url')) return 'SSO';
  if (profile.has('credential_process')) return 'credential process';
  if (profile.has('role_arn')) return 'role';
  if (profile.has('login_session')) return 'login session';
  return null;
}

function found(where: string): CredentialsReport {
  return { found: true, where, missing: [], fix: 'nothing to do' };
}

function inProfile({ env, homeFolder }: CloudCredentialsContext): CredentialsReport {
  const name = env['AWS_PROFILE'] || 'default';
  const files = [
    env['AWS_SHARED_CREDENTIALS_FILE'] ?? path.join(homeFolder, '.aws', 'credentials'),
    env['AWS_CONFIG_FILE'] ?? path.join(homeFolder, '.aws', 'config'),
  ];
  const all = files.map((file) => ({ file, profiles: sections(file) }));
  for (const { file, profiles } of all) {
    const way = wayIn(profiles.get(name));
    if (way !== null) return found(`profile "${name}" of ${file} (${way})`);
  }
  const others = [
    ...new Set(all.flatMap(({ profiles }) => [...profiles.keys()].filter((one) => wayIn(profiles.get(one))))),
  ];
  return {
    found: false,
    where: `nowhere: no keys in the environment, no usable profile "${name}" in ${files.join(' or ')}`,
    missing: ['an access key or an SSO session'],
    fix: others.length > 0 ? `export AWS_PROFILE=${others[0]}` : '`aws configure sso` (or `aws configure`)',
  };
}

/** Where AWS's own tools would find credentials, in their order. Machine roles (IMDS) are not looked for: that hangs elsewhere. */
export function report(context: CloudCredentialsContext): CredentialsReport {
  const { env } = context;
  if (env['AWS_ACCESS_KEY_ID'] && env['AWS_SECRET_ACCESS_KEY'])
    return found('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  if (env['AWS_ACCESS_KEY_ID']) {
    return {
      found: false,
      where: 'AWS_ACCESS_KEY_ID, without its secret',
      missing: ['AWS_SECRET_ACCESS_KEY'],
      fix: 'export AWS_SECRET_ACCESS_KEY=…, or unset AWS_ACCESS_KEY_ID to use a profile',
    };
  }
  if (env['AWS_WEB_IDENTITY_TOKEN_FILE'] && env['AWS_ROLE_ARN']) return found('AWS_WEB_IDENTITY_TOKEN_FILE');
  const container = ['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'].find(
    (name) => env[name],
  );
  return container ? found(container) : inProfile(context);
}
