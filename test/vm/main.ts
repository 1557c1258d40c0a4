// Boots real virtual machines with our user data: scripts/prove-vm [--spoil WHAT].
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { messageOf } from '../../src/errors';
import { proveAccess } from './access';
import { proveDocker } from './docker';
import { makeGuest, spoilerNames } from './guest';
import { ensureImage, removeUnfinished } from './image';
import { endAll } from './processes';
import { Proofs } from './proofs';
import { proveArmed, proveEnd, proveStillArmed } from './timers';
import { startVm } from './vm';

const say = (text: string): void => void process.stderr.write(`prove-vm: ${text}\n`);

function optionOf(name: string, allowed: readonly string[]): string | null {
  const at = process.argv.indexOf(name);
  if (at === -1) return null;
  const value = process.argv[at + 1] ?? '';
  if (!allowed.includes(value)) throw new Error(`${name} takes one of: ${allowed.join(', ')}`);
  return value;
}

/** Ends all that was started and removes all that was written; the image stays. */
async function clean(folder: string): Promise<void> {
  await endAll();
  fs.rmSync(folder, { recursive: true, force: true });
  removeUnfinished();
}

async function prove(folder: string): Promise<number> {
  const spoiler = optionOf('--spoil', spoilerNames);
  const proofs = new Proofs();
  const image = await ensureImage(say);

  const guest = makeGuest(60, spoiler);
  const place = path.join(folder, guest.job);
  say('a machine with 60 minutes boots');
  const vm = await startVm(image, place, guest.userData);
  const machine = await proveAccess(proofs, guest, vm.port);
  if (machine === null) say(`nothing more is to be seen on it; its console ends with:\n${vm.console().slice(-1500)}`);
  else {
    await proveArmed(proofs, guest, machine);
    if (spoiler === null) {
      await proveDocker(proofs, { guest, machine, port: vm.port, image, folder: place });
      await proveStillArmed(proofs, guest, machine);
    }
    await machine.close();
  }
  await vm.stop();

  if (spoiler !== null && spoiler !== 'timer') return proofs.failed;
  const alone = makeGuest(2, spoiler);
  say('a machine with 2 minutes boots, and nobody speaks to it');
  const second = await startVm(image, path.join(folder, 'alone'), alone.userData);
  await proveEnd(proofs, alone, second);
  await second.stop();
  return proofs.failed;
}

async function main(): Promise<void> {
  const begun = performance.now();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cvicast-prove-vm-'));
  const signals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
  for (const [name, code] of Object.entries(signals))
    process.once(name, () => void clean(folder).then(() => process.exit(code)));
  try {
    const failed = await prove(folder);
    const minutes = ((performance.now() - begun) / 60_000).toFixed(1);
    process.stdout.write(`${failed === 0 ? 'all held' : `${failed} did not hold`}, in ${minutes} min\n`);
    process.exitCode = failed === 0 ? 0 : 1;
  } catch (thrown) {
    say(messageOf(thrown));
    process.exitCode = 2;
  } finally {
    await clean(folder);
  }
}

void main();
