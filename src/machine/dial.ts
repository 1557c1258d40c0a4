import * as net from 'node:net';
import type { Client, ServerHostKeyAlgorithm } from 'ssh2';
import { fingerprint, parsePublicKey } from './keys';
import { abortReason } from './abort';
import type { SshTarget } from './types';

/**
 * Why one attempt to connect failed: `unreachable` and `login` may pass with time, `host-key` (a stranger answered)
 * and `address` (no such name) will not.
 */
export type DialFailureKind = 'unreachable' | 'login' | 'host-key' | 'address';

export class DialFailure extends Error {
  override readonly name = 'DialFailure';
  constructor(
    readonly kind: DialFailureKind,
    message: string,
  ) {
    super(message);
  }
}

export interface DialSettings {
  /** How long TCP connect, and then the SSH handshake with its login, may each take. */
  readonly handshakeSeconds: number;
  /** A connection from which nothing comes for so long, pings notwithstanding, is given up. */
  readonly stallSeconds: number;
  readonly signal: AbortSignal;
}

export interface Connection {
  readonly client: Client;
  /** Ends it at once, whatever state it is in. Not ssh2's own `destroy`: after `end` that does nothing. */
  readonly hangUp: () => void;
}

function openSocket(target: SshTarget, { handshakeSeconds, signal }: DialSettings): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: target.address, port: target.port });
    const fail = (kind: DialFailureKind, message: string): void => {
      socket.destroy();
      reject(new DialFailure(kind, message));
    };
    const onAbort = (): void => {
      socket.destroy();
      reject(abortReason(signal));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', onAbort));
    socket.setTimeout(handshakeSeconds * 1000, () => fail('unreachable', `no answer within ${handshakeSeconds} s`));
    socket.once('error', (problem: NodeJS.ErrnoException) => {
      fail(problem.code === 'ENOTFOUND' ? 'address' : 'unreachable', problem.message);
    });
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      socket.setTimeout(0);
      socket.removeAllListeners('timeout').removeAllListeners('error');
      // ssh2 adds its own listener; this one keeps an error in between from being nobody's.
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

/** The signature algorithms that go with the host keys we accept; a machine that offers no other key is refused. */
function hostKeyAlgorithms(types: readonly string[]): ServerHostKeyAlgorithm[] {
  return [...new Set(types)].flatMap((type) =>
    type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type],
  ) as ServerHostKeyAlgorithm[];
}

function failureOf(problem: Error & { level?: string }, refused: string | null): DialFailure {
  if (refused !== null) return new DialFailure('host-key', `it showed the key ${refused}`);
  if (/no matching (?:server )?host key/i.test(problem.message)) {
    return new DialFailure('host-key', 'it has no key of the expected type');
  }
  const isLogin = problem.level === 'client-authentication' || problem.level === 'agent';
  return new DialFailure(isLogin ? 'login' : 'unreachable', problem.message);
}

/**
 * Destroys the socket when nothing has come from the other side for `stallSeconds`. Not ssh2's own count of unanswered
 * pings: behind a full upload on a slow line a pong comes late, while window adjustments show that the line lives.
 */
function watchForStall(socket: net.Socket, stallSeconds: number): void {
  let seen = socket.bytesRead;
  let since = performance.now();
  const timer = setInterval(
    () => {
      if (socket.bytesRead !== seen) {
        seen = socket.bytesRead;
        since = performance.now();
      } else if (performance.now() - since > stallSeconds * 1000) {
        socket.destroy();
      }
    },
    (stallSeconds * 1000) / 10,
  );
  timer.unref();
  socket.once('close', () => clearInterval(timer));
}

/**
 * Connects and logs in once. The machine's host key is compared before any authentication begins.
 *
 * @throws DialFailure, or the signal's reason.
 */
export async function dial(target: SshTarget, settings: DialSettings): Promise<Connection> {
  const keys = target.hostKeys.map(parsePublicKey);
  const { NodeSSH } = await import('node-ssh');
  const sock = await openSocket(target, settings);
  const onAbort = (): void => void sock.destroy();
  settings.signal.addEventListener('abort', onAbort, { once: true });
  let refused: string | null = null;
  const ssh = new NodeSSH();
  try {
    await ssh.connect({
      sock,
      username: target.user,
      ...(target.privateKey === undefined ? {} : { privateKey: target.privateKey }),
      ...(target.privateKey === undefined && target.agent !== undefined ? { agent: target.agent } : {}),
      hostVerifier: (blob: Buffer): boolean => {
        if (keys.some((key) => key.blob.equals(blob))) return true;
        refused = fingerprint({ type: '', blob });
        return false;
      },
      algorithms: { serverHostKey: hostKeyAlgorithms(keys.map((key) => key.type)) },
      readyTimeout: settings.handshakeSeconds * 1000,
      keepaliveInterval: (settings.stallSeconds * 1000) / 4,
      keepaliveCountMax: Number.MAX_SAFE_INTEGER,
    });
  } catch (problem) {
    sock.destroy();
    if (settings.signal.aborted) throw abortReason(settings.signal);
    throw failureOf(problem as Error, refused);
  } finally {
    settings.signal.removeEventListener('abort', onAbort);
  }
  const client = ssh.connection;
  if (!client) throw new DialFailure('unreachable', 'the connection was closed right after the login');
  client.on('error', () => undefined);
  watchForStall(sock, settings.stallSeconds);
  return { client, hangUp: () => void sock.destroy() };
}
