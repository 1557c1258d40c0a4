import { Client, utils } from 'ssh2';
import { fingerprint, type Machine } from '../../src/machine';
import { makeKeyPair } from '../../src/machine/key-pair';
import { answer, enter, user, type Guest } from './guest';
import { expectThat, refusal, type Proofs } from './proofs';

/** Who gets into the machine. Answers the connection that the job itself would use; null when there is none. */
export async function proveAccess(proofs: Proofs, guest: Guest, port: number): Promise<Machine | null> {
  const entered: Machine[] = [];
  await proofs.prove('the first connection finds the host key that was given', async () => {
    const machine = await enter(guest, port);
    entered.push(machine);
    return `${fingerprint(guest.hostKey.publicKey)}, logged in as ${await answer(machine, 'id', '-un')}`;
  });
  const [machine] = entered;
  if (machine === undefined) return null;
  // It restarts sshd on its way: what is tried next is not to be refused for that.
  await machine.exec(['cloud-init', 'status', '--wait']);
  await proofs.prove('another host key is refused', async () => {
    const { code } = await refusal(enter(guest, port, { hostKey: makeKeyPair('stranger') }));
    expectThat(code === 'host-key-mismatch', code);
    return code;
  });
  await proofs.prove('the machine has no host key of another sort, not even those of its image', async () => {
    for (const [sort, bits] of [
      ['ecdsa', 256],
      ['rsa', 2048],
    ] as const) {
      const stranger = utils.generateKeyPairSync(sort as 'rsa', { bits });
      const hostKey = { privateKey: stranger.private, publicKey: stranger.public };
      const problem = await refusal(enter(guest, port, { hostKey }));
      expectThat(problem.why.includes('no key of the expected type'), `${sort}: ${problem.message}`);
    }
    return 'neither ECDSA nor RSA';
  });
  await proofs.prove('another login key is refused', async () => {
    const { code } = await refusal(enter(guest, port, { key: makeKeyPair('stranger'), loginSeconds: 1 }));
    expectThat(code === 'login-refused', code);
    return code;
  });
  await proofs.prove("root is refused, also with the job's key", async () => {
    const { code } = await refusal(enter(guest, port, { as: 'root', loginSeconds: 1 }));
    expectThat(code === 'login-refused' || code === 'login-shell-unfit', code);
    return code;
  });
  await provePassword(proofs, machine, port);
  return machine;
}

/** The account gets a password for it: that none is set is not what is to keep strangers out. */
async function provePassword(proofs: Proofs, machine: Machine, port: number): Promise<void> {
  const password = 'correct horse battery staple';
  await proofs.prove('a password is refused, also a right one', async () => {
    const { status, stderr } = await machine.exec(['sudo', '-n', 'chpasswd'], { stdin: `${user}:${password}\n` });
    expectThat(status === 0, stderr);
    const client = new Client();
    try {
      await new Promise<void>((resolve, reject) => {
        client.once('ready', () => resolve()).once('error', reject);
        client.on('keyboard-interactive', (...args) => args[4]([password]));
        client.connect({ ...{ host: '127.0.0.1', port, username: user, password }, tryKeyboard: true });
      });
    } catch (thrown) {
      const problem = thrown as Error & { level?: string };
      expectThat(problem.level === 'client-authentication', problem.message);
      return problem.message;
    } finally {
      client.end();
    }
    throw new Error('it was let in');
  });
}
