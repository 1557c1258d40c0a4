import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2';
import { messageOf, UserError } from '../../errors';
import { policyFrom } from '../http';
import { refusal, type Refuser } from '../refusal';

/** The endpoint that AWS's own tools would use: `AWS_ENDPOINT_URL_EC2`, else `AWS_ENDPOINT_URL`. */
function endpointOf(env: NodeJS.ProcessEnv): string | undefined {
  return env['AWS_ENDPOINT_URL_EC2'] || env['AWS_ENDPOINT_URL'] || undefined;
}

/**
 * Makes clients, one a region and kept. Keys of the given environment are handed over as they are; profiles, SSO and
 * roles are the SDK's own business.
 */
export function ec2Clients(env: NodeJS.ProcessEnv): (region: string) => EC2Client {
  // The warning is about later versions of the SDK than the one that is pinned here; its users cannot act on it.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const kept = new Map<string, EC2Client>();
  const [accessKeyId, secretAccessKey] = [env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY']];
  const sessionToken = env['AWS_SESSION_TOKEN'];
  const endpoint = endpointOf(env);
  const policy = policyFrom(env);
  const shared: EC2ClientConfig = {
    maxAttempts: policy.attempts,
    requestHandler: { connectionTimeout: 10_000, requestTimeout: policy.timeoutSeconds * 1000 },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(env['AWS_PROFILE'] ? { profile: env['AWS_PROFILE'] } : {}),
    ...(accessKeyId && secretAccessKey
      ? { credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) } }
      : {}),
  };
  return (region) => {
    const client = kept.get(region) ?? new EC2Client({ ...shared, region });
    kept.set(region, client);
    return client;
  };
}

/** EC2's code of a failure, e.g. `InvalidGroup.NotFound`; the SDK gives it as the error's name. */
export function codeOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : '';
}

/** Runs one call; what it throws becomes a `UserError` of the catalogue. `accept`: codes that are an answer. */
export async function ask<T>(
  cloud: Refuser,
  action: string,
  call: () => Promise<T>,
  accept: RegExp | null = null,
): Promise<T | null> {
  try {
    return await call();
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    if (accept?.test(codeOf(thrown))) return null;
    throw refusal(cloud, action, `${codeOf(thrown)}: ${messageOf(thrown)}`, thrown);
  }
}
