import { createHash, createHmac } from 'node:crypto';
import type { AlibabaKey } from './credentials';

export interface AlibabaRequest {
  readonly method: 'GET' | 'POST';
  readonly host: string;
  readonly action: string;
  /** Of the API, e.g. `2014-05-26`. */
  readonly version: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** ISO 8601 UTC without milliseconds. */
  readonly date: string;
  /** Different for every request: the cloud refuses one that it has seen. */
  readonly nonce: string;
}

/** Percent-encoding by RFC 3986: what `encodeURIComponent` leaves alone is encoded too. */
export function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

export function queryOf(parameters: Readonly<Record<string, string>>): string {
  return Object.keys(parameters)
    .sort()
    .map((name) => `${encoded(name)}=${encoded(parameters[name] ?? '')}`)
    .join('&');
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * Headers of a signed RPC request with an empty body, all but `host`, which the connection adds: signature version 3, `ACS3-HMAC-SHA256`
 * (alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature).
 */
export function signedHeaders(request: AlibabaRequest, key: AlibabaKey): Record<string, string> {
  const bodyHash = sha256('');
  const headers: Record<string, string> = {
    'x-acs-action': request.action,
    'x-acs-content-sha256': bodyHash,
    'x-acs-date': request.date,
    'x-acs-signature-nonce': request.nonce,
    'x-acs-version': request.version,
    ...(key.token === undefined ? {} : { 'x-acs-security-token': key.token }),
  };
  const signing: Record<string, string> = { host: request.host, ...headers };
  const names = Object.keys(signing).sort();
  const canonicalHeaders = names.map((name) => `${name}:${(signing[name] ?? '').trim()}\n`).join('');
  const signed = names.join(';');
  const canonical = [request.method, '/', queryOf(request.parameters), canonicalHeaders, signed, bodyHash].join('\n');
  const signature = createHmac('sha256', key.secret)
    .update(`ACS3-HMAC-SHA256\n${sha256(canonical)}`)
    .digest('hex');
  return {
    ...headers,
    authorization: `ACS3-HMAC-SHA256 Credential=${key.id},SignedHeaders=${signed},Signature=${signature}`,
  };
}
