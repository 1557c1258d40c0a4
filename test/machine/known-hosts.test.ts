import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { makeKeyPair } from '../../src/machine/key-pair';
import { lookUpKnownHost } from '../../src/machine/known-hosts';
import { useScratch } from '../_helpers/scratch';

const key = (): string => makeKeyPair('x').publicKey.split(' ').slice(0, 2).join(' ');
const [a, b] = [key(), key()];

describe('known_hosts', () => {
  const scratch = useScratch();

  it('finds plain names, lists, patterns and ports', () => {
    const text = `# comment\n\nhost.example,192.0.2.7 ${a} root@host\n[192.0.2.7]:2222 ${b}\n*.lan,!bad.lan ${b}\nbroken line\n`;
    const keysOf = (address: string, port = 22): readonly string[] => lookUpKnownHost(text, address, port).hostKeys;
    expect(keysOf('192.0.2.7')).toEqual([a]);
    expect(keysOf('HOST.example')).toEqual([a]);
    expect(keysOf('192.0.2.7', 2222)).toEqual([b]);
    expect(keysOf('192.0.2.7', 2223)).toEqual([]);
    expect(keysOf('good.lan')).toEqual([b]);
    expect(keysOf('bad.lan')).toEqual([]);
    expect(keysOf('192a0a2a7')).toEqual([]);
  });

  it('finds names that OpenSSH hashed', () => {
    const file = path.join(scratch(), 'known_hosts');
    fs.writeFileSync(file, `192.0.2.7 ${a}\n[2001:db8::7]:2222 ${b}\n`);
    execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' });
    const text = fs.readFileSync(file, 'utf8');
    expect(text).not.toContain('192.0.2.7');
    expect(lookUpKnownHost(text, '192.0.2.7', 22).hostKeys).toEqual([a]);
    expect(lookUpKnownHost(text, '2001:db8::7', 2222).hostKeys).toEqual([b]);
    expect(lookUpKnownHost(text, '192.0.2.8', 22).hostKeys).toEqual([]);
  });

  it('never answers a revoked key, nor a certificate authority', () => {
    const text = `h ${a}\n@revoked h ${a}\n@cert-authority h ${b}\n`;
    expect(lookUpKnownHost(text, 'h', 22)).toEqual({ hostKeys: [], revoked: true });
  });
});
