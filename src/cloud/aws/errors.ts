import type { CloudErrorEntry } from '../types';

/** vCPUs of all standard families (A, C, D, H, I, M, R, T, Z) that may run at once: on demand, and as spot machines. */
export const quotaCodes = { onDemand: 'L-1216C47A', spot: 'L-34B43A08' } as const;

export const vcpuQuotaFix = (quotaCode: string = quotaCodes.onDemand): string =>
  `choose a smaller --size or another --region, or raise the quota: \`aws service-quotas request-service-quota-increase --service-code ec2 --quota-code ${quotaCode} --desired-value 16\``;

/** EC2's error codes (EC2 API reference, "Error codes") and what they mean for a conversion. First match wins. */
export const errors: readonly CloudErrorEntry[] = [
  {
    match: /InsufficientInstanceCapacity|InsufficientHostCapacity|do not have sufficient .* capacity/i,
    code: 'out-of-capacity',
    why: 'the zone has no free machines of this size now',
    fix: 'choose another --zone, --region or --size, or try again later',
    next: 'zone',
  },
  {
    match: /Your requested instance type \(.*\) is not supported in your requested Availability Zone|Unsupported: /,
    code: 'size-not-here',
    why: 'the zone does not sell this size',
    fix: 'choose another --zone or --size',
    next: 'zone',
  },
  {
    match: /MaxSpotInstanceCountExceeded|SpotMaxPriceTooLow|InsufficientSpot|spot capacity/i,
    code: 'no-spot-capacity',
    why: 'there is no spot machine to be had for this account now',
    fix: 'leave --spot out, or choose another --zone',
    next: 'zone',
  },
  {
    match: /VcpuLimitExceeded|InstanceLimitExceeded|more vCPU capacity than your current vCPU limit/i,
    code: 'quota',
    why: 'the account may not run so many vCPUs of this family in the region',
    fix: vcpuQuotaFix(),
    next: 'size',
  },
  {
    match: /not eligible for Free Tier/i,
    code: 'free-plan',
    why: 'an account on the free plan may rent only a few sizes',
    fix: 'upgrade the account to the paid plan, or use another provider',
    next: 'stop',
  },
  {
    match: /PendingVerification|being (validated|verified)/i,
    code: 'account-pending',
    why: 'AWS still verifies this account for the region',
    fix: 'wait for its mail (minutes, at most 4 hours), or choose another --region',
    next: 'stop',
  },
  {
    match: /OptInRequired|not subscribed to this service|SubscriptionRequired/i,
    code: 'region-not-enabled',
    why: 'the account is not signed up for EC2, or the region is not enabled',
    fix: 'enable the region (`aws account enable-region --region-name REGION`), or choose another --region',
    next: 'stop',
  },
  {
    match: /Blocked: |account is (currently )?(blocked|suspended)/i,
    code: 'account-locked',
    why: 'AWS has blocked the account',
    fix: 'see https://console.aws.amazon.com/support and the bills of the account',
    next: 'stop',
  },
  {
    match: /RequestExpired|ExpiredToken|Token is expired|token.*(has )?expired|SSO session.*(expired|invalid)/i,
    code: 'credentials-expired',
    why: 'the session has ended, or the clock of this computer is wrong',
    fix: 'run `aws sso login` (or get new session keys), and check the clock',
    next: 'stop',
  },
  {
    match:
      /AuthFailure|InvalidClientTokenId|SignatureDoesNotMatch|InvalidAccessKeyId|UnrecognizedClientException|Could not load credentials|CredentialsProviderError/i,
    code: 'credentials-refused',
    why: 'AWS does not know the key, or its secret is wrong',
    fix: 'run `aws sts get-caller-identity`; mend it with `aws configure` or `aws sso login`',
    next: 'stop',
  },
  {
    match: /UnauthorizedOperation|AccessDenied|not authorized to perform/i,
    code: 'permission-missing',
    why: 'the user or role may not do this',
    fix: 'attach the policy of docs/providers/aws.md to it',
    next: 'stop',
  },
  {
    match: /InvalidAMIID\.(NotFound|Unavailable|Malformed)|The image id .* does not exist/i,
    code: 'image-gone',
    why: "Canonical's image is not there in this region",
    fix: 'choose another --region',
    next: 'stop',
  },
  {
    match: /InvalidInstanceType|InvalidParameterValue.*instance type|instance types? do(es)? not exist/i,
    code: 'unknown-size',
    why: 'the region has no such size',
    fix: 'choose another --size or --region',
    next: 'size',
  },
  {
    match: /VpcLimitExceeded|InternetGatewayLimitExceeded|AddressLimitExceeded/,
    code: 'network-quota',
    why: 'the region has no room for one more network (usually five VPCs)',
    fix: 'choose another --region, delete a VPC that is not used, or run `cvicast gc --provider aws`',
    next: 'stop',
  },
  {
    match:
      /DependencyViolation|VolumeInUse|InvalidNetworkInterface\.InUse|IncorrectInstanceState|resource .* has a dependent object/i,
    code: 'still-in-use',
    why: 'something that is just going away still holds it',
    fix: 'wait a minute and run `cvicast gc --provider aws`',
    next: 'retry',
  },
  {
    match: /RequestLimitExceeded|Throttling|TooManyRequests/i,
    code: 'throttled',
    why: 'too many requests at once in this account and region',
    fix: 'wait a minute and try again',
    next: 'retry',
  },
  {
    match: /InternalError|InternalFailure|ServiceUnavailable|\bUnavailable\b/,
    code: 'cloud-down',
    why: 'AWS has a trouble of its own',
    fix: 'see https://health.aws.amazon.com and try again, perhaps in another --region',
    next: 'retry',
  },
];
