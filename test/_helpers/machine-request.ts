import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { MachineRequest } from '../../stacks/machine';

export interface TestKeys {
  readonly request: MachineRequest;
  /** Path of the private key that opens the machine. */
  readonly identity: string;
  /** `ssh-ed25519 AAAA…` of the machine. */
  readonly hostKey: string;
  readonly hostPrivateKey: string;
}

let serial = 0;

/** A complete request with fresh keys, which lie in `folder`. */
export function makeRequest(folder: string, changes: Partial<MachineRequest> = {}): TestKeys {
  const job = `cv-test-${process.pid}-${serial++}`;
  const key = (name: string) => {
    const file = path.join(folder, `${job}-${name}`);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file]);
    return {
      file,
      privateKey: fs.readFileSync(file, 'utf8'),
      publicKey: fs.readFileSync(`${file}.pub`, 'utf8').trim(),
    };
  };
  const client = key('client');
  const host = key('host');
  const indented = host.privateKey
    .trim()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
  return {
    identity: client.file,
    hostKey: host.publicKey,
    hostPrivateKey: host.privateKey,
    request: {
      job,
      owner: '0123456789abcdef',
      expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
      ttlMinutes: 60,
      region: 'here',
      size: 'this',
      spot: false,
      diskGiB: 10,
      allowCidrs: ['127.0.0.1/32'],
      publicKey: client.publicKey,
      userData: `#cloud-config\nssh_keys:\n  ed25519_private: |\n${indented}\n`,
      ...changes,
    },
  };
}

/** Runs a command on the machine with the `ssh` of this computer, which accepts the given host key only. */
export function ssh(keys: TestKeys, at: { port: number; user: string }, command: string): string {
  const known = `${keys.identity}.known`;
  fs.writeFileSync(known, `[127.0.0.1]:${at.port} ${keys.hostKey}\n`);
  const options = [`UserKnownHostsFile=${known}`, 'StrictHostKeyChecking=yes', 'BatchMode=yes', 'IdentitiesOnly=yes'];
  return execFileSync(
    'ssh',
    [
      '-F',
      'none',
      '-i',
      keys.identity,
      '-p',
      String(at.port),
      ...options.flatMap((one) => ['-o', one]),
      `${at.user}@127.0.0.1`,
      command,
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 },
  );
}
