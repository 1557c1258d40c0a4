import * as net from 'node:net';
import type { Wire } from './wire';

export interface Front {
  /** Ends every connection, not the listening. */
  cut(): void;
  close(): Promise<void>;
}

/**
 * The cloud's firewall in front of a machine: listens where the world sees it, asks on every new connection whether
 * this peer may come in, and passes the bytes on. Who may not is not answered at all, as a firewall does that drops.
 */
export async function openFront(
  address: string,
  port: number,
  guestPort: number,
  admits: (peer: string) => boolean,
  wire: Wire,
): Promise<Front> {
  const sockets = new Set<net.Socket>();
  const keep = (socket: net.Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    keep(client);
    if (!admits(client.remoteAddress ?? '')) {
      client.pause();
      return;
    }
    const guest = net.connect({ host: address, port: guestPort, allowHalfOpen: true });
    keep(guest);
    guest.on('close', () => client.destroy());
    client.on('close', () => guest.destroy());
    wire.join(client, guest);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => resolve());
  });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    cut,
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cut();
      return closed;
    },
  };
}
