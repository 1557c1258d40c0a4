import { messageOf, UserError } from '../../errors';
import { policyFrom, requestJson, type HttpAnswer } from '../http';
import type { Refuser } from '../refusal';
import { signedHeaders, type AwsKeys } from './signature';

/** The Security Token Service is the same everywhere; the keys of every account fit this region. */
const region = 'us-east-1';
const formType = 'application/x-www-form-urlencoded; charset=utf-8';

/** Where it answers; null when only EC2's address was replaced: what is signed for a stand-in must not go to AWS. */
function endpoint(env: NodeJS.ProcessEnv): string | null {
  const custom = env['AWS_ENDPOINT_URL_STS'] || env['AWS_ENDPOINT_URL'];
  if (custom) return custom;
  return env['AWS_ENDPOINT_URL_EC2'] ? null : `https://sts.${region}.amazonaws.com`;
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
    const headers = signedHeaders({ url, body, type: formType, service: 'sts', region }, keys, now);
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
