import { Bug, UserError } from '../../errors';
import { requestJson, usualPolicy, type HttpAnswer, type HttpPolicy } from '../http';
import type { AzureLogin } from './credentials';
import { fetchToken, findEndpoints, refuser, type AzureEndpoints } from './login';

export interface ArmRequest {
  readonly method: 'GET' | 'DELETE';
  /** Begins with `/`; the subscription's own path when it begins with `~`. */
  readonly path: string;
  readonly version: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly action: string;
  readonly accept?: readonly number[];
}

export interface AzureClient {
  call<T>(request: ArmRequest): Promise<HttpAnswer<T>>;
  /** Every page of a listing. */
  pages<T>(request: Omit<ArmRequest, 'method' | 'accept'>): Promise<T[]>;
}

interface Page<T> {
  readonly value?: readonly T[];
  readonly nextLink?: string;
}

/** Tokens live for 60 to 90 minutes. */
const tokenMilliseconds = 45 * 60_000;

/** A client of Azure Resource Manager for one subscription. Logs in at the first call. */
export function azureClient(login: AzureLogin, env: NodeJS.ProcessEnv, policy: HttpPolicy = usualPolicy): AzureClient {
  let session: Promise<{ endpoints: AzureEndpoints; token: string; since: number }> | null = null;

  async function loggedIn(): Promise<{ endpoints: AzureEndpoints; token: string }> {
    if (session && Date.now() - (await session).since > tokenMilliseconds) session = null;
    session ??= (async () => {
      const endpoints = await findEndpoints(env, policy);
      return { endpoints, token: await fetchToken(login, endpoints, env, policy), since: Date.now() };
    })();
    return session;
  }

  async function send<T>(
    url: string,
    request: Pick<ArmRequest, 'method' | 'action' | 'accept'>,
    token: string,
  ): Promise<HttpAnswer<T>> {
    const { method, action, accept } = request;
    return requestJson<T>(
      refuser,
      { method, url, action, ...(accept ? { accept } : {}), headers: { authorization: `Bearer ${token}` } },
      policy,
    );
  }

  async function address(
    request: Pick<ArmRequest, 'path' | 'version' | 'query'>,
  ): Promise<{ url: string; token: string; origin: string }> {
    const { endpoints, token } = await loggedIn();
    const query = new URLSearchParams({ 'api-version': request.version, ...request.query });
    const path = request.path.replace(/^~/, `/subscriptions/${login.subscription}`);
    const url = new URL(`${endpoints.manager}${path}?${query.toString()}`);
    return { url: url.href, token, origin: url.origin };
  }

  return {
    async call<T>(request: ArmRequest) {
      const { url, token } = await address(request);
      return send<T>(url, request, token);
    },
    async pages<T>(request: Omit<ArmRequest, 'method' | 'accept'>) {
      const found: T[] = [];
      const { url, token, origin } = await address(request);
      for (let next: string | undefined = url; next !== undefined && next !== '';) {
        // A next page elsewhere would be handed the token.
        if (new URL(next).origin !== origin) {
          throw new UserError({
            code: 'azure-page-elsewhere',
            what: `Azure did not ${request.action}`,
            why: `its answer points to ${new URL(next).origin} for the next page`,
            fix: 'check ARM_ENDPOINT and ARM_METADATA_HOSTNAME in your environment',
            exit: 'provider',
          });
        }
        const { body }: HttpAnswer<Page<T>> = await send<Page<T>>(
          next,
          { method: 'GET', action: request.action },
          token,
        );
        if (!Array.isArray(body.value)) throw new Bug(`the answer to "${request.action}" has no value`);
        found.push(...(body.value as readonly T[]));
        next = body.nextLink;
      }
      return found;
    },
  };
}
