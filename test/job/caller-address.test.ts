import * as http from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { callerCidr, checkCidrs } from '../../src/job/caller-address';
import { matching } from '../_helpers/matching';

async function echoes(answers: readonly string[], work: (urls: string) => Promise<void>): Promise<void> {
  const servers = answers.map((answer) => http.createServer((_, response) => response.end(answer)));
  try {
    const urls = [];
    for (const server of servers) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      urls.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    }
    await work(urls.join(','));
  } finally {
    for (const server of servers) server.close();
  }
}

describe('caller address', () => {
  test('two that agree are enough', () =>
    echoes(['198.51.100.9\n', '203.0.113.7\n', '203.0.113.7'], async (urls) => {
      expect(await callerCidr({ CVICAST_ECHO_URLS: urls })).toBe('203.0.113.7/32');
    }));

  test.each([
    ['disagree', ['198.51.100.9', '203.0.113.7']],
    ['one answer', ['203.0.113.7', '<html>']],
    ['no address', ['no', 'no']],
  ])('%s: refused, names --allow-cidr', (_, answers) =>
    echoes(answers, async (urls) => {
      await expect(callerCidr({ CVICAST_ECHO_URLS: urls })).rejects.toMatchObject({
        code: 'caller-address',
        fix: expect.stringContaining('--allow-cidr'),
      });
    }),
  );

  test('a network is taken as it is', () => expect(checkCidrs(['203.0.113.0/24'])).toEqual(['203.0.113.0/24']));

  test.each(['0.0.0.0/0', '203.0.113.7', '203.0.113.7/33', '1.2.3.4/1e1', '::/0', 'x/32', ''])(
    '%j is refused',
    (cidr) => {
      expect(() => checkCidrs([cidr])).toThrow(matching({ code: 'bad-cidr', exit: 'input' }));
    },
  );
});
