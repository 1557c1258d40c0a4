import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import * as path from 'node:path';
import { ownBinary } from '../../src/engine/find';
import { ensureEngine } from '../../src/engine/install';
import { engineVersion } from '../../src/engine/version';
import { useHome } from '../_helpers/home';

jest.setTimeout(120_000);
const home = useHome();
let server: http.Server | null = null;

beforeEach(() => fs.rmSync(path.join(home().path, 'pulumi'), { recursive: true, force: true }));
afterEach(() => {
  server?.close();
  server = null;
});

async function serve(answer: http.RequestListener): Promise<string> {
  server = http.createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server?.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function program(folder: string, name: string, script: string): void {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** Programs that are there: the system's own, and those of the test. */
const tools = () => path.join(home().path, 'tools');
const ensure = (releases: string, said: string[] = []) =>
  ensureEngine({
    home: home().path,
    env: { PATH: `${tools()}:/bin:/usr/bin`, HOME: home().path },
    say: (line) => said.push(line),
    releases,
  });

test("Pulumi's archive is unpacked into our own folder, and a second call finds it there", async () => {
  const archive = path.join(home().path, 'archive.tar.gz');
  program(path.join(home().path, 'source', 'pulumi'), 'pulumi', `echo v${engineVersion}`);
  execFileSync('tar', ['-czf', archive, '-C', path.join(home().path, 'source'), 'pulumi']);
  const asked: string[] = [];
  const url = await serve((request, response) => {
    asked.push(request.url ?? '');
    fs.createReadStream(archive).pipe(response);
  });
  const wanted = { binary: ownBinary(home().path), version: engineVersion, foundIn: 'cvicast' };
  expect(await ensure(url)).toEqual(wanted);
  expect(await ensure(url)).toEqual(wanted);
  const note = JSON.parse(fs.readFileSync(`${wanted.binary}.json`, 'utf8')) as { version: string };
  expect(note.version).toBe(engineVersion);
  expect(asked).toEqual([expect.stringContaining(`pulumi-v${engineVersion}-`)]);
  expect(fs.readdirSync(path.join(home().path, 'pulumi'))).toEqual(['bin']);
});

test('where the download fails it is built from its Go modules', async () => {
  const url = await serve((_request, response) => response.writeHead(403).end());
  program(
    tools(),
    'go',
    `case "$1" in env) echo go1.26.1;; build) [ -s go.mod ] && [ -s go.sum ] || exit 1; while [ "$1" != -o ]; do case "$1" in *version.Version=v*) v="\${1##*=}";; esac; shift; done; printf '#!/bin/sh\\necho %s\\n' "$v" > "$2"; chmod +x "$2";; esac`,
  );
  const said: string[] = [];
  expect(await ensure(url, said)).toMatchObject({ version: engineVersion });
  expect(said.join('\n')).toMatch(/403[\s\S]*Go modules/);
});

test('the Go modules are those of the version that is pinned', () => {
  const list = fs.readFileSync(path.resolve(__dirname, '../../src/engine/modules/go.mod'), 'utf8');
  for (const part of ['pkg', 'sdk'])
    expect(list).toMatch(new RegExp(`pulumi/pulumi/${part}/v3 v${engineVersion}( |$)`, 'm'));
});

test.each([
  ['echo go1.21.0', 'too old'],
  ['exit 1', 'not installed'],
  ['case "$1" in env) echo go1.26.1;; *) echo broken proxy >&2; exit 1;; esac', 'broken proxy'],
])('no way works (go: %s): the error tells each reason, and nothing half-made stays', async (script, reason) => {
  const url = await serve((_request, response) => response.destroy());
  program(tools(), 'go', script);
  await expect(ensure(url)).rejects.toMatchObject({
    code: 'engine-missing',
    why: expect.stringMatching(new RegExp(`out of reach[\\s\\S]*${reason}`)) as unknown,
  });
  expect(fs.readdirSync(path.join(home().path, 'pulumi'))).toEqual([]);
});
