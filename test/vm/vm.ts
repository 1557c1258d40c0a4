import { once } from 'node:events';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import type { Image } from './image';
import { end, start } from './processes';

/** A virtual machine that boots for the first time. */
export interface Vm {
  /** Port on 127.0.0.1 that leads to its port 22. */
  readonly port: number;
  /** Has it ended (powered itself off, or was stopped)? */
  hasEnded(): boolean;
  /** What it printed on its console. */
  console(): string;
  /** Pulls the plug. */
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Starts a machine of the image with its user data on a NoCloud disk, as a cloud would hand it over. What it writes is
 * thrown away at its end.
 */
export async function startVm(image: Image, folder: string, userData: string): Promise<Vm> {
  const seed = path.join(folder, 'seed');
  fs.mkdirSync(seed, { recursive: true, mode: 0o700 });
  fs.writeFileSync(path.join(seed, 'user-data'), userData);
  fs.writeFileSync(path.join(seed, 'meta-data'), `instance-id: ${path.basename(folder)}\n`);
  const port = await freePort();
  const console = path.join(folder, 'console');
  const log = path.join(folder, 'qemu.log');
  const child = start(
    [
      ...['qemu-system-x86_64', '-accel', 'tcg', '-cpu', 'max,la57=off', '-smp', '2', '-m', '2048'],
      ...['-nodefaults', '-display', 'none', '-no-reboot', '-serial', `file:${console}`, '-device', 'virtio-rng-pci'],
      ...['-kernel', image.kernel, '-initrd', image.initrd, '-append', 'root=/dev/vda ro console=ttyS0'],
      ...['-drive', `file=${image.disk},format=raw,if=virtio,snapshot=on`],
      ...['-drive', `driver=vvfat,dir=${seed},label=cidata,if=virtio,read-only=on`],
      ...['-netdev', `user,id=net,ipv6=off,hostfwd=tcp:127.0.0.1:${port}-:22`, '-device', 'virtio-net-pci,netdev=net'],
    ],
    log,
    folder,
  );
  let ended = false;
  void once(child, 'close').then(() => (ended = true));
  const text = (file: string): string => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '');
  return {
    port,
    hasEnded: () => ended,
    console: () => text(console) + text(log),
    stop: () => end(child),
  };
}
