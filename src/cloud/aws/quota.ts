import { policyFrom, requestJson } from '../http';
import type { Refuser } from '../refusal';
import { wouldRefuse } from '../unfit';
import { quotaCodes, vcpuQuotaFix } from './errors';
import { signedHeaders, type AwsKeys } from './signature';

/** Where Service Quotas answers; null when only another service's address was replaced: what is signed for a stand-in must not go to AWS. */
function endpoint(env: NodeJS.ProcessEnv, region: string): string | null {
  const custom = env['AWS_ENDPOINT_URL_SERVICE_QUOTAS'] || env['AWS_ENDPOINT_URL'];
  if (custom) return custom;
  return env['AWS_ENDPOINT_URL_EC2'] ? null : `https://servicequotas.${region}.amazonaws.com`;
}

interface Choice {
  readonly region: string;
  readonly size: string;
  readonly spot?: boolean;
}

const codeFor = ({ spot }: Choice): string => (spot === true ? quotaCodes.spot : quotaCodes.onDemand);

/**
 * How many vCPUs this account may run at once in the region; null where nobody tells: the permission
 * `servicequotas:GetServiceQuota` may be left out, and the creation finds out then.
 */
async function vcpuQuota(
  cloud: Refuser,
  choice: Choice,
  keys: AwsKeys,
  env: NodeJS.ProcessEnv,
): Promise<number | null> {
  const base = endpoint(env, choice.region);
  if (base === null) return null;
  const url = new URL('/', base);
  const type = 'application/x-amz-json-1.1';
  const body = JSON.stringify({ ServiceCode: 'ec2', QuotaCode: codeFor(choice) });
  const target = 'ServiceQuotasV20190624.GetServiceQuota';
  const post = { url, body, type, target, service: 'servicequotas', region: choice.region };
  const headers = signedHeaders(post, keys, new Date());
  const request = { method: 'POST', url: url.href, headers, body, action: 'tell the quota of vCPUs' } as const;
  try {
    const answer = await requestJson<{ Quota?: { Value?: unknown } } | null>(cloud, request, {
      ...policyFrom(env),
      // Nothing hangs on it: a network that does not let it through must not hold the conversion up.
      ...{ attempts: 2, timeoutSeconds: 10 },
    });
    const value = answer.body?.Quota?.Value;
    return typeof value === 'number' ? value : null;
  } catch {
    return null;
  }
}

/** Throws an `Unfit` where the account may not run so many vCPUs at all. What runs already is not asked: the creation finds that out. */
export async function checkQuota(
  cloud: Refuser,
  choice: Choice,
  vcpus: number,
  keys: AwsKeys,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const quota = await vcpuQuota(cloud, choice, keys, env);
  if (quota === null || quota >= vcpus) return;
  throw wouldRefuse(
    'quota',
    `The quota of vCPUs in ${choice.region} is too small for ${choice.size}`,
    `the account may run ${quota} at once, and ${vcpus} are needed`,
    vcpuQuotaFix(codeFor(choice)),
    'size',
  );
}
