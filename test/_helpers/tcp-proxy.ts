import * as net from 'node:net';

/** A TCP relay on a loopback port that can be broken on order. */
export interface TcpProxy {
  readonly port: number;
  /** How many connections were ever taken. */
  connections(): number;
  /** Bytes carried so far to the target (`up`) and from it (`down`), all connections together. */
  carried(): { up: number; down: number };
  /** Resets all present connections; new ones are taken as before. */
  cut(): void;
  /** Carries nothing more over the present connections, without closing them; new ones are not concerned. */
  stall(): void;
  /** Lets stalled connections go on. */
  resume(): void;
  /** Whether new connections are taken (default) or reset at once. */
  accept(yes: boolean): void;
  /** Does something as soon as so many further bytes were carried in a direction. One order at a time a direction. */
  after(direction: 'up' | 'down', bytes: number, act: () => void): void;
  stop(): Promise<void>;
}

export async function startTcpProxy(target: { port: number; host?: string }): Promise<TcpProxy> {
  const sockets = new Set<net.Socket>();
  const carried = { up: 0, down: 0 };
  const orders: Record<'up' | 'down', { at: number; act: () => void } | null> = { up: null, down: null };
  let taken = 0;
  let accepting = true;

  const relay = (from: net.Socket, to: net.Socket, direction: 'up' | 'down'): void => {
    from.on('data', (chunk) => {
      carried[direction] += chunk.length;
      if (!to.write(chunk)) from.pause();
      const order = orders[direction];
      if (order && carried[direction] >= order.at) {
        orders[direction] = null;
        order.act();
      }
    });
    to.on('drain', () => {
      if (!stalled.has(from)) from.resume();
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
  };
  const stalled = new Set<net.Socket>();

  const server = net.createServer((client) => {
    taken++;
    if (!accepting) {
      client.resetAndDestroy();
      return;
    }
    const upstream = net.connect(target.port, target.host ?? '127.0.0.1');
    sockets.add(client).add(upstream);
    relay(client, upstream, 'up');
    relay(upstream, client, 'down');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
    stalled.clear();
  };
  return {
    port: (server.address() as net.AddressInfo).port,
    connections: () => taken,
    carried: () => ({ ...carried }),
    cut,
    stall: () => {
      for (const socket of sockets) {
        stalled.add(socket);
        socket.pause();
      }
    },
    resume: () => {
      for (const socket of stalled) socket.resume();
      stalled.clear();
    },
    accept: (yes) => {
      accepting = yes;
    },
    after: (direction, bytes, act) => {
      orders[direction] = { at: carried[direction] + bytes, act };
    },
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cut();
      await closed;
    },
  };
}
