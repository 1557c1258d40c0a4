import * as fs from 'node:fs';
import * as path from 'node:path';
import type { CloudCredentialsContext, CredentialsReport } from '../types';

interface Found {
  readonly token: string;
  readonly where: string;
}

function hcloudFile({ env, homeFolder }: CloudCredentialsContext): string {
  if (env['HCLOUD_CONFIG']) return env['HCLOUD_CONFIG'];
  const folder = env['XDG_CONFIG_HOME'] ?? (process.platform === 'win32' ? env['APPDATA'] : undefined);
  return path.join(folder ?? path.join(homeFolder, '.config'), 'hcloud', 'cli.toml');
}

const quoted = (key: string): RegExp => new RegExp(`^\\s*${key}\\s*=\\s*["']([^"']+)["']`, 'm');

/** hcloud's file holds `active_context` and one `[[contexts]]` block a context, each with a name and a token. */
function tokenInHcloud(text: string, wanted: string | undefined): Found | null {
  const name = wanted ?? quoted('active_context').exec(text)?.[1];
  const block = text
    .split(/^\s*\[\[contexts\]\]/m)
    .find((part, index) => index > 0 && quoted('name').exec(part)?.[1] === name);
  const token = block === undefined ? undefined : quoted('token').exec(block)?.[1];
  return token === undefined ? null : { token, where: `context "${name ?? ''}" of hcloud` };
}

/** The token and where it was found: `HCLOUD_TOKEN`, then the context of the hcloud command line. */
export function findToken(context: CloudCredentialsContext): Found | null {
  const token = context.env['HCLOUD_TOKEN'];
  if (token) return { token, where: 'HCLOUD_TOKEN' };
  const file = hcloudFile(context);
  if (!fs.existsSync(file)) return null;
  const found = tokenInHcloud(fs.readFileSync(file, 'utf8'), context.env['HCLOUD_CONTEXT']);
  return found && { ...found, where: `${found.where} (${file})` };
}

/** What was found, without its value. */
export function report(context: CloudCredentialsContext): CredentialsReport {
  const found = findToken(context);
  if (found) return { found: true, where: found.where, missing: [], fix: 'nothing to do' };
  return {
    found: false,
    where: 'nowhere: neither the environment nor hcloud has a token',
    missing: ['an API token'],
    fix: 'make a token with read and write permission in console.hetzner.com (Security, API tokens), then `hcloud context create cvicast` or `export HCLOUD_TOKEN=…`',
  };
}
