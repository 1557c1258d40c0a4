import type { CloudErrorEntry } from '../types';

/** Error codes of ECS, VPC and the API gateway (api.alibabacloud.com, "Error codes"), read in November 2026. */
export const errors: readonly CloudErrorEntry[] = [
  {
    match: /InvalidAccessKeyId(?:\.\w+)?|SignatureDoesNotMatch|IncompleteSignature|InvalidSecurityToken/,
    code: 'alibaba-key-refused',
    why: 'the access key is wrong, disabled or deleted, or the temporary token has expired',
    fix: 'make a new access key for a RAM user (ram.console.aliyun.com), then: aliyun configure',
    next: 'stop',
  },
  {
    match: /InvalidTimeStamp|SignatureNonceUsed/,
    code: 'alibaba-clock-wrong',
    why: "this computer's clock is more than 15 minutes off, or a request was sent twice",
    fix: 'set the clock, then try again',
    next: 'stop',
  },
  {
    match: /Forbidden\.RAM|NoPermission|Forbidden\.SubUser|ImplicitDeny|not authorized to operate/i,
    code: 'alibaba-not-allowed',
    why: 'the RAM user may not do this',
    fix: 'attach the policy of docs/providers/alibaba.md to the RAM user (ram.console.aliyun.com)',
    next: 'stop',
  },
  {
    match:
      /InvalidAccountStatus\.NotEnoughBalance|NotEnoughBalance|InvalidPayMethod|Account\.Arrearage|InsufficientBalance/,
    code: 'alibaba-no-money',
    why: 'the account has no payment method or not enough balance for pay as you go (100 CNY on the Chinese site)',
    fix: 'add a payment method or top up: usercenter2-intl.console.aliyun.com',
    next: 'stop',
  },
  {
    match: /RealNameAuthenticationError|ForbiddenRealNameAuthentication|Forbidden\.Unsubscribe/,
    code: 'alibaba-not-verified',
    why: 'the account is not verified for this region (mainland China wants real-name verification)',
    fix: 'choose a region outside mainland China, e.g. --region ap-southeast-1, or verify the account',
    next: 'stop',
  },
  {
    match:
      /OperationDenied\.NoStock|NoStock\b|ResourceNotAvailable|Zone\.NotOnSale|InvalidResourceType\.NotSupported|Zone\.NotOpen|OperationDenied\.ZoneNotAllowed|InvalidInstanceType\.(?:ZoneNotSupported|NotSupportDiskCategory)|alibaba-sold-out/,
    code: 'alibaba-sold-out',
    why: 'this size is sold out, or not sold, in this zone',
    fix: 'choose another --zone or --region, or none, or another --size',
    next: 'zone',
  },
  {
    match:
      /QuotaExceed(?:ed)?\.(?:ElasticQuota|AfterpayInstance|PostPaidInstance)|QuotaExceed\w*\.\w*[vV]cpu|alibaba-core-quota/,
    code: 'alibaba-core-quota',
    why: "the account's limit of pay-as-you-go vCPUs in this region is reached",
    fix: 'choose a smaller --size or another --region, or ask for more: quotas.console.aliyun.com',
    next: 'size',
  },
  {
    match: /QuotaExceeded\.(?:Vpc|VSwitch|SecurityGroup|KeyPair)|QuotaExceeded|LimitExceed/,
    code: 'alibaba-quota',
    why: 'a limit of the account (networks, security groups, key pairs) is reached',
    fix: 'run cvicast gc --provider alibaba, and delete what you no longer need',
    next: 'stop',
  },
  {
    match: /InvalidInstanceType\.\w+|InvalidInstanceType|Invalid\.InstanceType/,
    code: 'alibaba-size-refused',
    why: 'this size does not exist or is no longer sold to this account',
    fix: 'choose another --size; aliyun ecs DescribeAvailableResource shows what is sold',
    next: 'size',
  },
  {
    match: /InvalidImageId\.\w+|ImageNotSupportInstanceType|InvalidImage/,
    code: 'alibaba-image-missing',
    why: 'the Ubuntu 22.04 image is not offered here or does not suit this size',
    fix: 'choose another --region or --size',
    next: 'size',
  },
  {
    match: /InvalidAutoReleaseTime\.\w+|InvalidAutoReleaseTime/,
    code: 'alibaba-release-time-refused',
    why: 'the release time must be at least 30 minutes ahead and in UTC',
    fix: "set this computer's clock; --timeout 30m or more",
    next: 'stop',
  },
  {
    match: /DependencyViolation(?:\.\w+)?|InvalidOperation\.\w*InUse|Forbidden\.InUse/,
    code: 'alibaba-in-use',
    why: 'something else still uses it',
    fix: 'run cvicast gc again in a minute',
    next: 'retry',
  },
  {
    match:
      /IncorrectInstanceStatus(?:\.\w+)?|IncorrectDiskStatus(?:\.\w+)?|IncorrectV(?:pc|switch|Switch)Status|IncorrectStatus|OperationConflict|TaskConflict|LastTokenProcessing/,
    code: 'alibaba-busy',
    why: 'another operation on it has not ended',
    fix: 'wait a minute, then try again',
    next: 'retry',
  },
  {
    match: /Throttling(?:\.\w+)?|FlowLimit/,
    code: 'alibaba-too-many-requests',
    why: 'too many requests were made in a short time',
    fix: 'wait a minute, then try again',
    next: 'retry',
  },
  {
    match: /OperationDenied|InvalidParameter\.\w*Protection|DeletionProtection/,
    code: 'alibaba-denied',
    why: 'the cloud does not allow it as things are (deletion protection, or a contract of the account)',
    fix: 'switch deletion protection off in ecs.console.aliyun.com, then run cvicast gc again',
    next: 'stop',
  },
  {
    match: /ServiceUnavailable|InternalError|UnknownError/,
    code: 'alibaba-down',
    why: 'the API has trouble of its own',
    fix: 'look at status.alibabacloud.com, then try again',
    next: 'retry',
  },
];
