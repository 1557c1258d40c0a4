import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HttpPolicy } from '../../src/cloud/http';
import type { Patience } from '../../src/cloud/insist';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface Answer {
  readonly status?: number;
  readonly body?: unknown;
  /** Instead of `body`: sent as it is, with a content type of its own in `headers`. */
  readonly text?: string;
  readonly headers?: Record<string, string>;
}

export interface LoopbackCloud {
  readonly url: string;
  /** `METHOD path` of every request, in order. */
  readonly asked: Asked[];
  close(): Promise<void>;
}

/** No waiting in tests: what is tried again is tried again at once. */
export const quick: HttpPolicy = { timeoutSeconds: 20, attempts: 3, firstPause: 1, longestPause: 50 };
export const patient: Patience = { attempts: 6, pause: 1 };

/** A cloud on loopback. A request that `answer` does not plan for (`null`) makes `close` fail, besides answering 501. */
export async function loopbackCloud(answer: (asked: Asked) => Answer | null): Promise<LoopbackCloud> {
  const asked: Asked[] = [];
  const unplanned: string[] = [];
  const server = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://loopback');
      const one: Asked = {
        method: request.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body: Buffer.concat(parts).toString('utf8'),
      };
      asked.push(one);
      const planned = answer(one);
      if (planned === null) unplanned.push(`${one.method} ${one.path}?${one.query.toString()} ${one.body}`);
      const { status = 200, body, text, headers = {} } = planned ?? { status: 501, body: { error: 'unplanned' } };
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(text ?? (body === undefined ? '' : JSON.stringify(body)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (unplanned.length > 0) throw new Error(`requests that no cloud would understand:\n${unplanned.join('\n')}`);
    },
  };
}
