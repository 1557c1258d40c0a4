import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { parse } from 'yaml';
import { userData } from '../../src/machine';
import { makeKeyPair } from '../../src/machine/key-pair';
import { useScratch } from '../_helpers/scratch';

const hostKey = makeKeyPair('host');
const { publicKey } = makeKeyPair('job');
const request = { user: 'ubuntu', publicKey, hostKey, ttlMinutes: 90, hostname: 'cv-20261128-112830-7f3a9c' };

describe('user data', () => {
  it('is cloud-config that gives the machine our host key and no other', () => {
    const text = userData(request);
    expect(text.split('\n')[0]).toBe('#cloud-config');
    expect(parse(text)).toMatchObject({
      ssh_deletekeys: true,
      ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: `${hostKey.publicKey}\n` },
      hostname: request.hostname,
      package_update: false,
      package_upgrade: false,
    });
    expect(Object.keys(parse(text).ssh_keys as object)).toHaveLength(2);
    expect(hostKey.privateKey.endsWith('\n')).toBe(true);
  });

  it('lets in one user with one key, and nobody with a password', () => {
    const config = parse(userData(request));
    expect(config).toMatchObject({ ssh_pwauth: false, disable_root: true, allow_public_ssh_keys: false });
    expect(config.users).toEqual([
      {
        name: 'ubuntu',
        ssh_authorized_keys: [publicKey],
        lock_passwd: true,
        shell: '/bin/bash',
        sudo: 'ALL=(ALL) NOPASSWD:ALL',
      },
    ]);
  });

  it('leaves root open to our key where root is the user', () => {
    const config = parse(userData({ ...request, user: 'root' }));
    expect(config.disable_root).toBe(false);
    expect(config.users).toEqual([
      { name: 'root', ssh_authorized_keys: [publicKey], lock_passwd: true, shell: '/bin/bash' },
    ]);
  });

  it('refuses values that are not what they should be', () => {
    expect(() => userData({ ...request, user: 'a b' })).toThrow('user name');
    expect(() => userData({ ...request, ttlMinutes: 1.5 })).toThrow('whole number');
    expect(() => userData({ ...request, ttlMinutes: 0 })).toThrow('whole number');
    expect(() => userData({ ...request, hostname: '$(x)' })).toThrow('host name');
  });
});

describe('the end that the machine brings about itself', () => {
  const scratch = useScratch();

  /** Runs the boot command in a small world of its own: its folders and clock are ours, its timers are written down. */
  function boot(clock: { now: number; uptime: number }): string[] {
    const root = scratch();
    const tools = path.join(root, 'tools');
    const calls = path.join(root, 'calls');
    fs.mkdirSync(tools, { recursive: true });
    fs.mkdirSync(path.join(root, 'run'), { recursive: true });
    fs.writeFileSync(calls, '');
    fs.writeFileSync(path.join(root, 'uptime'), `${clock.uptime}.37 12.00\n`);
    for (const tool of ['shutdown', 'setsid']) {
      fs.writeFileSync(path.join(tools, tool), `#!/bin/sh\necho "${tool} $*" >>'${calls}'\n`, { mode: 0o755 });
    }
    fs.writeFileSync(path.join(tools, 'date'), `#!/bin/sh\necho ${clock.now}\n`, { mode: 0o755 });
    const command: string[] = parse(userData(request)).bootcmd[0];
    const here = command.map((word) =>
      word
        .replaceAll('/var/lib', `${root}/lib`)
        .replaceAll('/run/', `${root}/run/`)
        .replaceAll('/proc/uptime', `${root}/uptime`),
    );
    // A pipe more than the three: what the command leaves in the background holds it, so that its call is written down by then too.
    execFileSync(here[0]!, here.slice(1), {
      env: { PATH: `${tools}:/usr/bin:/bin` },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    return fs.readFileSync(calls, 'utf8').trim().split('\n');
  }
  const forgetRun = (): void => fs.rmSync(path.join(scratch(), 'run'), { recursive: true });
  const timer = (calls: string[]): string | undefined => /--on-boot=(\S+)/.exec(calls.join('\n'))?.[1];

  it('is armed at the first boot, with shutdown -P behind it', () => {
    const calls = boot({ now: 1_800_000_000, uptime: 20 });
    expect(timer(calls)).toBe('5420s');
    // In the background, and without waiting for a boot that waits for us: scripts/prove-vm shows what else happens.
    const armed = calls.find((call) => call.startsWith('setsid systemd-run'));
    expect(armed).toMatch(
      / --timer-property=DefaultDependencies=no --property=DefaultDependencies=no systemctl poweroff$/,
    );
    expect(calls).toContain('shutdown -P +95');
  });

  it('is armed once a boot, however often it is asked for and even when the clock is set meanwhile', () => {
    boot({ now: 1_800_000_000, uptime: 20 });
    const calls = boot({ now: 1_700_000_000, uptime: 80 });
    expect(calls).toEqual(['shutdown -P +94']);
  });

  it('is not put off by a reboot', () => {
    boot({ now: 1_800_000_000, uptime: 20 });
    forgetRun();
    expect(timer(boot({ now: 1_800_003_600, uptime: 15 }))).toBe('1815s');
    forgetRun();
    expect(timer(boot({ now: 1_800_009_999, uptime: 15 }))).toBe('16s');
  });
});
