import * as fs from 'node:fs';
import * as path from 'node:path';
import { clouds } from '../../src/cloud';
import { leastPermissions } from '../../src/cloud/permissions';
import { examine, examineProvider } from '../../src/job/doctor';
import { tables } from '../cloud/tables';
import { useScratch } from '../_helpers/scratch';

const rented = Object.keys(clouds).filter((name) => name !== 'local');
const scratch = useScratch();

function program(folder: string, name: string, text: string): string {
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, name);
  fs.writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return file;
}

describe('doctor', () => {
  const found = async (PATH: string, name: string) => {
    const env = { PATH, HOME: scratch() };
    return (await examine({ home: scratch(), env })).find((one) => one.name === name);
  };

  it('says what is missing, each with its fix', async () => {
    expect(await found(scratch(), 'engine')).toMatchObject({ ok: false, fix: expect.stringContaining('setup-engine') });
    expect(await found(scratch(), 'python3.10')).toMatchObject({
      ok: false,
      fix: expect.stringContaining('uv python install 3.10'),
    });
  });

  it('finds a good Python 3.10 behind a pyenv shim that fails', async () => {
    const [shims, good] = [path.join(scratch(), 'shims'), path.join(scratch(), 'good')];
    program(shims, 'python3.10', 'echo "pyenv: python3.10: command not found" >&2; exit 127');
    const file = program(good, 'python3.10', 'echo Python 3.10.14');
    const PATH = [shims, good].join(path.delimiter);
    expect(await found(PATH, 'python3.10')).toMatchObject({ ok: true, found: `Python 3.10.14 (${file})` });
  });
});

describe.each(rented)('doctor --provider %s', (name) => {
  it('says in an empty home what is missing and the command that mends it', async () => {
    const env = { PATH: '/nonexistent', HOME: scratch() };
    const [finding] = await examineProvider(name, { home: scratch(), env });
    expect(finding).toMatchObject({ ok: false, needed: true, found: expect.stringContaining('missing: ') });
    expect(finding!.fix).toMatch(/\w+ \w+/);
  });

  it('says where credentials were found, and never what they are', async () => {
    const env = {
      PATH: '/nonexistent',
      HOME: scratch(),
      ...tables[name]!.environment('http://x', scratch(), 'S3CRET'),
    };
    const [finding] = await examineProvider(name, { home: scratch(), env });
    expect(finding).toMatchObject({ ok: true, found: expect.stringMatching(/\w/) });
    expect(JSON.stringify(finding)).not.toContain('S3CRET');
  });

  it('names the permissions that the page of the cloud holds', () => {
    const page = fs.readFileSync(path.join(__dirname, `../../docs/providers/${name}.md`), 'utf8');
    const section = page.split('## Least permissions\n')[1]!.split('\n## ')[0]!;
    const named = section.matchAll(
      /`(\w+:\w+)`|^ {2}- ([a-zA-Z.]+)$|"(Microsoft\.[\w./*]+)"|"([a-z0-9]+:[A-Z][A-Za-z*]+)"|need.*(read and write)|, and (read and write)\./gm,
    );
    const there = new Set([...named].map((match) => match.slice(1).find(Boolean)));
    expect(new Set(leastPermissions[name])).toEqual(there);
  });
});
