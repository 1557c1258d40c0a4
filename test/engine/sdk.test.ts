import { spawnSync } from 'node:child_process';
import * as path from 'node:path';

const root = path.resolve(__dirname, '../..');

/** What a process of its own prints as JSON: jest's modules are not node's. */
function inNode(script: string): unknown {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--require', './scripts/run-typescript.js', '--eval', script],
    { cwd: root, encoding: 'utf8' },
  );
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

const loaded = `Object.keys(require.cache).filter((file) => /node_modules.(typescript|@npmcli.arborist)./.test(file)).length`;

test('the engine is driven without the TypeScript compiler and npm being loaded', () => {
  expect(inNode(`require('./src/engine/stack'); console.log(${loaded})`)).toBe(0);
});

test('who needs them has them: the SDK still turns a function into source text', () => {
  const script = `
    require('./src/engine/stack');
    const { serializeFunction } = require('@pulumi/pulumi').runtime;
    const three = 3;
    serializeFunction(function () { return three; }).then(({ text }) => console.log(JSON.stringify([/return three/.test(text), ${loaded} > 0])));`;
  expect(inNode(script)).toEqual([true, true]);
});
