import type { CloudErrorEntry } from '../types';

/** What DigitalOcean says, from its API reference and public issues of tools that talk to it. First match wins. */
export const errors: readonly CloudErrorEntry[] = [
  {
    match: /droplet limit|exceed your droplet|droplet_limit/i,
    code: 'quota',
    why: 'the account may not have more droplets',
    fix: 'delete a droplet, or ask for a higher limit at https://cloud.digitalocean.com/account/team/droplet_limit_increase',
    next: 'stop',
  },
  {
    match: /size is (currently )?restricted|size is not available for your account|additional payment to unlock/i,
    code: 'size-restricted',
    why: 'this account may not rent the size yet',
    fix: 'choose a basic size such as --size s-2vcpu-4gb, or ask DigitalOcean to unlock it',
    next: 'size',
  },
  {
    match: /size is (unavailable|not available)|size.*not available in (this|the selected) region/i,
    code: 'size-not-here',
    why: 'the size is sold out or not sold in this region',
    fix: 'choose another --region or --size',
    next: 'zone',
  },
  {
    match: /region is not available|region.*(is )?unavailable|due to limited availability/i,
    code: 'region-full',
    why: 'the region takes no new droplets now',
    fix: 'choose another --region',
    next: 'zone',
  },
  {
    match: /unable to authenticate you|\b401\b/i,
    code: 'credentials-refused',
    why: 'the token is wrong, was deleted or has expired',
    fix: 'make a new token at https://cloud.digitalocean.com/account/api/tokens and export DIGITALOCEAN_TOKEN',
    next: 'stop',
  },
  {
    match: /not authorized to perform this (operation|action)|missing.*scope|\b403\b/i,
    code: 'permission-missing',
    why: 'the token is read-only or lacks a scope',
    fix: 'make a token with the scopes that docs/providers/digitalocean.md lists',
    next: 'stop',
  },
  {
    match: /account.*(locked|suspended|verif)|billing.*(required|needed)|payment method|past due/i,
    code: 'account-locked',
    why: 'the account is locked, not verified, or has no payment method',
    fix: 'see https://cloud.digitalocean.com/account/billing and the mail of its support',
    next: 'stop',
  },
  {
    match: /invalid image|image.*not (available|found)|you specified an invalid image/i,
    code: 'image-gone',
    why: 'the image ubuntu-22-04-x64 is not offered there',
    fix: 'choose another --region; if it is gone everywhere, please report it',
    next: 'zone',
  },
  {
    match: /ssh.?key.*(already in use|invalid)|invalid key identifiers/i,
    code: 'key-refused',
    why: 'the SSH key of the job was refused or belongs to another account',
    fix: 'run `cvicast gc --provider digitalocean`, then try again',
    next: 'stop',
  },
  {
    match: /pending event|droplet.*locked|currently (busy|processing)/i,
    code: 'droplet-busy',
    why: 'another action on the droplet is still running',
    fix: 'wait a minute and run `cvicast gc --provider digitalocean`',
    next: 'retry',
  },
  {
    match: /too_many_requests|rate limit|\b429\b/i,
    code: 'throttled',
    why: 'the account made more than 5000 requests in an hour or 250 in a minute',
    fix: 'wait some minutes and try again',
    next: 'retry',
  },
  {
    match: /server_error|service.unavailable|internal server error|\b50[0234]\b/i,
    code: 'cloud-down',
    why: 'DigitalOcean has a trouble of its own',
    fix: 'see https://status.digitalocean.com and try again later',
    next: 'retry',
  },
];
