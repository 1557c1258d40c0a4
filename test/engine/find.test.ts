import * as fs from 'node:fs';
import * as path from 'node:path';
import { findEngine, noteVersion, ownBinary } from '../../src/engine/find';
import { engineVersion, isUsableVersion } from '../../src/engine/version';
import { useHome } from '../_helpers/home';

const home = useHome();

function makeEngine(file: string, prints: string): string {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.rmSync(file, { force: true });
  fs.writeFileSync(file, `#!/bin/sh\n${prints}\n`, { mode: 0o755 });
  return file;
}

test.each([
  ['3.220.0', true],
  ['v3.220.1', true],
  ['3.221.0-dev.5', true],
  ['3.219.9', false],
  ['4.0.0', false],
  ['2.300.0', false],
  ['', false],
  ['unknown', false],
])('version %j is usable: %s', (version, usable) => {
  expect(isUsableVersion(version)).toBe(usable);
});

test('the Automation API is of the same version as the engine', () => {
  const text = fs.readFileSync(path.join(__dirname, '../../package.json'), 'utf8');
  const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> };
  expect(dependencies['@pulumi/pulumi']).toBe(engineVersion);
});

test('the first usable engine on PATH comes before our own; old and broken ones are passed over', async () => {
  const at = (name: string) => path.join(home().path, name, 'pulumi');
  const own = makeEngine(ownBinary(home().path), 'echo v3.220.0');
  makeEngine(at('old'), 'echo v3.100.0');
  makeEngine(at('broken'), 'exit 1');
  const usable = makeEngine(at('usable'), 'echo v3.225.0');
  const find = (...names: string[]) =>
    findEngine({
      env: { PATH: [...names.map((name) => path.join(home().path, name)), '/bin', 'relative'].join(':') },
      home: home().path,
    });

  expect(await find('old', 'broken', 'usable')).toEqual({ binary: usable, version: '3.225.0', foundIn: 'PATH' });
  expect(await find('old', 'broken')).toEqual({ binary: own, version: '3.220.0', foundIn: 'cvicast' });
  fs.rmSync(own);
  expect(await find('old', 'broken')).toBeNull();
});

test('an engine that is asked for its version is out of reach of the terminal’s Ctrl-C', async () => {
  const own = makeEngine(ownBinary(home().path), 'echo "v3.220.0-$(cut -d" " -f5 /proc/$$/stat)"');
  const found = await findEngine({ env: { PATH: '/usr/bin:/bin' }, home: home().path });
  const group = Number(found!.version.split('-')[1]);
  const ours = Number(fs.readFileSync('/proc/self/stat', 'utf8').split(' ')[4]);
  expect(found!.binary).toBe(own);
  expect(group).not.toBe(ours);
});

test('an engine is asked for its version once, until it is another file', async () => {
  const asked = path.join(home().path, 'asked');
  const own = ownBinary(home().path);
  const find = () => findEngine({ env: { PATH: '/usr/bin:/bin' }, home: home().path });
  makeEngine(own, `echo asked >>${asked}; echo v3.220.0`);
  await find();
  await find();
  expect(fs.readFileSync(asked, 'utf8')).toBe('asked\n');
  makeEngine(own, 'echo v3.225.0 # a newer one');
  expect(await find()).toMatchObject({ version: '3.225.0' });
});

test('what an install has noted is believed of that very file, by all but those who ask afresh', async () => {
  const own = makeEngine(path.join(home().path, 'elsewhere/pulumi'), 'echo v3.230.0');
  fs.mkdirSync(path.dirname(ownBinary(home().path)), { recursive: true });
  fs.rmSync(ownBinary(home().path), { force: true });
  fs.symlinkSync(own, ownBinary(home().path));
  noteVersion(own, '3.225.0');
  const find = (afresh = false) => findEngine({ env: { PATH: '/usr/bin:/bin' }, home: home().path, afresh });
  expect(await find()).toMatchObject({ version: '3.225.0' });
  expect(await find(true)).toMatchObject({ version: '3.230.0' });
  fs.writeFileSync(`${own}.json`, 'torn');
  makeEngine(own, 'echo v3.226.0 # another');
  expect(await find()).toMatchObject({ version: '3.226.0' });
  noteVersion(own, '3.225.0');
  makeEngine(own, 'echo v3.227.0 # yet another');
  expect(await find()).toMatchObject({ version: '3.227.0' });
});
