import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { fingerprint, parsePublicKey } from '../../src/machine';
import { makeKeyPair } from '../../src/machine/key-pair';
import { useScratch } from '../_helpers/scratch';

describe('keys', () => {
  const scratch = useScratch();

  it('are what OpenSSH takes for an Ed25519 pair', () => {
    for (let round = 0; round < 5; round++) {
      const file = path.join(scratch(), `key${round}`);
      const pair = makeKeyPair('cvicast cv-1');
      fs.writeFileSync(file, pair.privateKey, { mode: 0o600 });
      expect(execFileSync('ssh-keygen', ['-y', '-f', file], { encoding: 'utf8' }).trim()).toBe(pair.publicKey);
      const listed = execFileSync('ssh-keygen', ['-l', '-f', file], { encoding: 'utf8' });
      expect(listed).toContain(`${fingerprint(pair.publicKey)} cvicast cv-1 (ED25519)`);
    }
  });

  it('are whole, every one of them', () => {
    // One in 256 is not, where they are taken as the library makes them.
    const bytes = Array.from({ length: 2000 }, () => parsePublicKey(makeKeyPair('a').publicKey).blob.length);
    expect(new Set(bytes)).toEqual(new Set([51]));
  });

  it('are never the same twice', () => {
    expect(makeKeyPair('a').publicKey).not.toBe(makeKeyPair('a').publicKey);
  });

  it('refuse a comment that would break the line', () => {
    expect(() => makeKeyPair('a\nb')).toThrow('one line');
  });

  it('are read with and without a comment', () => {
    const { publicKey } = makeKeyPair('some one');
    expect(parsePublicKey(publicKey)).toMatchObject({ type: 'ssh-ed25519' });
    expect(parsePublicKey(` ${publicKey.split(' ').slice(0, 2).join(' ')}\n`)).toEqual(parsePublicKey(publicKey));
  });

  it.each([
    '',
    'ssh-ed25519',
    'ssh-ed25519 AAAA',
    'ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAA',
    '-----BEGIN OPENSSH PRIVATE KEY-----',
  ])('refuse %p as a host key', (line) => {
    expect(() => parsePublicKey(line)).toThrow(
      expect.objectContaining({ code: 'bad-host-key', exit: 'input' }) as Error,
    );
  });
});
