import type { CloudErrorEntry } from '../types';

/** What Compute Engine says, from its troubleshooting pages and public issues of tools that talk to it. First match wins. */
export const errors: readonly CloudErrorEntry[] = [
  {
    match:
      /ZONE_RESOURCE_POOL_EXHAUSTED|RESOURCE_POOL_EXHAUSTED|does not have enough resources available|resource_availability|stockout/i,
    code: 'out-of-capacity',
    why: 'the zone has no free machines of this size now',
    fix: 'choose another --zone, --region or --size, or try again later',
    next: 'zone',
  },
  {
    match: /rateLimitExceeded|RATE_LIMIT_EXCEEDED|Quota exceeded for quota metric/i,
    code: 'throttled',
    why: 'too many requests in a minute',
    fix: 'wait a minute and try again',
    next: 'retry',
  },
  {
    match: /QUOTA_EXCEEDED|quotaExceeded|Quota '\w+' exceeded|insufficient regional quota/i,
    code: 'quota',
    why: 'the project may not use so many CPUs or addresses',
    fix: 'choose a smaller --size or another --region, or raise the quota at https://console.cloud.google.com/iam-admin/quotas',
    next: 'size',
  },
  {
    match: /SERVICE_DISABLED|accessNotConfigured|API has not been used in project/i,
    code: 'api-disabled',
    why: 'the Compute Engine API is off in this project',
    fix: 'run `gcloud services enable compute.googleapis.com`, and wait a minute',
    next: 'stop',
  },
  {
    match: /BILLING_DISABLED|billing (account|to be enabled|must be enabled)|requires billing/i,
    code: 'no-billing',
    why: 'the project has no open billing account',
    fix: 'link one at https://console.cloud.google.com/billing/linkedaccount',
    next: 'stop',
  },
  {
    match: /[Cc]onstraint constraints\/[\w./]+ violated|conditionNotMet/,
    code: 'organisation-policy',
    why: "a policy of the project's organisation forbids it (external addresses or regions are the usual ones)",
    fix: 'use a project outside that policy, or ask its administrator for an exception',
    next: 'stop',
  },
  {
    match: /invalid_grant|invalid_rapt|Token has been expired or revoked|reauth/i,
    code: 'credentials-expired',
    why: 'the login has ended',
    fix: 'run `gcloud auth application-default login`',
    next: 'stop',
  },
  {
    match:
      /UNAUTHENTICATED|invalid authentication credential|Invalid Credentials|HTTP 401\b|Could not load the default credentials/i,
    code: 'credentials-refused',
    why: 'Google does not accept the token',
    fix: 'run `gcloud auth application-default login`, or check GOOGLE_APPLICATION_CREDENTIALS',
    next: 'stop',
  },
  {
    match: /PERMISSION_DENIED|Required '[\w.]+' permission|does not have .* access|insufficient authentication scopes/i,
    code: 'permission-missing',
    why: 'the account may not do this in the project',
    fix: 'grant it the role of docs/providers/gcp.md',
    next: 'stop',
  },
  {
    match: /images\/(family\/)?[\w-]+' was not found|Could not find image/i,
    code: 'image-gone',
    why: "Canonical's image family ubuntu-2204-lts is not there",
    fix: 'try again later; if it stays so, please report it',
    next: 'stop',
  },
  {
    match:
      /[Mm]achine type with name .* does not exist in zone|machineTypes\/[\w-]+' was not found|Invalid value for field 'resource\.machineType'/,
    code: 'size-not-here',
    why: 'the zone does not sell this size',
    fix: 'choose another --zone or --size',
    next: 'zone',
  },
  {
    match: /Unknown project id|projects\/[\w:.-]+' was not found|Failed to find project|Project .* not found/i,
    code: 'unknown-project',
    why: 'there is no such project, or the account does not see it',
    fix: 'run `gcloud projects list`, then `export GOOGLE_CLOUD_PROJECT=…`',
    next: 'stop',
  },
  {
    match: /resourceInUseByAnotherResource|is already being used by|RESOURCE_IN_USE/i,
    code: 'still-in-use',
    why: 'something that is just going away still holds it',
    fix: 'wait a minute and run `cvicast gc --provider gcp`',
    next: 'retry',
  },
  {
    match: /resourceNotReady|RESOURCE_NOT_READY|OPERATION_IN_PROGRESS|is not ready/i,
    code: 'not-ready',
    why: 'another operation on it is still running',
    fix: 'wait a minute and try again',
    next: 'retry',
  },
  {
    match: /UNSUPPORTED_OPERATION|unsupported (feature|configuration)/i,
    code: 'size-unsupported',
    why: 'the size does not support what was asked for (spot or a run time limit, perhaps)',
    fix: 'choose another --size, or leave --spot out',
    next: 'size',
  },
  {
    match: /backendError|internalError|INTERNAL_ERROR|HTTP 50[0234]\b|Error 50[0234]\b/i,
    code: 'cloud-down',
    why: 'Google has a trouble of its own',
    fix: 'see https://status.cloud.google.com and try again later',
    next: 'retry',
  },
];
