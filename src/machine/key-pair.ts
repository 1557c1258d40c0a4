import { utils } from 'ssh2';
import { Bug } from '../errors';
import { parsePublicKey } from './keys';

export interface KeyPair {
  /** OpenSSH form, unencrypted: write it 0600, or not at all. */
  readonly privateKey: string;
  /** One line, `ssh-ed25519 AAAA… comment`, without a line end. */
  readonly publicKey: string;
}

/** Bytes of an Ed25519 public key as it goes over the wire: its type and its 32 bytes, a length before each (RFC 8709). */
const ed25519BlobBytes = 4 + 'ssh-ed25519'.length + 4 + 32;

/**
 * Makes a new Ed25519 key pair. `comment` is plain text that ends up readable in both halves.
 *
 * ssh2 drops leading zero bytes of the public key (1.17.0, lib/keygen.js), so that one pair in 256 is a byte short, and
 * OpenSSH refuses it: a machine with such a host key would never answer. Such a pair is thrown away.
 */
export function makeKeyPair(comment: string): KeyPair {
  if (!/^[\x20-\x7e]{1,100}$/.test(comment)) throw new Bug('the comment of a key is one line of plain text');
  for (;;) {
    const pair = utils.generateKeyPairSync('ed25519', { comment });
    const publicKey = pair.public.trim();
    if (parsePublicKey(publicKey).blob.length === ed25519BlobBytes) return { privateKey: pair.private, publicKey };
  }
}
