import * as net from 'node:net';
import { openFront } from './core/front';
import { Wire } from './core/wire';

const listen = (server: net.Server, host: string) =>
  new Promise<number>((resolve) => server.listen(0, host, () => resolve((server.address() as net.AddressInfo).port)));

describe('the firewall in front of a machine', () => {
  const address = '127.77.3.4';
  let guest: net.Server;
  let guestPort: number;
  let callers: number;

  beforeEach(async () => {
    callers = 0;
    guest = net.createServer((socket) => {
      callers++;
      socket.end('SSH-2.0-stand-in\r\n');
    });
    guestPort = await listen(guest, address);
  });
  afterEach(() => new Promise<void>((resolve) => guest.close(() => resolve())));

  const frontOn = async (admits: boolean) => {
    const probe = net.createServer();
    const port = await listen(probe, address);
    await new Promise<void>((resolve) => probe.close(() => resolve()));
    return { port, front: await openFront(address, port, guestPort, () => admits, new Wire()) };
  };

  it('passes on whom a rule admits', async () => {
    const { port, front } = await frontOn(true);
    const said = await new Promise<string>((resolve, reject) => {
      const socket = net.connect(port, address);
      socket.once('data', (chunk) => resolve(chunk.toString())).once('error', reject);
    });
    expect(said).toBe('SSH-2.0-stand-in\r\n');
    await front.close();
  });

  it('never answers anybody else, and the machine hears nothing of it', async () => {
    const { port, front } = await frontOn(false);
    let heard = '';
    const socket = net.connect(port, address);
    socket.on('data', (chunk) => (heard += chunk.toString())).on('error', () => socket.destroy());
    await new Promise<void>((resolve) => socket.once('connect', () => socket.write('hello\r\n', () => resolve())));
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    await front.close();
    await closed;
    expect({ heard, callers }).toEqual({ heard: '', callers: 0 });
  });
});
