import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { CloudCredentialsContext, CredentialsReport } from '../types';

/** Name of the context that hcloud's own configuration file has made active; `null` without one. */
async function activeContext({ env, homeFolder }: CloudCredentialsContext): Promise<string | null> {
  const folder = env['XDG_CONFIG_HOME'] ?? path.join(homeFolder, '.config');
  const file = env['HCLOUD_CONFIG'] ?? path.join(folder, 'hcloud', 'cli.toml');
  const text = await fs.readFile(file, 'utf8').catch(() => '');
  return env['HCLOUD_CONTEXT'] ?? /^\s*active_context\s*=\s*["']([^"']+)["']/m.exec(text)?.[1] ?? null;
}

/**
 * Looks for a token of the Hetzner Cloud. Only `HCLOUD_TOKEN` counts: the provider plugin reads nothing else, and the
 * token of an hcloud context would have to be copied to reach it. The fix takes it from there.
 */
export async function credentials(context: CloudCredentialsContext): Promise<CredentialsReport> {
  if (context.env['HCLOUD_TOKEN']) {
    return { found: true, where: 'HCLOUD_TOKEN', missing: [], fix: '' };
  }
  const active = await activeContext(context);
  return active === null
    ? {
        found: false,
        where: 'nowhere',
        missing: ['HCLOUD_TOKEN'],
        fix: 'make a token with read and write permission in console.hetzner.com (Security, API tokens), then: export HCLOUD_TOKEN=…',
      }
    : {
        found: false,
        where: `context "${active}" of the hcloud CLI, which the provider plugin does not read`,
        missing: ['HCLOUD_TOKEN'],
        fix: 'export HCLOUD_TOKEN="$(hcloud config get token --allow-sensitive)"',
      };
}
