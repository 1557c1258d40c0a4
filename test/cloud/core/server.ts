import * as http from 'node:http';
import { messageOf } from '../../../src/errors';
import type { Fault } from './faults';
import { Panic, Refusal } from './refusal';
import type { HttpAnswer, HttpRequest } from './table';
import type { Direction } from './wire';
import type { LiveWorld } from './world';

type Route = (request: HttpRequest) => Promise<HttpAnswer> | HttpAnswer;

/** A server on a free port of 127.0.0.1. */
export async function serveHttp(route: Route): Promise<{ server: http.Server; port: number }> {
  const server = http.createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const url = new URL(incoming.url ?? '/', 'http://stand-in');
      const headers = Object.fromEntries(
        Object.entries(incoming.headers).map(([name, value]) => [name, [value].flat().join(',')]),
      );
      const request = {
        method: incoming.method ?? 'GET',
        path: url.pathname,
        query: url.searchParams,
        headers,
        body: Buffer.concat(chunks).toString('utf8'),
        rawUrl: incoming.url ?? '/',
      };
      void Promise.resolve()
        .then(() => route(request))
        .catch((thrown: unknown): HttpAnswer | null => {
          // The connection is cut: the work may be done, its answer is lost.
          if (thrown instanceof Panic || (thrown instanceof Refusal && thrown.status === 0)) return null;
          return { status: 500, body: { error: messageOf(thrown) } };
        })
        .then((answer) => {
          if (answer === null) {
            incoming.socket.destroy();
            return;
          }
          const text = answer.text ?? (answer.body === undefined ? '' : JSON.stringify(answer.body));
          outgoing.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
          outgoing.end(text);
        });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 };
}

/** The cloud's own API, with the failures on order. */
export function apiRoute(world: LiveWorld): Route {
  return async (request) => {
    const fault = world.faults.next('api', `${request.method} ${request.rawUrl} ${request.body}`);
    try {
      return await world.faults.around(fault, async () => await world.table.api(world, request));
    } catch (thrown) {
      if (thrown instanceof Refusal && thrown.status !== 0) {
        const plain = { status: thrown.status, body: { id: thrown.code, message: thrown.message } };
        return world.table.refusalAnswer?.(thrown) ?? plain;
      }
      throw thrown;
    }
  };
}

/** What a test may ask of the stand-in beside being a cloud. Guests report here too. */
export function controlRoute(world: LiveWorld, stop: () => void): Route {
  const done: HttpAnswer = { status: 200, body: {} };
  const guest = /^\/guest\/(.+)$/;
  return async ({ method, path, body }) => {
    const said = guest.exec(path);
    if (said) {
      world.guestSays(decodeURIComponent(said[1]!), body);
      return done;
    }
    const given = (body === '' ? {} : JSON.parse(body)) as Record<string, unknown>;
    switch (`${method} ${path}`) {
      case 'GET /ledger':
        return {
          status: 200,
          body: {
            entries: world.ledger.all().map((entry) => ({ ...entry, guestTimer: world.hasGuestTimer(entry) })),
            bill: world.ledger.bill(),
            remarks: world.ledger.remarks,
            waitingAt: world.faults.waitingAt(),
            stalled: world.wire.stalled,
            armed: world.clock.armed,
          },
        };
      case 'GET /logs':
        return { status: 200, body: { logs: await world.logs() } };
      case 'POST /fault':
        world.faults.order(given as unknown as Fault);
        return done;
      case 'POST /open':
        world.faults.open(String(given['gate']));
        return done;
      case 'POST /calm':
        world.faults.calm();
        return done;
      case 'POST /advance':
        world.clock.advance(Number(given['minutes']));
        return done;
      case 'POST /vanish': {
        const gone = world.ledger.alive(String(given['kind']));
        for (const entry of gone) {
          world.table.vanish?.(world, entry);
          await world.end(entry, 'outside');
        }
        return { status: 200, body: { gone: gone.length } };
      }
      case 'POST /cut':
        await world.cut();
        return done;
      case 'POST /stall':
        if (given['direction'] === undefined) world.wire.stall();
        else world.wire.stallAfter(given['direction'] as Direction, Number(given['bytes']));
        return done;
      case 'POST /flow':
        world.wire.flow();
        return done;
      case 'POST /move':
        world.caller = String(given['address']);
        await world.cut();
        return done;
      case 'GET /caller':
        return { status: 200, text: world.caller };
      case 'POST /find':
        return { status: 200, body: { found: await world.find(given['words'] as string[]) } };
      case 'POST /crash':
        await world.crash();
        return done;
      case 'POST /fill':
        await world.fillDisks();
        return done;
      case 'POST /stop':
        stop();
        return done;
      default:
        return { status: 404, body: { error: `no control ${method} ${path}` } };
    }
  };
}
