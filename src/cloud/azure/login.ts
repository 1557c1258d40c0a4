import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { messageOf, UserError } from '../../errors';
import { requestJson, usualPolicy, type HttpPolicy } from '../http';
import { refusal } from '../refusal';
import type { AzureLogin } from './credentials';
import { errors } from './errors';

export const refuser = { title: 'Azure', errors };

export interface AzureEndpoints {
  /** Base address of the resource manager, without a final slash. */
  readonly manager: string;
  /** Base address of the login, without a final slash. */
  readonly authority: string;
}

const trimmed = (url: string): string => url.replace(/\/+$/, '');

interface Metadata {
  readonly name?: string;
  readonly resourceManager: string;
  readonly authentication: { readonly loginEndpoint: string };
}

/**
 * Where Azure answers: `ARM_ENDPOINT` and `AZURE_AUTHORITY_HOST` when set; else what the metadata service of
 * `ARM_METADATA_HOSTNAME` says, which the provider plugin asks too; else the public cloud.
 */
export async function findEndpoints(env: NodeJS.ProcessEnv, policy: HttpPolicy = usualPolicy): Promise<AzureEndpoints> {
  let manager = 'https://management.azure.com';
  let authority = 'https://login.microsoftonline.com';
  const host = env['ARM_METADATA_HOSTNAME'];
  if (host && !env['ARM_ENDPOINT']) {
    const url = `https://${host}/metadata/endpoints?api-version=2022-09-01`;
    const { body } = await requestJson<Metadata | readonly Metadata[]>(
      refuser,
      { method: 'GET', url, action: 'tell its endpoints' },
      policy,
    );
    const found = Array.isArray(body) ? (body as readonly Metadata[])[0] : (body as Metadata);
    if (found) {
      manager = found.resourceManager;
      authority = found.authentication.loginEndpoint;
    }
  }
  return {
    manager: trimmed(env['ARM_ENDPOINT'] ?? manager),
    authority: trimmed(env['AZURE_AUTHORITY_HOST'] ?? authority),
  };
}

/** A token for the resource manager from the Azure CLI, which keeps and renews it. Nothing of the user's is an argument. */
async function tokenOfAz(login: AzureLogin & { kind: 'az' }, manager: string, env: NodeJS.ProcessEnv): Promise<string> {
  const command = [
    'az',
    'account',
    'get-access-token',
    '--resource',
    `${manager}/`,
    '--subscription',
    login.subscription,
    '--output',
    'json',
  ];
  // On Windows az is a script, which only the command interpreter can run.
  const [file, ...rest] = (process.platform === 'win32' ? ['cmd.exe', '/d', '/s', '/c', ...command] : command) as [
    string,
    ...string[],
  ];
  try {
    const { stdout } = await promisify(execFile)(file, rest, { env, timeout: 60_000 });
    return (JSON.parse(stdout) as { accessToken: string }).accessToken;
  } catch (thrown) {
    const { stderr } = thrown as { stderr?: unknown };
    const said = typeof stderr === 'string' && stderr !== '' ? stderr : messageOf(thrown);
    throw refusal(refuser, 'give a token through az (az login)', said, thrown);
  }
}

async function tokenOfPrincipal(
  login: AzureLogin & { kind: 'principal' },
  { manager, authority }: AzureEndpoints,
  policy: HttpPolicy,
): Promise<string> {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: login.client,
    client_secret: login.secret,
    scope: `${manager}/.default`,
  });
  const { body } = await requestJson<{ access_token: string }>(
    refuser,
    {
      method: 'POST',
      url: `${authority}/${encodeURIComponent(login.tenant)}/oauth2/v2.0/token`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      action: 'log the service principal in',
    },
    policy,
  );
  return body.access_token;
}

/** A bearer token for the resource manager. `UserError` when the login is refused. */
export async function fetchToken(
  login: AzureLogin,
  endpoints: AzureEndpoints,
  env: NodeJS.ProcessEnv,
  policy: HttpPolicy = usualPolicy,
): Promise<string> {
  const token =
    login.kind === 'az'
      ? await tokenOfAz(login, endpoints.manager, env)
      : await tokenOfPrincipal(login, endpoints, policy);
  if (typeof token === 'string' && token !== '') return token;
  throw new UserError({
    code: 'azure-login-expired',
    what: 'Azure gave no token',
    why: 'the answer to the login holds none',
    fix: 'az login',
    exit: 'provider',
  });
}
