import { createHash } from 'node:crypto';
import { UserError } from '../errors';

export interface PublicKey {
  /** The key's type, e.g. `ssh-ed25519`. */
  readonly type: string;
  /** The key as it goes over the wire (what the base64 holds). */
  readonly blob: Buffer;
}

/**
 * Reads a public key from its one-line form (`ssh-ed25519 AAAA… comment`).
 *
 * @returns null when the text is no such line.
 */
export function readPublicKey(line: string): PublicKey | null {
  const match = /^([A-Za-z0-9@.-]+)[ \t]+([A-Za-z0-9+/]+={0,2})(?:[ \t].*)?$/.exec(line.trim());
  const [, type, base64] = match ?? [];
  if (!type || !base64) return null;
  const blob = Buffer.from(base64, 'base64');
  // The blob begins with the length and the text of its own type: a line whose two halves disagree is broken.
  if (blob.length < 4 || blob.readUInt32BE(0) !== type.length) return null;
  return blob.toString('latin1', 4, 4 + type.length) === type ? { type, blob } : null;
}

/**
 * The same, for a key that must be one.
 *
 * @throws UserError `bad-host-key`.
 */
export function parsePublicKey(line: string): PublicKey {
  const key = readPublicKey(line);
  if (key) return key;
  throw new UserError({
    code: 'bad-host-key',
    what: 'the host key cannot be read',
    why: `"${line.slice(0, 40)}" is not of the form "ssh-ed25519 AAAA…"`,
    fix: 'Give the line that "ssh-keyscan -t ed25519 ADDRESS" prints, without the address in front.',
    exit: 'input',
  });
}

/** The fingerprint as OpenSSH prints it: `SHA256:` and base64 without padding. */
export function fingerprint(key: PublicKey | string): string {
  const { blob } = typeof key === 'string' ? parsePublicKey(key) : key;
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}
