import { createHash, createHmac } from 'node:crypto';
import { messageOf, UserError } from '../../errors';
import { policyFrom, requestJson, type HttpAnswer } from '../http';
import type { Refuser } from '../refusal';

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** The Security Token Service is the same everywhere; the keys of every account fit this region. */
const region = 'us-east-1';
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Where it answers; null when only EC2's address was replaced: what is signed for a stand-in must not go to AWS. */
function endpoint(env: NodeJS.ProcessEnv): string | null {
  const custom = env['AWS_ENDPOINT_URL_STS'] || env['AWS_ENDPOINT_URL'];
  if (custom) return custom;
  return env['AWS_ENDPOINT_URL_EC2'] ? null : `https://sts.${region}.amazonaws.com`;
}

/** Headers of a signed POST without a query, all but `host`, which the connection adds: signature version 4. */
export function signedHeaders(url: URL, body: string, keys: AwsKeys, now: Date): Record<string, string> {
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const headers: Record<string, string> = {
    'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    'x-amz-date': time,
    ...(keys.sessionToken ? { 'x-amz-security-token': keys.sessionToken } : {}),
  };
  const signing: Record<string, string> = { ...headers, host: url.host };
  const names = Object.keys(signing).sort();
  const lines = names.map((name) => `${name}:${signing[name] ?? ''}\n`).join('');
  const canonical = ['POST', url.pathname, '', lines, names.join(';'), sha256(body)].join('\n');
  const day = time.slice(0, 8);
  const scope = `${day}/${region}/sts/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = [day, region, 'sts', 'aws4_request'].reduce(hmac, Buffer.from(`AWS4${keys.secretAccessKey}`));
  const signature = hmac(key, toSign).toString('hex');
  const credential = `Credential=${keys.accessKeyId}/${scope}`;
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  };
}

/**
 * A clock that is wrong here is no reason to leave a machine alive (AWS's SDK does the same): its time as the service tells
 * it, in `Signature expired: … is now earlier than … (20261129T091500Z - 5 min.)` and the like.
 */
function timeTold(refusal: string): Date | null {
  const told = /\((\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z [-+] \d+ min/.exec(refusal);
  if (told === null) return null;
  const [year = 0, month = 1, ...rest] = told.slice(1).map(Number);
  return new Date(Date.UTC(year, month - 1, ...rest));
}

/** Number of the account whose keys these are (GetCallerIdentity, which needs no permission); null where nobody can be asked. */
export async function accountOf(cloud: Refuser, keys: AwsKeys, env: NodeJS.ProcessEnv): Promise<string | null> {
  const base = endpoint(env);
  if (base === null) return null;
  const url = new URL('/', base);
  const body = 'Action=GetCallerIdentity&Version=2011-06-15';
  const action = 'tell whose account the keys open';
  const ask = (now: Date): Promise<HttpAnswer<string>> => {
    const headers = signedHeaders(url, body, keys, now);
    return requestJson(cloud, { method: 'POST', url: url.href, headers, body, action, raw: true }, policyFrom(env));
  };
  const answer = await ask(new Date()).catch((thrown: unknown) => {
    const now = timeTold(messageOf(thrown));
    if (now === null) throw thrown;
    return ask(now);
  });
  // JSON or XML, as the service likes.
  const account = /<Account>(\d{12})<\/Account>|"Account"\s*:\s*"(\d{12})"/.exec(answer.body);
  const number = account?.[1] ?? account?.[2];
  if (number !== undefined) return number;
  throw new UserError({
    code: 'cloud-answer-unreadable',
    what: `${cloud.title} did not ${action}`,
    why: `its answer has no account (${answer.body.length} characters)`,
    fix: 'check AWS_ENDPOINT_URL_STS and AWS_ENDPOINT_URL in your environment, then try again',
    exit: 'provider',
  });
}
