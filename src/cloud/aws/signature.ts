import { createHash, createHmac } from 'node:crypto';

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface SignedPost {
  readonly url: URL;
  readonly body: string;
  /** Its content type. */
  readonly type: string;
  readonly region: string;
  /** As the signature names it, e.g. `sts`. */
  readonly service: string;
  /** The operation, in the protocols that name it in a header. */
  readonly target?: string;
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Headers of a signed POST without a query, all but `host`, which the connection adds: signature version 4. */
export function signedHeaders(request: SignedPost, keys: AwsKeys, now: Date): Record<string, string> {
  const { url, body, region, service } = request;
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const headers: Record<string, string> = {
    'content-type': request.type,
    'x-amz-date': time,
    ...(request.target === undefined ? {} : { 'x-amz-target': request.target }),
    ...(keys.sessionToken ? { 'x-amz-security-token': keys.sessionToken } : {}),
  };
  const signing: Record<string, string> = { ...headers, host: url.host };
  const names = Object.keys(signing).sort();
  const lines = names.map((name) => `${name}:${signing[name] ?? ''}\n`).join('');
  const canonical = ['POST', url.pathname, '', lines, names.join(';'), sha256(body)].join('\n');
  const day = time.slice(0, 8);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce(hmac, Buffer.from(`AWS4${keys.secretAccessKey}`));
  const signature = hmac(key, toSign).toString('hex');
  const credential = `Credential=${keys.accessKeyId}/${scope}`;
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  };
}
