import { UserError } from '../errors';

/**
 * The private host key inside cloud-init user data (`ssh_keys`), in OpenSSH form. Found by its own first and last line, so that it
 * does not matter how the YAML around it is written (block, folded, or quoted with `\n`).
 *
 * Throws `UserError` `no-host-key`.
 */
export function hostKeyIn(userData: string): string {
  const match = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END OPENSSH PRIVATE KEY-----/.exec(userData);
  const base64 = (match?.[1] ?? '').replace(/\\[nr]/g, '').replace(/[^A-Za-z0-9+/=]/g, '');
  if (base64 === '') {
    throw new UserError({
      code: 'no-host-key',
      what: 'A machine on this computer cannot be given its identity',
      why: 'the user data holds no private host key in OpenSSH form (`ssh_keys`)',
      fix: 'give one: userData with `ssh_keys: {ed25519_private: …}`',
      exit: 'input',
    });
  }
  const lines = base64.match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n');
}
