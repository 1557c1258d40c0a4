import { CommonClient } from 'tencentcloud-sdk-nodejs-common/tencentcloud/common/common_client';
import { addressOf, type Service } from '../../src/cloud/tencent/client';
import { findKey } from '../../src/cloud/tencent/credentials';
import { messageOf, UserError } from '../../src/errors';

/** One call of Tencent's API, by its own name. Throws a `UserError` that holds the cloud's code. */
export type Call = <Answer>(service: Service, region: string, action: string, parameters: object) => Promise<Answer>;

const version = '2017-03-12';

/**
 * Tencent's official client for CVM and VPC. Key and endpoint are found where the rest of the house finds them; the
 * SDK itself repeats nothing, so a lost answer is an error, and what was made is found by its tag.
 */
export function tencentCall(context: { env: NodeJS.ProcessEnv; homeFolder: string }): Call {
  const { key, report } = findKey(context);
  if (key === null) {
    throw new UserError({
      code: 'credentials-missing',
      what: 'There are no credentials for Tencent Cloud',
      why: report.where,
      fix: report.fix,
      exit: 'provider',
    });
  }
  const credential = {
    secretId: key.id,
    secretKey: key.secret,
    ...(key.token === undefined ? {} : { token: key.token }),
  };
  return async <Answer>(service: Service, region: string, action: string, parameters: object): Promise<Answer> => {
    const address = addressOf(context.env, service);
    const client = new CommonClient(address.host, version, {
      credential,
      region,
      profile: { language: 'en-US', httpProfile: { protocol: `${address.protocol}//`, endpoint: address.host } },
    });
    try {
      return (await client.request(action, parameters)) as Answer;
    } catch (thrown) {
      const code = codeOf(thrown);
      throw new UserError(
        {
          code: 'tencent-refused',
          what: `Tencent Cloud refused ${action}`,
          why: `${code}: ${messageOf(thrown)}`,
          fix: 'see docs/providers/tencent.md for what the code means',
          exit: 'provider',
        },
        { cause: thrown },
      );
    }
  };
}

/** The cloud's own code of a failure, e.g. `ResourceInsufficient.SpecifiedInstanceType`; empty when it gave none. */
export function codeOf(thrown: unknown): string {
  const cause = thrown instanceof UserError ? thrown.cause : thrown;
  const code = (cause as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** Codes that say that it is not there (any more). */
export const isGone = (thrown: unknown): boolean =>
  /NotFound|NotExist|InvalidInstanceState\.Terminat/.test(codeOf(thrown));

/** Codes that say that something else still uses it, or that another action runs on it. */
export const isBusy = (thrown: unknown): boolean =>
  /InUse|DependencyViolation|UnsupportedOperation\.|ResourceBusy|Mutex|RequestLimitExceeded|OperationConflict/.test(
    codeOf(thrown),
  );
