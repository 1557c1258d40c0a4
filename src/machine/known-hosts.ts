import { createHmac } from 'node:crypto';
import { readPublicKey } from './keys';

/** What a known_hosts text says about one machine. */
export interface KnownHost {
  /** Accepted host keys, `ssh-ed25519 AAAA…`. */
  readonly hostKeys: readonly string[];
  /** Whether the text revokes a key of this machine. */
  readonly revoked: boolean;
}

function matchesGlob(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${source}$`, 'i').test(name);
}

function matchesHosts(field: string, name: string): boolean {
  const hashed = /^\|1\|([A-Za-z0-9+/=]+)\|([A-Za-z0-9+/=]+)$/.exec(field);
  if (hashed) {
    const [, salt = '', digest = ''] = hashed;
    return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === digest;
  }
  let found = false;
  for (const pattern of field.split(',')) {
    if (pattern.startsWith('!') && matchesGlob(pattern.slice(1), name)) return false;
    if (matchesGlob(pattern, name)) found = true;
  }
  return found;
}

/**
 * Looks a machine up in the text of a known_hosts file: plain, wildcard and hashed names, `[host]:port`, `@revoked`.
 * `@cert-authority` lines are left aside: we accept keys, not certificates. See sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.
 */
export function lookUpKnownHost(text: string, address: string, port: number): KnownHost {
  const name = (port === 22 ? address : `[${address}]:${port}`).toLowerCase();
  const accepted = new Set<string>();
  const revoked = new Set<string>();
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/[ \t]+/);
    const marker = fields[0]?.startsWith('@') ? fields.shift() : undefined;
    const [hosts, type, base64] = fields;
    if (!hosts || hosts.startsWith('#') || !type || !base64 || !matchesHosts(hosts, name)) continue;
    const key = `${type} ${base64}`;
    if (!readPublicKey(key)) continue;
    if (marker === undefined) accepted.add(key);
    if (marker === '@revoked') revoked.add(key);
  }
  return { hostKeys: [...accepted].filter((key) => !revoked.has(key)), revoked: revoked.size > 0 };
}
