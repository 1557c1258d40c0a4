// The process of one stand-in: node --require scripts/run-typescript.js test/cloud/core/main.ts NAME; its options as JSON in STAND_IN_OPTIONS
import { tables } from '../tables';
import { Plugin } from './provider';
import { apiRoute, controlRoute, serveHttp } from './server';
import { LiveWorld } from './world';

async function main(name: string, options: Record<string, string>): Promise<void> {
  const table = tables[name];
  if (!table) throw new Error(`no stand-in named ${name}`);
  const world = new LiveWorld(table, options);
  const plugin = new Plugin(world);
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    plugin.stop();
    void world.stop().then(() => process.exit(0));
  };
  const control = await serveHttp(controlRoute(world, stop));
  world.controlPort = control.port;
  const api = await serveHttp(apiRoute(world));
  if (table.plugin !== null) await plugin.start();
  // Whoever started this holds the other end: when they are gone, so is the cloud.
  process.stdin.on('end', stop).on('error', stop).resume();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
  process.stdout.write(`${JSON.stringify({ plugin: plugin.port, api: api.port, control: control.port })}\n`);
}

void main(process.argv[2] ?? '', JSON.parse(process.env['STAND_IN_OPTIONS'] ?? '{}') as Record<string, string>);
