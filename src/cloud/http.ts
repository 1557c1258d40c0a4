import { setTimeout as pauseFor } from 'node:timers/promises';
import { messageOf, UserError } from '../errors';
import { refusal, withoutSecrets, type Refuser } from './refusal';

export { together } from './together';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  /** Sent, never logged, never part of an error. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Completes "the cloud did not …", e.g. `list droplets`. */
  readonly action: string;
  /** Statuses of 400 and above that are an answer and no failure, e.g. 404 for a delete. */
  readonly accept?: readonly number[];
  /** The answer's text as it is, for what is no JSON. */
  readonly raw?: true;
}

export interface HttpAnswer<T> {
  readonly status: number;
  /** Parsed JSON; `null` for an empty answer. */
  readonly body: T;
}

/** How patient a client is. Every request of ours may be repeated: we only look and delete. */
export interface HttpPolicy {
  readonly timeoutSeconds: number;
  /** Tries in all. */
  readonly attempts: number;
  /** Wait before the second try, milliseconds; doubled for each further one. */
  readonly firstPause: number;
  /** Longest wait that a Retry-After may ask for, milliseconds; more than that is given up at once. */
  readonly longestPause: number;
}

export const usualPolicy: HttpPolicy = { timeoutSeconds: 30, attempts: 4, firstPause: 1000, longestPause: 30_000 };

/** The usual patience; `CVICAST_RETRY_SECONDS` sets the first pause, as for every retry of cvicast's. */
export function policyFrom(env: NodeJS.ProcessEnv): HttpPolicy {
  const seconds = Number(env['CVICAST_RETRY_SECONDS'] ?? '1');
  return seconds >= 0 ? { ...usualPolicy, firstPause: seconds * 1000 } : usualPolicy;
}

const passing = new Set([408, 429, 500, 502, 503, 504]);

/** Milliseconds that a Retry-After header asks for (seconds or a date); `null` when there is none. */
export function retryAfter(header: string | null, now = Date.now()): number | null {
  if (header === null) return null;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

interface Attempt {
  readonly status: number;
  readonly text: string;
  readonly waitFor: number | null;
}

async function once(request: HttpRequest, policy: HttpPolicy): Promise<Attempt> {
  const answer = await fetch(request.url, {
    method: request.method,
    headers: { accept: 'application/json', ...request.headers },
    ...(request.body === undefined ? {} : { body: request.body }),
    // A redirect would carry the request, token and all, to an address that nobody configured.
    redirect: 'error',
    signal: AbortSignal.timeout(policy.timeoutSeconds * 1000),
  });
  return { status: answer.status, text: await answer.text(), waitFor: retryAfter(answer.headers.get('retry-after')) };
}

/** Node's fetch says "fetch failed" and hides the reason in `cause`, which may have a code and no message. */
function networkReason(thrown: unknown): string {
  const { cause } = thrown as { cause?: { code?: string; message?: string } };
  return withoutSecrets([cause?.code, cause?.message].filter(Boolean).join(': ') || messageOf(thrown));
}

function unreachable(cloud: Refuser, request: HttpRequest, reason: string, cause: unknown): UserError {
  const { origin } = new URL(request.url);
  return new UserError(
    {
      code: 'cloud-unreachable',
      what: `${cloud.title} did not ${request.action}`,
      why: `${origin} did not answer (${reason})`,
      fix: 'check the network, a proxy, and endpoint variables in your environment, then try again',
      exit: 'provider',
    },
    { cause },
  );
}

/**
 * One JSON request with a time limit and bounded retries on 408, 429, 5xx and broken connections; Retry-After is obeyed.
 * Throws a `UserError`: the cloud's catalogue explains the status and the answer's text.
 */
export async function requestJson<T = unknown>(
  cloud: Refuser,
  request: HttpRequest,
  policy: HttpPolicy = usualPolicy,
): Promise<HttpAnswer<T>> {
  for (let attempt = 1; ; attempt++) {
    const last = attempt >= policy.attempts;
    let wait = policy.firstPause * 2 ** (attempt - 1);
    try {
      const answer = await once(request, policy);
      if (answer.status < 400 || request.accept?.includes(answer.status)) {
        return { status: answer.status, body: parsed(cloud, request, answer) as T };
      }
      if (!passing.has(answer.status) || last || (answer.waitFor ?? 0) > policy.longestPause) {
        throw refusal(cloud, request.action, `HTTP ${answer.status} ${answer.text}`);
      }
      wait = answer.waitFor ?? wait;
    } catch (thrown) {
      if (thrown instanceof UserError) throw thrown;
      if (last) throw unreachable(cloud, request, networkReason(thrown), thrown);
    }
    await pauseFor(wait);
  }
}

/**
 * Asks again, signed anew, while the refusal is of those that may pass: for clouds whose requests cannot be repeated as
 * they are, or whose errors come with status 200.
 */
export async function askAgain<T>(
  passing: ReadonlySet<string>,
  policy: HttpPolicy,
  once: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once();
    } catch (thrown) {
      const again = thrown instanceof UserError && passing.has(thrown.code);
      if (!again || attempt >= policy.attempts) throw thrown;
    }
    await pauseFor(policy.firstPause * 2 ** (attempt - 1));
  }
}

function parsed(cloud: Refuser, request: HttpRequest, answer: Attempt): unknown {
  if (request.raw) return answer.text;
  if (answer.text.trim() === '') return null;
  try {
    return JSON.parse(answer.text) as unknown;
  } catch (thrown) {
    // An accepted 404 need not be JSON; a success must be.
    if (answer.status >= 400) return null;
    throw new UserError(
      {
        code: 'cloud-answer-unreadable',
        what: `${cloud.title} did not ${request.action}`,
        why: `its answer is not JSON (status ${answer.status}, ${answer.text.length} characters)`,
        fix: 'check for a proxy or a captive portal between this computer and the cloud, then try again',
        exit: 'provider',
      },
      { cause: thrown },
    );
  }
}
