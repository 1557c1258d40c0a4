import type { CloudErrorEntry } from '../types';

/** Error codes of Azure Resource Manager, its compute and network providers and Entra ID (learn.microsoft.com, November 2026). */
export const errors: readonly CloudErrorEntry[] = [
  {
    match: /AADSTS7000215|AADSTS7000222|AADSTS700016|AADSTS90002|invalid_client|unauthorized_client/,
    code: 'azure-login-refused',
    why: "the service principal's id, secret or tenant is wrong, or its secret has expired",
    fix: 'az ad sp credential reset --id "$ARM_CLIENT_ID", then export the new ARM_CLIENT_SECRET; or use az login',
    next: 'stop',
  },
  {
    match:
      /ExpiredAuthenticationToken|InvalidAuthenticationToken|AuthenticationFailed|AADSTS\d+|invalid_grant|az login/,
    code: 'azure-login-expired',
    why: 'the login is missing or has expired',
    fix: 'az login',
    next: 'stop',
  },
  {
    match:
      /SubscriptionNotFound|InvalidSubscriptionId|DisabledSubscription|ReadOnlyDisabledSubscription|SubscriptionNotRegistered/,
    code: 'azure-subscription-unusable',
    why: 'the subscription does not exist, or is disabled (free credit spent, card refused)',
    fix: 'az account list --output table, then: export ARM_SUBSCRIPTION_ID=…; a disabled one is mended in portal.azure.com (Subscriptions)',
    next: 'stop',
  },
  {
    match: /AuthorizationFailed|LinkedAuthorizationFailed|\bAuthorizationPermissionMismatch\b/,
    code: 'azure-not-allowed',
    why: 'the login may not do this in the subscription',
    fix: 'az role assignment create --assignee YOU --role Contributor --scope /subscriptions/ID (or the smaller role of docs/providers/azure.md)',
    next: 'stop',
  },
  {
    match: /MissingSubscriptionRegistration|NoRegisteredProviderFound/,
    code: 'azure-provider-unregistered',
    why: 'the subscription has never used this kind of resource and must be registered for it',
    fix: 'az provider register -n Microsoft.Compute --wait && az provider register -n Microsoft.Network --wait',
    next: 'stop',
  },
  {
    match: /RequestDisallowedByPolicy/,
    code: 'azure-policy-forbids',
    why: "a policy of the subscription's owner forbids it (region, size, public address, or required tags)",
    fix: 'ask who administers the subscription, or choose another --region or --size',
    next: 'stop',
  },
  {
    match: /PublicIPCountLimitReached|StandardSkuPublicIpCountLimitReached|StaticPublicIPCountLimitReached/,
    code: 'azure-address-quota',
    why: "the region's limit of public addresses is reached",
    fix: 'run cvicast gc --provider azure, delete addresses you do not need, or choose another --region',
    next: 'stop',
  },
  {
    match: /azure-core-quota|QuotaExceeded|OperationNotAllowed[\s\S]*quota|exceeding approved[\s\S]*cores/i,
    code: 'azure-core-quota',
    why: "the subscription's core limit for this family of sizes (or for the region) is too small; a new subscription often starts with 0 for some families",
    fix: 'choose another --size or --region, or ask for more: portal.azure.com, Quotas, Compute',
    next: 'size',
  },
  {
    match: /ZonalAllocationFailed|OverconstrainedZonalAllocationRequest/,
    code: 'azure-zone-full',
    why: 'the zone has no room for this size at the moment',
    fix: 'choose another --zone, or none',
    next: 'zone',
  },
  {
    match: /azure-size-not-here|SkuNotAvailable|NotAvailableForSubscription/,
    code: 'azure-size-not-here',
    why: 'this size is not sold to this subscription in this region or zone',
    fix: 'choose another --size or --region: az vm list-skus --location REGION --size Standard_D4s_v5 --output table',
    next: 'zone',
  },
  {
    match: /AllocationFailed|OverconstrainedAllocationRequest/,
    code: 'azure-region-full',
    why: 'the region has no room for this size at the moment',
    fix: 'choose another --size or --region, or try again later',
    next: 'size',
  },
  {
    match: /SpotQuotaExceeded|LowPriorityQuota|EvictionPolicy|SpotVMNotSupported/i,
    code: 'azure-spot-refused',
    why: 'spot machines of this size are not to be had here',
    fix: 'leave --spot out',
    next: 'size',
  },
  {
    match: /PlatformImageNotFound|MarketplacePurchaseEligibilityFailed|ImageNotFound/,
    code: 'azure-image-missing',
    why: "Canonical's Ubuntu 22.04 image is not offered in this region",
    fix: 'choose another --region',
    next: 'stop',
  },
  {
    match:
      /InUseSubnetCannotBeDeleted|InUseNetworkSecurityGroupCannotBeDeleted|NicInUse|PublicIPAddressCannotBeDeleted|CannotDeleteResource|OperationNotAllowed[\s\S]*attached/,
    code: 'azure-in-use',
    why: 'something else still uses it',
    fix: 'run cvicast gc again in some minutes',
    next: 'retry',
  },
  {
    match:
      /ResourceGroupBeingDeleted|AnotherOperationInProgress|OperationPreempted|Conflict(?:ingUserInput)?\b|RetryableError/,
    code: 'azure-busy',
    why: 'another operation on it has not ended',
    fix: 'wait a minute, then try again',
    next: 'retry',
  },
  {
    match: /ScopeLocked/,
    code: 'azure-locked',
    why: 'somebody put a lock on the resource group or the subscription',
    fix: 'az lock list --output table, then az lock delete --ids ID, then cvicast gc',
    next: 'stop',
  },
  {
    match: /TooManyRequests|SubscriptionRequestsThrottled|OperationNotAllowed[\s\S]*too many requests/i,
    code: 'azure-too-many-requests',
    why: 'the subscription made too many requests in a short time',
    fix: 'wait some minutes, then try again',
    next: 'retry',
  },
  {
    match: /LocationNotAvailableForResourceType|LocationNotAvailableForResourceGroup|InvalidLocation/,
    code: 'azure-region-unknown',
    why: 'the region does not exist, or is not open to this subscription',
    fix: 'az account list-locations --output table, then choose another --region',
    next: 'stop',
  },
];
