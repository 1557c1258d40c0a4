import * as fs from 'node:fs';
import * as path from 'node:path';
import type { CloudCredentialsContext, CredentialsReport } from '../types';

export interface AlibabaKey {
  readonly id: string;
  readonly secret: string;
  /** Of a temporary key. */
  readonly token?: string;
}

interface Search {
  readonly key: AlibabaKey | null;
  readonly report: CredentialsReport;
}

/** The names of the variables that the provider plugin reads, in its order. */
const variables = [
  ['ALICLOUD_ACCESS_KEY', 'ALICLOUD_SECRET_KEY', 'ALICLOUD_SECURITY_TOKEN'],
  ['ALIBABA_CLOUD_ACCESS_KEY_ID', 'ALIBABA_CLOUD_ACCESS_KEY_SECRET', 'ALIBABA_CLOUD_SECURITY_TOKEN'],
  ['ALIBABACLOUD_ACCESS_KEY_ID', 'ALIBABACLOUD_ACCESS_KEY_SECRET', 'ALIBABACLOUD_SECURITY_TOKEN'],
] as const;

interface Profile {
  readonly name: string;
  readonly mode: string;
  readonly access_key_id?: string;
  readonly access_key_secret?: string;
  readonly sts_token?: string;
}

const nothingToDo = 'nothing to do';

function missing(where: string, what: readonly string[], fix: string): Search {
  return { key: null, report: { found: false, where, missing: what, fix } };
}

function inEnvironment(env: NodeJS.ProcessEnv): Search | null {
  for (const [idName, secretName, tokenName] of variables) {
    const id = env[idName];
    if (!id) continue;
    const secret = env[secretName];
    if (!secret) return missing(`${idName}, but not ${secretName}`, [secretName], `export ${secretName}=…`);
    const token = env[tokenName];
    return {
      key: { id, secret, ...(token ? { token } : {}) },
      report: { found: true, where: `${idName}, ${secretName}`, missing: [], fix: nothingToDo },
    };
  }
  return null;
}

function readConfig(file: string): { current?: string; profiles?: readonly Profile[] } {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as { current?: string; profiles?: readonly Profile[] };
  } catch {
    return {};
  }
}

function inConfigFile({ env, homeFolder }: CloudCredentialsContext): Search | null {
  const file = env['ALICLOUD_SHARED_CREDENTIALS_FILE'] ?? path.join(homeFolder, '.aliyun', 'config.json');
  const { current, profiles = [] } = readConfig(file);
  const name = env['ALICLOUD_PROFILE'] ?? env['ALIBABA_CLOUD_PROFILE'] ?? current ?? 'default';
  const profile = profiles.find((one) => one.name === name);
  if (!profile) return null;
  const where = `profile "${name}" of ${file}`;
  const { access_key_id: id, access_key_secret: secret, sts_token: token } = profile;
  if (!['AK', 'StsToken'].includes(profile.mode)) {
    const fix = `aliyun configure --mode AK --profile ${name}, or export ALIBABA_CLOUD_ACCESS_KEY_ID=… ALIBABA_CLOUD_ACCESS_KEY_SECRET=…`;
    return missing(`${where}, of mode ${profile.mode}, which holds no key`, ['an access key'], fix);
  }
  if (!id || !secret)
    return missing(`${where}, without a key`, ['an access key'], `aliyun configure --profile ${name}`);
  return {
    key: { id, secret, ...(token ? { token } : {}) },
    report: { found: true, where, missing: [], fix: nothingToDo },
  };
}

/** The key and where it was found: the environment, then the file of the aliyun command line. */
export function findKey(context: CloudCredentialsContext): Search {
  return (
    inEnvironment(context.env) ??
    inConfigFile(context) ??
    missing(
      'nowhere: neither the environment nor aliyun has a key',
      ['an access key'],
      'make an access key for a RAM user (ram.console.aliyun.com), then `aliyun configure` or `export ALIBABA_CLOUD_ACCESS_KEY_ID=… ALIBABA_CLOUD_ACCESS_KEY_SECRET=…`',
    )
  );
}
