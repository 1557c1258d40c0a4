import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { parseHost, targetOfHost } from '../../src/machine/host';
import { makeKeyPair } from '../../src/machine/key-pair';
import { useScratch } from '../_helpers/scratch';

describe('parseHost', () => {
  it.each([
    ['ubuntu@192.0.2.7', { user: 'ubuntu', address: '192.0.2.7', port: 22 }],
    ['root@box.example:2222', { user: 'root', address: 'box.example', port: 2222 }],
    ['u@[2001:db8::7]', { user: 'u', address: '2001:db8::7', port: 22 }],
    ['u@[::1]:2200', { user: 'u', address: '::1', port: 2200 }],
  ])('reads %s', (text, expected) => expect(parseHost(text)).toEqual(expected));

  it.each([
    '',
    'box',
    '@box',
    'u@',
    'u@2001:db8::7',
    'u@[x]',
    'u@[1:2]',
    'u@box:0',
    'u@box:65536',
    'u@box:22x',
    '-oProxy@x',
    'u@-x',
    'u@a b',
    'u@$(id)',
  ])('refuses %p', (text) =>
    expect(() => parseHost(text)).toThrow(expect.objectContaining({ code: 'bad-host', exit: 'input' }) as Error),
  );
});

describe('targetOfHost', () => {
  const scratch = useScratch();
  const pair = makeKeyPair('me');
  const hostKey = makeKeyPair('host').publicKey;
  const host = 'ubuntu@192.0.2.7';
  const withFile = (name: string, text: string): string => {
    const file = path.join(scratch(), '.ssh', name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const target = (more: object) => targetOfHost({ host, hostKey, env: {}, home: scratch(), ...more });
  const code = (expected: string): Error => expect.objectContaining({ code: expected, exit: 'input' }) as Error;

  it('takes the identity file and the host key that were given', () => {
    expect(target({ identity: withFile('mine', pair.privateKey) })).toEqual({
      user: 'ubuntu',
      address: '192.0.2.7',
      port: 22,
      hostKeys: [hostKey],
      privateKey: pair.privateKey,
    });
  });

  it('asks the agent when no identity was given, else takes the usual key file', () => {
    withFile('id_ed25519', pair.privateKey);
    expect(target({ env: { SSH_AUTH_SOCK: '/run/agent' } })).toMatchObject({ agent: '/run/agent' });
    expect(target({})).toMatchObject({ privateKey: pair.privateKey });
  });

  it('says what to do about an encrypted identity, and takes the agent where one runs', () => {
    const identity = withFile('mine', pair.privateKey);
    execFileSync('ssh-keygen', ['-p', '-N', 'secret', '-f', identity], { stdio: 'ignore' });
    expect(() => target({ identity })).toThrow(code('identity-encrypted'));
    expect(target({ identity, env: { SSH_AUTH_SOCK: '/run/agent' } })).toMatchObject({ agent: '/run/agent' });
  });

  it('refuses an identity that is missing, public or no key; and having none', () => {
    expect(() => target({ identity: path.join(scratch(), 'none') })).toThrow(code('identity-unreadable'));
    expect(() => target({ identity: withFile('pub', pair.publicKey) })).toThrow(code('identity-unreadable'));
    expect(() => target({ identity: withFile('text', 'hello') })).toThrow(code('identity-unreadable'));
    expect(() => target({})).toThrow(code('no-identity'));
  });

  it('finds the host key in known_hosts, and says how to get it there', () => {
    const identity = withFile('mine', pair.privateKey);
    expect(() => target({ identity, hostKey: undefined })).toThrow(code('unknown-host-key'));
    withFile('known_hosts', `192.0.2.7 ${hostKey}\n`);
    expect(target({ identity, hostKey: undefined }).hostKeys).toEqual([hostKey.split(' ').slice(0, 2).join(' ')]);
    expect(() => target({ identity, hostKey: 'nonsense' })).toThrow(code('bad-host-key'));
  });
});
