import { userData } from '../../src/machine';
import { makeKeyPair } from '../../src/machine/key-pair';
import { firstBoot } from './core/cloud-init';

const ubuntu = { user: 'ubuntu', disableRoot: true };

describe('the first boot of a stand-in machine', () => {
  it('takes host key, user and timer from the user data of a job', () => {
    const hostKey = makeKeyPair('host');
    const text = userData({
      user: 'ubuntu',
      publicKey: 'ssh-ed25519 AAAA',
      hostKey,
      ttlMinutes: 60,
      hostname: 'cvicast',
    });
    const boot = firstBoot(text, ubuntu, ['ssh-ed25519 BBBB']);
    expect(boot.hostKeys['ed25519']?.private.trim()).toBe(hostKey.privateKey.trim());
    expect(boot.users[0]).toEqual({ name: 'ubuntu', keys: ['ssh-ed25519 AAAA'], sudo: true, mayLogIn: true });
    expect(boot.users.find((user) => user.name === 'root')?.mayLogIn).toBe(false);
    expect(boot.bootCommands.join('\n')).toContain('shutdown -P');
    expect(boot.remarks).toEqual([]);
  });

  it.each([
    ['no first line', '{"users": [{"name": "ubuntu"}]}', /does not begin with #cloud-config/],
    ['broken YAML', '#cloud-config\n{"users": [', /cannot read/],
    ['a key that nobody knows', '#cloud-config\nssh_kyes: {}\n', /does not know the key ssh_kyes/],
  ])('grumbles about %s, and gives no host key', (_what, text, remark) => {
    const boot = firstBoot(text, ubuntu, []);
    expect(boot.remarks.join('\n')).toMatch(remark);
    expect(boot.hostKeys).toEqual({});
  });

  it("gives the platform's keys to the image's user when the user data names none", () => {
    const boot = firstBoot('#cloud-config\n{}\n', ubuntu, ['ssh-ed25519 BBBB']);
    expect(boot.users[0]).toMatchObject({ name: 'ubuntu', keys: ['ssh-ed25519 BBBB'], sudo: true });
  });

  it('runs a list without a shell: every word is quoted', () => {
    const boot = firstBoot(`#cloud-config\nbootcmd: [[echo, "it's $HOME"], "echo $HOME"]\n`, ubuntu, []);
    expect(boot.bootCommands).toEqual([`'echo' 'it'\\''s $HOME'`, 'echo $HOME']);
  });
});
