import { randomUUID } from 'node:crypto';
import { Bug } from '../../errors';
import { askAgain, requestJson, type HttpPolicy } from '../http';
import { refusal } from '../refusal';
import type { AlibabaKey } from './credentials';
import { errors } from './errors';
import { queryOf, signedHeaders } from './signature';

export const refuser = { title: 'Alibaba Cloud', errors };

const versions = { ecs: '2014-05-26', vpc: '2016-04-28', sts: '2015-04-01' } as const;

export type Service = keyof typeof versions;

export interface AlibabaCall {
  readonly service: Service;
  readonly region: string;
  /** The API's own name, e.g. `DescribeInstances`. */
  readonly name: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** Completes "the cloud did not …". */
  readonly action: string;
  /** Error codes that are an answer and no failure. */
  readonly accept?: RegExp;
}

export interface AlibabaClient {
  /** The answer, or `{ Code }` for an error that is accepted. */
  call<T>(call: AlibabaCall): Promise<T & { readonly Code?: string }>;
  /** Every page of a listing; `shelf` and `field` are the names around the array in the answer. */
  pages<T>(call: AlibabaCall, shelf: string, field: string): Promise<T[]>;
}

/** What the provider plugin reads, in its order: `ALIBABA_CLOUD_ENDPOINT_ECS`, `ECS_ENDPOINT`; a host, or an address with its scheme. */
export function endpointIn(env: NodeJS.ProcessEnv, service: Service): string | undefined {
  const name = service.toUpperCase();
  return env[`ALIBABA_CLOUD_ENDPOINT_${name}`] ?? env[`${name}_ENDPOINT`];
}

function addressOf(env: NodeJS.ProcessEnv, service: Service, region: string): URL {
  const given = endpointIn(env, service) ?? `${service}.${region}.aliyuncs.com`;
  return new URL(given.includes('://') ? given : `https://${given}`);
}

interface Failure {
  readonly Code?: string;
}

/** Codes after which the same call, signed anew, may do. */
const passing = new Set(['cloud-unreachable', 'alibaba-too-many-requests', 'alibaba-down']);

/** A client of Alibaba Cloud's RPC APIs. */
export function alibabaClient(key: AlibabaKey, env: NodeJS.ProcessEnv, policy: HttpPolicy): AlibabaClient {
  async function once<T>(call: AlibabaCall): Promise<T & Failure> {
    const address = addressOf(env, call.service, call.region);
    const parameters = { RegionId: call.region, ...call.parameters };
    const request = {
      method: 'POST' as const,
      host: address.host,
      action: call.name,
      version: versions[call.service],
      parameters,
      date: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
      nonce: randomUUID(),
    };
    const headers = signedHeaders(request, key);
    const { status, body } = await requestJson<(T & Failure) | null>(
      refuser,
      {
        method: 'POST',
        url: `${address.origin}/?${queryOf(parameters)}`,
        headers,
        action: call.action,
        accept: [400, 403, 404, 409],
      },
      // A repeated request would bear the same nonce, which the cloud refuses: it is signed anew below.
      { ...policy, attempts: 1 },
    );
    if (status < 400 && body !== null) return body;
    if (body?.Code !== undefined && call.accept?.test(body.Code)) return body;
    throw refusal(refuser, call.action, JSON.stringify(body));
  }

  const call = <T>(one: AlibabaCall): Promise<T & Failure> => askAgain(passing, policy, () => once<T>(one));

  async function pages<T>(one: AlibabaCall, shelf: string, field: string): Promise<T[]> {
    const found: T[] = [];
    for (let page = 1; ; page++) {
      const parameters = { ...one.parameters, PageNumber: String(page), PageSize: '50' };
      const body = await call<{ TotalCount?: number } & Record<string, Record<string, readonly T[]>>>({
        ...one,
        parameters,
      });
      const items = body[shelf]?.[field];
      if (!Array.isArray(items)) throw new Bug(`the answer to ${one.name} has no ${shelf}.${field}`);
      found.push(...(items as readonly T[]));
      if (items.length === 0 || found.length >= (body.TotalCount ?? 0)) return found;
    }
  }

  return { call, pages };
}
