import * as fs from 'node:fs';
import * as path from 'node:path';
import type { CloudCredentialsContext, CredentialsReport } from '../types';

export interface TencentKey {
  readonly id: string;
  readonly secret: string;
  /** Of a temporary key. */
  readonly token?: string;
}

interface Search {
  readonly key: TencentKey | null;
  readonly report: CredentialsReport;
}

function found(key: TencentKey, where: string): Search {
  return { key, report: { found: true, where, missing: [], fix: 'nothing to do' } };
}

function missing(where: string, what: readonly string[], fix: string): Search {
  return { key: null, report: { found: false, where, missing: what, fix } };
}

const withToken = (id: string, secret: string, token: string | undefined): TencentKey => ({
  id,
  secret,
  ...(token ? { token } : {}),
});

function read(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** `~/.tccli/<profile>.credential` is JSON. */
function inTccli({ env, homeFolder }: CloudCredentialsContext): Search | null {
  const profile = env['TCCLI_PROFILE'] ?? 'default';
  const file = path.join(homeFolder, '.tccli', `${profile}.credential`);
  try {
    const { secretId, secretKey, token } = JSON.parse(read(file)) as {
      secretId?: string;
      secretKey?: string;
      token?: string;
    };
    return secretId && secretKey
      ? found(withToken(secretId, secretKey, token), `profile "${profile}" of tccli (${file})`)
      : null;
  } catch {
    return null;
  }
}

/** `~/.tencentcloud/credentials` is an INI file; the SDKs read its section `default`. */
function inSdkFile({ env, homeFolder }: CloudCredentialsContext): Search | null {
  const file = env['TENCENTCLOUD_CREDENTIALS_FILE'] ?? path.join(homeFolder, '.tencentcloud', 'credentials');
  const section = /^\s*\[default\]\s*$([^[]*)/m.exec(read(file))?.[1] ?? '';
  const value = (name: string): string | undefined =>
    new RegExp(`^\\s*${name}\\s*=\\s*(\\S+)\\s*$`, 'm').exec(section)?.[1];
  const [id, secret] = [value('secret_id'), value('secret_key')];
  return id && secret ? found(withToken(id, secret, value('token')), `section default of ${file}`) : null;
}

/** The key and where it was found: the environment, the tccli command line, the file of the SDKs. */
export function findKey(context: CloudCredentialsContext): Search {
  const { env } = context;
  const [id, secret] = [env['TENCENTCLOUD_SECRET_ID'], env['TENCENTCLOUD_SECRET_KEY']];
  if (id && secret) {
    const token = env['TENCENTCLOUD_SECURITY_TOKEN'] ?? env['TENCENTCLOUD_SESSION_TOKEN'];
    return found(withToken(id, secret, token), 'TENCENTCLOUD_SECRET_ID, TENCENTCLOUD_SECRET_KEY');
  }
  if (id || secret) {
    const lacking = id ? 'TENCENTCLOUD_SECRET_KEY' : 'TENCENTCLOUD_SECRET_ID';
    return missing(`half a key in the environment, without ${lacking}`, [lacking], `export ${lacking}=…`);
  }
  return (
    inTccli(context) ??
    inSdkFile(context) ??
    missing(
      'nowhere: neither the environment nor tccli has a key',
      ['an API key'],
      'make a key (console.cloud.tencent.com/cam/capi), then `tccli configure` or `export TENCENTCLOUD_SECRET_ID=… TENCENTCLOUD_SECRET_KEY=…`',
    )
  );
}
