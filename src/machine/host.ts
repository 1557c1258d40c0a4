import * as fs from 'node:fs';
import * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { utils, type ParsedKey } from 'ssh2';
import { UserError, messageOf } from '../errors';
import { parsePublicKey } from './keys';
import { lookUpKnownHost } from './known-hosts';
import type { SshTarget } from './types';

export interface HostAddress {
  readonly user: string;
  readonly address: string;
  readonly port: number;
}

export interface HostChoice {
  /** `user@address[:port]`; IPv6 addresses in brackets. */
  readonly host: string;
  /** Private key file; without it the SSH agent, then the user's usual key files. */
  readonly identity?: string;
  /** The machine's host key, `ssh-ed25519 AAAA…`; without it the user's known_hosts. */
  readonly hostKey?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Folder that holds `.ssh`. */
  readonly home?: string;
}

/**
 * Reads `user@address[:port]`; an IPv6 address stands in brackets.
 *
 * @throws UserError `bad-host`.
 */
export function parseHost(text: string): HostAddress {
  const match =
    /^([A-Za-z_][A-Za-z0-9_.-]*)@(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?))(?::(\d{1,5}))?$/.exec(
      text,
    );
  const [, user, ipv6, plain, portText] = match ?? [];
  const port = portText === undefined ? 22 : Number(portText);
  const address = ipv6 ?? plain;
  if (!user || !address || (ipv6 !== undefined && !net.isIPv6(ipv6)) || port < 1 || port > 65535) {
    throw new UserError({
      code: 'bad-host',
      what: `--host "${text.slice(0, 100)}" cannot be read`,
      why: 'it must be user@address or user@address:port, an IPv6 address in brackets',
      fix: 'Write it like ubuntu@192.0.2.7, root@192.0.2.7:2222 or ubuntu@[2001:db8::7]:22.',
      exit: 'input',
    });
  }
  return { user, address, port };
}

function readIfThere(file: string): string | null {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function isEncrypted(problem: Error): boolean {
  return /encrypted|passphrase/i.test(problem.message);
}

/** The private key of an identity file that the user named; null when only the agent can open it. */
function readIdentity(file: string, agent: string | undefined): string | null {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (problem) {
    throw new UserError({
      code: 'identity-unreadable',
      what: `the identity file ${file} cannot be read`,
      why: messageOf(problem),
      fix: 'Give the path of a private key file that you may read with --identity.',
      exit: 'input',
    });
  }
  const key: ParsedKey | Error = utils.parseKey(text);
  if (!(key instanceof Error)) {
    if (key.isPrivateKey()) return text;
  } else if (isEncrypted(key)) {
    if (agent) return null;
    throw new UserError({
      code: 'identity-encrypted',
      what: `the identity file ${file} is encrypted`,
      why: 'it needs a passphrase, and no SSH agent runs that could hold the open key',
      fix: `Run: eval "$(ssh-agent)" && ssh-add -- "${file}", then start again.`,
      exit: 'input',
    });
  }
  throw new UserError({
    code: 'identity-unreadable',
    what: `the identity file ${file} holds no private key`,
    why: key instanceof Error ? key.message : 'it is a public key',
    fix: 'Give the path of the private key (the file without .pub) with --identity.',
    exit: 'input',
  });
}

function findLogin(choice: HostChoice, home: string): { privateKey: string } | { agent: string } {
  const agent = (choice.env ?? process.env)['SSH_AUTH_SOCK'];
  if (choice.identity !== undefined) {
    const privateKey = readIdentity(choice.identity, agent);
    if (privateKey !== null) return { privateKey };
  }
  if (agent) return { agent };
  for (const name of ['id_ed25519', 'id_ecdsa', 'id_rsa']) {
    const text = readIfThere(path.join(home, '.ssh', name));
    if (text !== null && !(utils.parseKey(text) instanceof Error)) return { privateKey: text };
  }
  throw new UserError({
    code: 'no-identity',
    what: `there is no key to log in to ${choice.host} with`,
    why: 'no --identity was given, no SSH agent runs, and ~/.ssh holds no unencrypted key',
    fix: 'Give the private key file with --identity FILE.',
    exit: 'input',
  });
}

function findHostKeys(choice: HostChoice, { address, port }: HostAddress, home: string): readonly string[] {
  if (choice.hostKey !== undefined) {
    parsePublicKey(choice.hostKey);
    return [choice.hostKey];
  }
  const files = [path.join(home, '.ssh', 'known_hosts'), '/etc/ssh/ssh_known_hosts'];
  // All files as one text: a key that one of them revokes must not come back through another.
  const known = lookUpKnownHost(files.map((file) => readIfThere(file) ?? '').join('\n'), address, port);
  if (known.hostKeys.length > 0) return known.hostKeys;
  const scan = port === 22 ? `ssh-keyscan -t ed25519 ${address}` : `ssh-keyscan -t ed25519 -p ${port} ${address}`;
  throw new UserError({
    code: 'unknown-host-key',
    what: `the host key of ${address} is not known`,
    why: known.revoked
      ? 'your known_hosts revokes the one it had'
      : 'your known_hosts does not hold it, and no --host-key was given',
    fix:
      `Compare the key on the machine itself (cat /etc/ssh/ssh_host_ed25519_key.pub) with what "${scan}" prints, ` +
      'then append that line to ~/.ssh/known_hosts or give it as --host-key "ssh-ed25519 AAAA…".',
    exit: 'input',
  });
}

/**
 * Says how to reach a machine that the user owns: address, login key or agent, and the host keys to accept.
 *
 * @throws UserError `bad-host`, `bad-host-key`, `identity-unreadable`, `identity-encrypted`, `no-identity`,
 *   `unknown-host-key`; nothing was contacted by then.
 */
export function targetOfHost(choice: HostChoice): SshTarget {
  const home = choice.home ?? os.homedir();
  const address = parseHost(choice.host);
  return { ...address, hostKeys: findHostKeys(choice, address, home), ...findLogin(choice, home) };
}
