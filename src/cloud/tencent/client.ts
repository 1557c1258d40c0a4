import { Bug } from '../../errors';
import { askAgain, requestJson, type HttpPolicy } from '../http';
import { refusal } from '../refusal';
import type { TencentKey } from './credentials';
import { errors } from './errors';
import { authorization } from './signature';

export const refuser = { title: 'Tencent Cloud', errors };

const versions = { cvm: '2017-03-12', vpc: '2017-03-12', sts: '2018-08-13' } as const;

export type Service = keyof typeof versions;

export interface TencentCall {
  readonly service: Service;
  readonly region: string;
  /** The API's own name, e.g. `DescribeInstances`. */
  readonly name: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Completes "the cloud did not …". */
  readonly action: string;
  /** Error codes that are an answer and no failure. */
  readonly accept?: RegExp;
}

export interface TencentClient {
  /** The answer's `Response`, or `{ Error }` for an error that is accepted. */
  call<T>(call: TencentCall): Promise<T & Failure>;
  /** Every page of a listing; `field` is the array's name in the answer. */
  pages<T>(call: TencentCall, field: string): Promise<T[]>;
}

interface Failure {
  readonly Error?: { readonly Code: string; readonly Message: string };
}

/**
 * Where a service answers: `TENCENTCLOUD_ENDPOINT` (a host, or an address with its scheme) for all of them; else the
 * domain of `TENCENTCLOUD_DOMAIN` by the protocol of `TENCENTCLOUD_PROTOCOL`, as Tencent's own Terraform provider has it.
 */
export function addressOf(env: NodeJS.ProcessEnv, service: Service): URL {
  const scheme = (env['TENCENTCLOUD_PROTOCOL'] ?? 'https').toLowerCase();
  const given = env['TENCENTCLOUD_ENDPOINT'] ?? `${service}.${env['TENCENTCLOUD_DOMAIN'] ?? 'tencentcloudapi.com'}`;
  return new URL(given.includes('://') ? given : `${scheme}://${given}`);
}

/** Errors come with status 200, and may pass. */
const passing = new Set(['tencent-too-many-requests', 'tencent-down']);

/** A client of Tencent Cloud's APIs, version 3 of their signature. */
export function tencentClient(key: TencentKey, env: NodeJS.ProcessEnv, policy: HttpPolicy): TencentClient {
  async function once<T>(call: TencentCall): Promise<T & Failure> {
    const address = addressOf(env, call.service);
    const body = JSON.stringify(call.parameters ?? {});
    const timestamp = Math.floor(Date.now() / 1000);
    const contentType = 'application/json';
    const headers = {
      'content-type': contentType,
      'x-tc-action': call.name,
      'x-tc-region': call.region,
      'x-tc-timestamp': String(timestamp),
      'x-tc-version': versions[call.service],
      'x-tc-language': 'en-US',
      ...(key.token === undefined ? {} : { 'x-tc-token': key.token }),
      authorization: authorization(
        { service: call.service, host: address.hostname, contentType, body, timestamp },
        key,
      ),
    };
    const answer = await requestJson<{ Response: T & Failure } | null>(
      refuser,
      { method: 'POST', url: `${address.origin}/`, headers, body, action: call.action },
      policy,
    );
    const response = answer.body?.Response;
    if (response === undefined) throw new Bug(`the answer to ${call.name} has no Response`);
    if (response.Error === undefined || call.accept?.test(response.Error.Code)) return response;
    throw refusal(refuser, call.action, JSON.stringify(response.Error));
  }

  const call = <T>(one: TencentCall): Promise<T & Failure> => askAgain(passing, policy, () => once<T>(one));

  async function pages<T>(one: TencentCall, field: string): Promise<T[]> {
    const found: T[] = [];
    // The VPC API wants its numbers as text.
    const written = (count: number): number | string => (one.service === 'vpc' ? String(count) : count);
    for (;;) {
      const parameters = { ...one.parameters, Offset: written(found.length), Limit: written(100) };
      const body = await call<{ TotalCount?: number } & Record<string, readonly T[] | undefined>>({
        ...one,
        parameters,
      });
      const items = body.Error === undefined ? body[field] : [];
      if (!Array.isArray(items)) throw new Bug(`the answer to ${one.name} has no ${field}`);
      found.push(...(items as readonly T[]));
      if (items.length === 0 || found.length >= (body.TotalCount ?? 0)) return found;
    }
  }

  return { call, pages };
}
