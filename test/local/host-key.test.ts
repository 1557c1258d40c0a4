import * as path from 'node:path';
import { hostKeyIn } from '../../src/local/host-key';
import { useHome } from '../_helpers/home';
import { makeRequest } from '../_helpers/machine-request';

const home = useHome();

test('the host key is found however the YAML around it is written', () => {
  const { request, hostPrivateKey } = makeRequest(path.dirname(home().path));
  const lines = hostPrivateKey.trim().split('\n');
  const forms = [
    request.userData,
    request.userData.replaceAll('\n', '\r\n'),
    `#cloud-config\n${JSON.stringify({ ssh_keys: { ed25519_private: hostPrivateKey } })}`,
    `ssh_keys:\n  ed25519_private: "${lines.join('\\n\\\n    ')}\\n"\n`,
    `ssh_keys:\n  ed25519_private: '${lines.join('\n\n    ')}'\n`,
  ];
  for (const form of forms) expect(hostKeyIn(form)).toBe(hostPrivateKey);
});

test.each(['', '#cloud-config\n', '-----BEGIN OPENSSH PRIVATE KEY-----\nabc', 'ssh_keys: {rsa_public: x}'])(
  '%j holds none',
  (text) => {
    expect(() => hostKeyIn(text)).toThrow(expect.objectContaining({ code: 'no-host-key' }) as Error);
  },
);
