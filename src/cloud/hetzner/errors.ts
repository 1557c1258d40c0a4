import type { CloudErrorEntry } from '../types';

/** hcloud's errors end in `(code, correlation id)`; the API's own answers hold `"code":"…"`. */
const coded = (...codes: string[]): RegExp => new RegExp(`["(](?:${codes.join('|')})[",)]`);

/** Codes of the Hetzner Cloud API (docs.hetzner.cloud, "Errors" and "Create a Server"), read in November 2026. */
export const errors: readonly CloudErrorEntry[] = [
  {
    match: coded('unauthorized'),
    code: 'hetzner-token-refused',
    why: 'the API token is wrong, expired or was deleted',
    fix: 'make a new token with read and write permission in console.hetzner.com (Security, API tokens), then: export HCLOUD_TOKEN=…',
    next: 'stop',
  },
  {
    match: coded('token_readonly'),
    code: 'hetzner-token-readonly',
    why: 'the API token may only read, and a machine has to be created and deleted',
    fix: 'make a token with read and write permission in console.hetzner.com (Security, API tokens), then: export HCLOUD_TOKEN=…',
    next: 'stop',
  },
  {
    match: coded('resource_limit_exceeded', 'server_limit_exceeded'),
    code: 'hetzner-limit-reached',
    why: "the project's limit of servers, addresses or cores is reached",
    fix: 'delete what you no longer need, or ask for more in console.hetzner.com (Limits), or choose a smaller --size',
    next: 'size',
  },
  {
    match: coded('placement_error', 'no_space_left_in_location'),
    code: 'hetzner-no-room',
    why: 'the location has no host left for this size at the moment',
    fix: 'choose another --region or --size, or try again later',
    next: 'zone',
  },
  {
    match: /["(]resource_unavailable[",)]|\bhetzner-sold-out\b/,
    code: 'hetzner-sold-out',
    why: 'this size is sold out in this location (the cx sizes are most of the time)',
    fix: 'choose another --size (cpx32 is rarely sold out) or another --region',
    next: 'zone',
  },
  {
    match:
      /\bhetzner-size-not-here\b|unsupported location for server type|server location disabled|server type \d+ is deprecated|server type.*(?:deprecated|not available)/i,
    code: 'hetzner-size-not-here',
    why: 'this size is not, or no longer, sold in this location',
    fix: 'choose another --region or --size; hcloud server-type list shows what is sold',
    next: 'zone',
  },
  {
    match: coded('rate_limit_exceeded'),
    code: 'hetzner-too-many-requests',
    why: 'more than 3600 requests an hour were made with tokens of this project',
    fix: 'wait a minute, then try again',
    next: 'retry',
  },
  {
    match: coded('resource_in_use', 'must_be_unassigned'),
    code: 'hetzner-in-use',
    why: 'something else still uses it',
    fix: 'delete the server that uses it first, then run cvicast gc again',
    next: 'retry',
  },
  {
    match: coded('locked', 'conflict'),
    code: 'hetzner-busy',
    why: 'another action is running on it',
    fix: 'wait until that action has ended, then try again',
    next: 'retry',
  },
  {
    match: coded('uniqueness_error'),
    code: 'hetzner-name-taken',
    why: 'a resource of this name, or a key with this fingerprint, is there already (a job that was not torn down)',
    fix: 'run: cvicast gc --provider hetzner',
    next: 'stop',
  },
  {
    match: coded('protected'),
    code: 'hetzner-protected',
    why: 'somebody switched delete protection on',
    fix: 'switch it off: hcloud server disable-protection ID delete, then run cvicast gc again',
    next: 'stop',
  },
  {
    match: coded('maintenance', 'unavailable', 'service_error', 'server_error', 'timeout'),
    code: 'hetzner-down',
    why: "Hetzner's API has trouble of its own",
    fix: 'look at status.hetzner.com, then try again',
    next: 'retry',
  },
  {
    match: coded('forbidden'),
    code: 'hetzner-forbidden',
    why: 'the account is blocked, not verified yet, or has unpaid invoices',
    fix: 'log in at console.hetzner.com and follow what it says there',
    next: 'stop',
  },
  {
    match: coded('invalid_input', 'json_error'),
    code: 'hetzner-input-refused',
    why: 'a value of the request does not suit the cloud',
    fix: 'check --region and --size against cvicast plan --provider hetzner',
    next: 'stop',
  },
];
