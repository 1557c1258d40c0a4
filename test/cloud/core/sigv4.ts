import { createHash, createHmac } from 'node:crypto';
import type { HttpRequest } from './table';

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text, 'utf8').digest();
const sha = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

export interface Signed {
  readonly accessKey: string;
  readonly region: string;
  readonly service: string;
  /** Does the signature fit this secret? */
  fits(secret: string): boolean;
}

/** Reads an AWS signature, version 4; null when the request bears none. */
export function signatureOf(request: HttpRequest): Signed | null {
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      request.headers['authorization'] ?? '',
    );
  if (!match) return null;
  const [, accessKey, day, region, service, signedHeaders, signature] = match as unknown as string[];
  const names = signedHeaders!.split(';');
  const headers = names.map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`).join('');
  const query = [...request.query]
    .map(([key, value]) => `${encode(key)}=${encode(value)}`)
    .sort()
    .join('&');
  const canonical = [request.method, request.path, query, headers, signedHeaders, sha(request.body)].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'] ?? '', scope, sha(canonical)].join('\n');
  return {
    accessKey: accessKey!,
    region: region!,
    service: service!,
    fits: (secret) => {
      const key = [region!, service!, 'aws4_request'].reduce(hmac, hmac(`AWS4${secret}`, day!));
      return hmac(key, toSign).toString('hex') === signature;
    },
  };
}

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
