import { messageOf, UserError } from '../../errors';
import { policyFrom, requestJson, type HttpAnswer, type HttpPolicy, type HttpRequest } from '../http';
import { refusal, type Refuser } from '../refusal';
import type { Login } from './credentials';

const scope = 'https://www.googleapis.com/auth/cloud-platform';

/** Compute Engine's address: the variable of Google's provider plugin, gcloud's own, or Google. Ends with a slash. */
export function computeEndpoint(env: NodeJS.ProcessEnv): string {
  const custom = env['GOOGLE_COMPUTE_CUSTOM_ENDPOINT'] || env['CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE'];
  return (custom || 'https://compute.googleapis.com/compute/v1').replace(/\/*$/, '/');
}

/**
 * The resource manager's address; `null` when only Compute Engine's was replaced: a token for a stand-in must not go to
 * Google.
 */
export function resourceManagerEndpoint(env: NodeJS.ProcessEnv): string | null {
  const custom = env['GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT'];
  if (custom) return custom.replace(/\/*$/, '/');
  const computeReplaced = env['GOOGLE_COMPUTE_CUSTOM_ENDPOINT'] || env['CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE'];
  return computeReplaced ? null : 'https://cloudresourcemanager.googleapis.com/v1/';
}

async function tokenOf(cloud: Refuser, login: Login): Promise<string> {
  if (login.kind === 'token') return login.token;
  const { GoogleAuth } = await import('google-auth-library');
  // The library warns of keys that strangers hand over; this one is the user's own, from the user's own environment.
  const key = login.kind === 'file' ? { keyFilename: login.file } : { credentials: login.json };
  const auth = new GoogleAuth({ scopes: [scope], ...key });
  try {
    const token = await auth.getAccessToken();
    if (token) return token;
  } catch (thrown) {
    throw refusal(cloud, 'give an access token', messageOf(thrown), thrown);
  }
  throw new UserError({
    code: 'credentials-refused',
    what: `${cloud.title} did not give an access token`,
    why: `the login of ${login.where} yields none`,
    fix: 'run `gcloud auth application-default login`',
    exit: 'provider',
  });
}

export interface GoogleClient {
  readonly project: string;
  /** A request to Compute Engine; `path` is relative to its endpoint. */
  compute<T>(
    method: HttpRequest['method'],
    path: string,
    action: string,
    accept?: readonly number[],
  ): Promise<HttpAnswer<T>>;
  /** Which of these permissions the caller has in the project; `null` when it cannot be asked. */
  permissions(wanted: readonly string[]): Promise<readonly string[] | null>;
}

/** Compute Engine by REST. The token is asked for once and lives for an hour: longer than any of our calls. */
export function googleClient(
  cloud: Refuser,
  access: { login: Login; project: string; env: NodeJS.ProcessEnv },
  policy: HttpPolicy = policyFrom(access.env),
): GoogleClient {
  let token: Promise<string> | undefined;
  const headers = async (): Promise<Record<string, string>> => {
    token ??= tokenOf(cloud, access.login);
    return { authorization: `Bearer ${await token}`, 'content-type': 'application/json' };
  };
  return {
    project: access.project,
    async compute<T>(method: HttpRequest['method'], path: string, action: string, accept: readonly number[] = []) {
      const url = computeEndpoint(access.env) + path;
      return requestJson<T>(cloud, { method, url, headers: await headers(), action, accept }, policy);
    },
    async permissions(wanted) {
      const base = resourceManagerEndpoint(access.env);
      if (base === null) return null;
      const { status, body } = await requestJson<{ permissions?: string[] } | null>(
        cloud,
        {
          method: 'POST',
          url: `${base}projects/${access.project}:testIamPermissions`,
          headers: await headers(),
          body: JSON.stringify({ permissions: wanted }),
          action: 'tell the permissions',
          // The resource manager's API may be off in the project: then creating tells.
          accept: [403, 404],
        },
        policy,
      );
      return status >= 400 ? null : (body?.permissions ?? []);
    },
  };
}
