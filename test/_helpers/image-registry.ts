import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as http from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export interface Registry {
  /** HOST:PORT, as `--image-mirror` takes it; Docker speaks plain HTTP to loopback. */
  readonly address: string;
  /** Paths that were asked for. */
  readonly asked: string[];
  stop(): Promise<void>;
}

const types = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
};

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of fs.createReadStream(file)) hash.update(piece as Buffer);
  return `sha256:${hash.digest('hex')}`;
}

function blob(content: object): { bytes: Buffer; digest: string } {
  const bytes = Buffer.from(JSON.stringify(content));
  return { bytes, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` };
}

async function listen(handle: http.RequestListener): Promise<Registry> {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(request.url ?? '');
    handle(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A registry that holds one image of one layer (a tar file), by whatever name it is asked for. */
export async function serveImage(layer: string, environment: readonly string[]): Promise<Registry> {
  const layerDigest = await digestOf(layer);
  const config = blob({
    architecture: 'amd64',
    os: 'linux',
    config: { Env: environment },
    rootfs: { type: 'layers', diff_ids: [layerDigest] },
    history: [{ created_by: 'a tree' }],
  });
  const manifest = blob({
    schemaVersion: 2,
    mediaType: types.manifest,
    config: { mediaType: types.config, size: config.bytes.length, digest: config.digest },
    layers: [{ mediaType: types.layer, size: fs.statSync(layer).size, digest: layerDigest }],
  });
  return listen((request, response) => {
    const [, kind, reference] = /^\/v2\/.+\/(manifests|blobs)\/([^/]+)$/.exec(request.url ?? '') ?? [];
    if (request.url === '/v2/') response.end('{}');
    else if (kind === 'manifests') {
      response.writeHead(200, {
        'content-type': types.manifest,
        'content-length': manifest.bytes.length,
        'docker-content-digest': manifest.digest,
      });
      response.end(request.method === 'HEAD' ? undefined : manifest.bytes);
    } else if (reference === config.digest) response.end(config.bytes);
    else if (reference === layerDigest) fs.createReadStream(layer).pipe(response);
    else response.writeHead(404).end();
  });
}

/** A registry that refuses every pull as Docker Hub refuses an address that pulled too often. */
export function serveRateLimit(): Promise<Registry> {
  return listen((request, response) => {
    if (request.url === '/v2/') return response.end('{}');
    const message = 'You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit';
    response.writeHead(429, { 'content-type': 'application/json' });
    return response.end(JSON.stringify({ errors: [{ code: 'TOOMANYREQUESTS', message }] }));
  });
}
