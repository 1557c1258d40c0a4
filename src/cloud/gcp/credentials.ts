import * as fs from 'node:fs';
import * as path from 'node:path';
import type { CloudCredentialsContext, CredentialsReport } from '../types';

/** How to get a token: one that is given, a key file, or the key itself (`GOOGLE_CREDENTIALS` may hold JSON). */
export type Login =
  | { readonly kind: 'token'; readonly token: string; readonly where: string }
  | { readonly kind: 'file'; readonly file: string; readonly where: string }
  | { readonly kind: 'json'; readonly json: Record<string, unknown>; readonly where: string };

/** In the order of Google's provider plugin. */
const keyVariables = ['GOOGLE_CREDENTIALS', 'GOOGLE_CLOUD_KEYFILE_JSON', 'GCLOUD_KEYFILE_JSON'] as const;
const projectVariables = ['GOOGLE_PROJECT', 'GOOGLE_CLOUD_PROJECT', 'GCLOUD_PROJECT', 'CLOUDSDK_CORE_PROJECT'] as const;

function gcloudFolder({ env, homeFolder }: CloudCredentialsContext): string {
  if (env['CLOUDSDK_CONFIG']) return env['CLOUDSDK_CONFIG'];
  return env['APPDATA'] ? path.join(env['APPDATA'], 'gcloud') : path.join(homeFolder, '.config', 'gcloud');
}

function readObject(file: string): Record<string, unknown> | null {
  try {
    return asObject(JSON.parse(fs.readFileSync(file, 'utf8')));
  } catch {
    return null; // missing or no JSON: it is no login then
  }
}

function asObject(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
}

function keyIn(variable: string, value: string): Login | null {
  if (!value.trimStart().startsWith('{'))
    return fs.existsSync(value) ? { kind: 'file', file: value, where: variable } : null;
  try {
    const json = asObject(JSON.parse(value));
    return json && { kind: 'json', json, where: variable };
  } catch {
    return null;
  }
}

/** The first way to log in that Google's own tools would take; `null` when there is none. */
export function findLogin(context: CloudCredentialsContext): Login | null {
  const { env } = context;
  for (const variable of keyVariables) {
    const found = env[variable] ? keyIn(variable, env[variable]) : null;
    if (found) return found;
  }
  const token = env['GOOGLE_OAUTH_ACCESS_TOKEN'];
  if (token) return { kind: 'token', token, where: 'GOOGLE_OAUTH_ACCESS_TOKEN' };
  const named = env['GOOGLE_APPLICATION_CREDENTIALS'];
  if (named)
    return fs.existsSync(named) ? { kind: 'file', file: named, where: 'GOOGLE_APPLICATION_CREDENTIALS' } : null;
  const file = path.join(gcloudFolder(context), 'application_default_credentials.json');
  return readObject(file) ? { kind: 'file', file, where: `application default credentials (${file})` } : null;
}

/** The project of gcloud's active configuration. */
function gcloudProject(context: CloudCredentialsContext): string | null {
  const folder = gcloudFolder(context);
  const read = (...names: string[]): string => {
    const file = path.join(folder, ...names);
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  };
  const active = context.env['CLOUDSDK_ACTIVE_CONFIG_NAME'] ?? (read('active_config').trim() || 'default');
  const core = /^\[core\]\s*$([^[]*)/m.exec(read('configurations', `config_${path.basename(active)}`))?.[1] ?? '';
  return /^\s*project\s*=\s*(\S+)/m.exec(core)?.[1] ?? null;
}

/** The project that machines are made in; `null` when nothing names one. */
export function findProject(context: CloudCredentialsContext): string | null {
  const named = projectVariables.map((name) => context.env[name]).find((value) => value);
  if (named) return named;
  const login = findLogin(context);
  const key = login?.kind === 'file' ? readObject(login.file) : login?.kind === 'json' ? login.json : null;
  // A service account's key names its project; a user's login only the one that pays for requests.
  const ownProject = key?.['project_id'];
  if (typeof ownProject === 'string') return ownProject;
  const quotaProject = key?.['quota_project_id'];
  return gcloudProject(context) ?? (typeof quotaProject === 'string' ? quotaProject : null);
}

export function report(context: CloudCredentialsContext): CredentialsReport {
  const login = findLogin(context);
  const project = findProject(context);
  const missing = [...(login ? [] : ['application default credentials']), ...(project ? [] : ['a project'])];
  const broken = context.env['GOOGLE_APPLICATION_CREDENTIALS'];
  const nowhere = broken
    ? 'GOOGLE_APPLICATION_CREDENTIALS, but there is no such file'
    : 'nowhere: no key in the environment, no application default credentials';
  const fixes = [
    ...(login ? [] : ['`gcloud auth application-default login`']),
    ...(project ? [] : ['`gcloud config set project PROJECT` (or export GOOGLE_CLOUD_PROJECT)']),
  ];
  return {
    found: missing.length === 0,
    where: login ? `${login.where}${project ? `, project ${project}` : ''}` : nowhere,
    missing,
    fix: fixes.join(' and ') || 'nothing to do',
  };
}
