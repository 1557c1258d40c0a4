import type { CloudErrorEntry } from '../types';

/** Error codes of CVM, VPC and the API gateway (tencentcloud.com/document/api/213/30435 and 33281), read in November 2026. */
export const errors: readonly CloudErrorEntry[] = [
  {
    match:
      /AuthFailure\.(?:SecretIdNotFound|SignatureFailure|InvalidSecretId|InvalidAuthorization|TokenFailure|MFAFailure)/,
    code: 'tencent-key-refused',
    why: 'the API key is wrong, disabled or deleted, or the temporary token has expired',
    fix: 'make a new key (console.cloud.tencent.com/cam/capi), then: export TENCENTCLOUD_SECRET_ID=… TENCENTCLOUD_SECRET_KEY=…',
    next: 'stop',
  },
  {
    match: /AuthFailure\.SignatureExpire/,
    code: 'tencent-clock-wrong',
    why: "this computer's clock is more than 5 minutes off",
    fix: 'set the clock, then try again',
    next: 'stop',
  },
  {
    match: /UnauthorizedOperation|AuthFailure\.UnauthorizedOperation|OperationDenied\.AccountNotPermitted/,
    code: 'tencent-not-allowed',
    why: 'the key may not do this',
    fix: 'attach the policy of docs/providers/tencent.md to the sub-user (console.cloud.tencent.com/cam)',
    next: 'stop',
  },
  {
    match:
      /FailedOperation\.InsufficientBalance|InvalidAccount\.InsufficientBalance|AccountInsufficientBalance|InsufficientBalance/,
    code: 'tencent-no-money',
    why: "the account's balance does not cover the hour that Tencent freezes at the start",
    fix: 'add a payment method or top up: console.tencentcloud.com/expense',
    next: 'stop',
  },
  {
    match: /InvalidAccount\.UnpaidOrder|UnpaidOrder|ResourceUnavailable\.Arrears/,
    code: 'tencent-unpaid',
    why: 'the account has an unpaid bill',
    fix: 'pay it: console.tencentcloud.com/expense',
    next: 'stop',
  },
  {
    match: /FailedOperation\.NoRealName|AccountQualificationRestrictions|RealName/i,
    code: 'tencent-not-verified',
    why: 'the account is not verified for this region',
    fix: 'choose a region outside mainland China, e.g. --region ap-singapore, or verify the account',
    next: 'stop',
  },
  {
    match:
      /ResourceInsufficient\.(?:SpecifiedInstanceType|CloudDiskUnavailable|ZoneSoldOut\w*)|ResourcesSoldOut(?:\.\w+)?|InvalidInstanceType\.ZoneSoldOut|tencent-sold-out/,
    code: 'tencent-sold-out',
    why: 'this size is sold out, or not sold, in this zone',
    fix: 'choose another --zone or --region, or none, or another --size',
    next: 'zone',
  },
  {
    match:
      /LimitExceeded\.(?:UserQuota|InstanceQuota|UserSpotQuota|SpotQuota|InstanceTypeBandwidth)|LimitExceeded\.CvmQuota|tencent-instance-quota/,
    code: 'tencent-instance-quota',
    why: "the account's limit of pay-as-you-go instances in this zone is reached",
    fix: 'choose another --zone or --region, or ask for more in the console (CVM, Overview, Quota)',
    next: 'zone',
  },
  {
    match: /\bLimitExceeded(?:\.\w+)?|InvalidKeyPair\.LimitExceeded/,
    code: 'tencent-quota',
    why: 'a limit of the account (networks, security groups, key pairs) is reached',
    fix: 'run cvicast gc --provider tencent, and delete what you no longer need',
    next: 'stop',
  },
  {
    match:
      /InvalidParameterValue\.InstanceTypeNotSupported\w*|InvalidInstanceType(?:\.\w+)?|InvalidParameterValue\.InstanceType\w*|UnsupportedOperation\.InstanceType\w*/,
    code: 'tencent-size-refused',
    why: 'this size does not exist or is no longer sold to this account',
    fix: 'choose another --size',
    next: 'size',
  },
  {
    match:
      /InvalidZone\.MismatchRegion|InvalidParameterValue\.Zone\w*|UnsupportedRegion|InvalidParameterValue\.Region\w*/,
    code: 'tencent-place-unknown',
    why: 'the region or zone does not exist, or is closed to this account',
    fix: 'choose another --region or --zone',
    next: 'zone',
  },
  {
    match: /InvalidImageId\.\w+|InvalidParameterValue\.\w*Image\w*|tencent-image-missing/,
    code: 'tencent-image-missing',
    why: 'the Ubuntu Server 22.04 image is not offered here or does not suit this size',
    fix: 'choose another --region or --size',
    next: 'stop',
  },
  {
    match:
      /InvalidParameterValue\.(?:\w*ActionTime\w*|ActionTimer\w*|TimerAction\w*)|UnsupportedOperation\.ActionTimer\w*/,
    code: 'tencent-timer-refused',
    why: 'the release time must be at least 5 minutes ahead and in UTC',
    fix: "set this computer's clock; --timeout 10m or more",
    next: 'stop',
  },
  {
    match: /ResourceInUse(?:\.\w+)?|InvalidKeyPair\w*\.InUse|InvalidSecurityGroup\.InUse|KeyPairInUse/,
    code: 'tencent-in-use',
    why: 'something else still uses it',
    fix: 'run cvicast gc again in a minute',
    next: 'retry',
  },
  {
    match:
      /MutexOperation(?:\.\w+)?|OperationDenied\.InstanceOperationInProgress|InvalidInstanceState\.\w+|UnsupportedOperation\.InstanceState\w*|ResourceUnavailable(?:\.\w+)?|VpcTaskConflict|UnsupportedOperation\.MutexOperationTaskRunning/,
    code: 'tencent-busy',
    why: 'another operation on it has not ended',
    fix: 'wait a minute, then try again',
    next: 'retry',
  },
  {
    match: /RequestLimitExceeded(?:\.\w+)?/,
    code: 'tencent-too-many-requests',
    why: 'too many requests were made in a short time',
    fix: 'wait a minute, then try again',
    next: 'retry',
  },
  {
    match: /InternalError(?:\.\w+)?|InternalServerError|FailedOperation\.\w*Timeout/,
    code: 'tencent-down',
    why: 'the API has trouble of its own',
    fix: 'look at status.tencentcloud.com, then try again',
    next: 'retry',
  },
];
