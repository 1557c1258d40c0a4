import { Bug } from '../../errors';
import { requestJson, type HttpAnswer, type HttpPolicy, type HttpRequest } from '../http';
import { errors } from './errors';

export const refuser = { title: 'Hetzner Cloud', errors };

export interface HetznerClient {
  call<T>(request: Pick<HttpRequest, 'method' | 'action' | 'accept'> & { path: string }): Promise<HttpAnswer<T>>;
  /** Every page of a listing; `field` is the array's name in the answer. */
  pages<T>(path: string, field: string, action: string): Promise<T[]>;
}

/** Base address of the API: `HCLOUD_ENDPOINT` as the provider plugin reads it, else Hetzner's own. */
export function endpoint(env: NodeJS.ProcessEnv): string {
  return (env['HCLOUD_ENDPOINT'] ?? 'https://api.hetzner.cloud/v1').replace(/\/+$/, '');
}

interface Page {
  readonly meta?: { readonly pagination?: { readonly next_page: number | null } };
}

/** A client of the Hetzner Cloud API v1. */
export function hetznerClient(base: string, token: string, policy: HttpPolicy): HetznerClient {
  const call = <T>(
    request: Pick<HttpRequest, 'method' | 'action' | 'accept'> & { path: string },
  ): Promise<HttpAnswer<T>> => {
    const { path, ...rest } = request;
    return requestJson<T>(
      refuser,
      { ...rest, url: `${base}${path}`, headers: { authorization: `Bearer ${token}` } },
      policy,
    );
  };
  const pages = async <T>(path: string, field: string, action: string): Promise<T[]> => {
    const found: T[] = [];
    for (let page: number | null = 1; page !== null;) {
      const separator = path.includes('?') ? '&' : '?';
      const { body }: HttpAnswer<Page & Record<string, T[]>> = await call({
        method: 'GET',
        path: `${path}${separator}per_page=50&page=${page}`,
        action,
      });
      const items = body[field];
      if (!Array.isArray(items)) throw new Bug(`the answer to "${action}" has no ${field}`);
      found.push(...items);
      page = body.meta?.pagination?.next_page ?? null;
    }
    return found;
  };
  return { call, pages };
}
