import { once } from 'node:events';
import type * as net from 'node:net';
import { Client, Server } from 'ssh2';
import { run } from '../../src/machine/channel';
import { makeKeyPair } from '../../src/machine/key-pair';

describe('a command that ends as soon as it begins', () => {
  const server = new Server({ hostKeys: [makeKeyPair('server').privateKey] }, (connection) => {
    connection.on('error', () => undefined);
    connection.on('authentication', (login) => login.accept());
    connection.on('session', (open) => {
      open().on('exec', (begin, _refuse, { command }) => {
        // Beginning and end leave in one piece, as they arrive in one at a client that was busy meanwhile.
        const { _sock: socket } = connection as unknown as { _sock: net.Socket };
        socket.cork();
        const channel = begin();
        if (command === 'die') channel.exit('KILL');
        else channel.exit(7);
        channel.end();
        process.nextTick(() => socket.uncork());
      });
    });
  });
  const client = new Client();
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    client.connect({
      host: '127.0.0.1',
      port: (server.address() as net.AddressInfo).port,
      username: 'x',
      password: '',
    });
    await once(client, 'ready');
  });
  afterAll(async () => {
    client.end();
    await new Promise((resolve) => server.close(resolve));
  });

  test.each([
    ['exit', { status: 7, signal: null }],
    ['die', { status: null, signal: 'SIGKILL' }],
  ])('is known by how it ended, not taken for a lost connection: %s', async (command, ending) => {
    const running = await run(client, command);
    running.channel.resume();
    running.channel.stderr.resume();
    expect(await running.ending).toEqual(ending);
  });
});
