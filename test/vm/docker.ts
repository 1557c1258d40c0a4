import * as fs from 'node:fs';
import * as path from 'node:path';
import { bootstrap } from '../../src/job/bootstrap';
import { JobFolder } from '../../src/job/folder';
import type { JobRequest } from '../../src/job/request';
import type { Machine } from '../../src/machine';
import { lendFakeToolchain } from '../_helpers/fake-tools';
import { serveImage, type Registry } from '../_helpers/image-registry';
import { answer, user, type Guest } from './guest';
import type { Image } from './image';
import { end, run, start } from './processes';
import type { Proofs } from './proofs';

/** Where the guest finds the registry: on its own loopback, the only place that Docker speaks plain HTTP to. */
const registryPort = 5000;

/** The program's own bootstrap with Docker: apt, daemon, image, container. Docker Hub alone is a stand-in. */
export async function proveDocker(
  proofs: Proofs,
  {
    guest,
    machine,
    port,
    image,
    folder,
  }: { guest: Guest; machine: Machine; port: number; image: Image; folder: string },
): Promise<void> {
  await proofs.prove('the bootstrap installs Docker from the package mirror and starts a container', async () => {
    const registry = await serveImage(await containerLayer(image, folder), ['PATH=/usr/local/bin:/usr/bin:/bin']);
    const tunnel = openTunnel(guest, port, registry, folder);
    const begun = performance.now();
    try {
      const jobFolder = JobFolder.create(path.join(folder, 'home'), guest.job);
      const request = {
        ...{ job: guest.job, provider: 'digitalocean', host: null, toolchain: 'docker', toolchainVersion: '1.7' },
        imageMirror: `127.0.0.1:${registryPort}`,
      } as JobRequest;
      const context = { home: jobFolder.home, env: {}, emit: () => undefined, signal: new AbortController().signal };
      const ready = await bootstrap(machine, request, jobFolder, context, () => undefined);
      const minutes = ((performance.now() - begun) / 60_000).toFixed(1);
      const version = await answer(machine, 'sudo', '-n', 'docker', 'version', '--format', '{{.Server.Version}}');
      const inside = ready.toolchain.wrap(['id', '-u'], { cwd: '/' });
      const same = (await answer(machine, ...inside)) === (await answer(machine, 'id', '-u'));
      if (!same) throw new Error('the tools would run as another user than the one who logs in');
      return `Docker ${version} in ${minutes} min; tools in the container answer as ${user}`;
    } finally {
      await end(tunnel);
      await registry.stop();
    }
  });
}

/** A file system for the container: Debian's essential packages, and a toolchain that is only there to be found. */
async function containerLayer(image: Image, folder: string): Promise<string> {
  const layer = path.join(folder, 'layer.tar');
  fs.copyFileSync(image.container, layer);
  const { toolchains } = lendFakeToolchain(path.join(folder, 'fake'));
  const toolchain = path.join(toolchains, fs.readdirSync(toolchains)[0]!);
  const into = ['--transform', 's,^\\.,./opt/cvicast/toolchain,', '--owner=0', '--group=0', '.'];
  await run(['tar', '--append', '--file', layer, '--directory', toolchain, ...into], path.join(folder, 'log'), folder);
  return layer;
}

/** OpenSSH's own client, which trusts the given host key alone. */
function openTunnel(guest: Guest, port: number, registry: Registry, folder: string): ReturnType<typeof start> {
  const [known, identity] = [path.join(folder, 'known'), path.join(folder, 'identity')];
  fs.writeFileSync(known, `[127.0.0.1]:${port} ${guest.hostKey.publicKey}\n`);
  fs.writeFileSync(identity, guest.login.privateKey, { mode: 0o600 });
  const options = [`UserKnownHostsFile=${known}`, 'StrictHostKeyChecking=yes', 'BatchMode=yes', 'IdentitiesOnly=yes'];
  return start(
    [
      ...['ssh', '-F', 'none', '-N', '-i', identity, '-p', String(port)],
      ...[...options, 'ExitOnForwardFailure=yes'].flatMap((option) => ['-o', option]),
      ...['-R', `127.0.0.1:${registryPort}:${registry.address}`, `${user}@127.0.0.1`],
    ],
    path.join(folder, 'tunnel.log'),
    folder,
  );
}
