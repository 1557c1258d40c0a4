import { createHash, createHmac } from 'node:crypto';
import type { TencentKey } from './credentials';

export interface TencentRequest {
  /** Name in the scope of the signature: `cvm`, `vpc`. */
  readonly service: string;
  /** Without a port, as the official SDKs sign it. */
  readonly host: string;
  readonly contentType: string;
  readonly body: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** The Authorization header of a POST by `TC3-HMAC-SHA256` (tencentcloud.com/document/api/213/33224). */
export function authorization(request: TencentRequest, key: Pick<TencentKey, 'id' | 'secret'>): string {
  const signed = 'content-type;host';
  const headers = `content-type:${request.contentType}\nhost:${request.host}\n`;
  const canonical = ['POST', '/', '', headers, signed, sha256(request.body)].join('\n');
  const date = new Date(request.timestamp * 1000).toISOString().slice(0, 10);
  const scope = `${date}/${request.service}/tc3_request`;
  const toSign = ['TC3-HMAC-SHA256', request.timestamp, scope, sha256(canonical)].join('\n');
  const signing = hmac(hmac(hmac(`TC3${key.secret}`, date), request.service), 'tc3_request');
  return `TC3-HMAC-SHA256 Credential=${key.id}/${scope}, SignedHeaders=${signed}, Signature=${hmac(signing, toSign).toString('hex')}`;
}
