import * as fs from 'node:fs';
import * as path from 'node:path';
import type { CloudCredentialsContext, CredentialsReport } from '../types';

const variables = ['DIGITALOCEAN_TOKEN', 'DIGITALOCEAN_ACCESS_TOKEN'] as const;

interface Found {
  readonly token: string;
  readonly where: string;
}

/** Where doctl keeps its configuration, on each system. */
function doctlFiles({ env, homeFolder }: CloudCredentialsContext): string[] {
  const folders = [
    env['XDG_CONFIG_HOME'] ?? path.join(homeFolder, '.config'),
    path.join(homeFolder, 'Library', 'Application Support'),
    env['APPDATA'],
  ];
  return folders.flatMap((folder) => (folder ? [path.join(folder, 'doctl', 'config.yaml')] : []));
}

const unquoted = (text: string): string => text.trim().replace(/^(["'])(.*)\1$/, '$2');

/** doctl's file is flat but for `auth-contexts`, so that two patterns read it. */
function tokenInDoctl(text: string, wanted: string | undefined): Found | null {
  const context = wanted ?? unquoted(/^context:\s*(\S+)\s*$/m.exec(text)?.[1] ?? 'default');
  if (context === 'default') {
    const token = unquoted(/^access-token:[ \t]*(\S+)[ \t]*$/m.exec(text)?.[1] ?? '');
    return token === '' ? null : { token, where: 'the default context of doctl' };
  }
  const block = /^auth-contexts:[ \t]*\n((?:[ \t]+.*\n?)*)/m.exec(text)?.[1] ?? '';
  for (const entry of block.split('\n')) {
    const [name, ...rest] = entry.split(':');
    const token = unquoted(rest.join(':'));
    if (unquoted(name ?? '') === context && token !== '') return { token, where: `context ${context} of doctl` };
  }
  return null;
}

/** The token and where it was found; the environment goes before doctl, as the provider plugin has it. */
export function findToken(context: CloudCredentialsContext): Found | null {
  for (const variable of variables) {
    const token = context.env[variable];
    if (token) return { token, where: variable };
  }
  for (const file of doctlFiles(context)) {
    if (!fs.existsSync(file)) continue;
    const found = tokenInDoctl(fs.readFileSync(file, 'utf8'), context.env['DIGITALOCEAN_CONTEXT']);
    if (found) return { ...found, where: `${found.where} (${file})` };
  }
  return null;
}

export function report(context: CloudCredentialsContext): CredentialsReport {
  const found = findToken(context);
  return {
    found: found !== null,
    where: found?.where ?? 'nowhere: neither the environment nor doctl has a token',
    missing: found ? [] : ['an API token'],
    fix: found
      ? 'nothing to do'
      : 'make a token at https://cloud.digitalocean.com/account/api/tokens, then `doctl auth init` or `export DIGITALOCEAN_TOKEN=…`',
  };
}
