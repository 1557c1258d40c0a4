import * as fs from 'node:fs';
import * as path from 'node:path';
import { doctor } from '../../src/cli/commands/doctor';
import { clouds } from '../../src/cloud';
import { leastPermissions } from '../../src/cloud/permissions';
import { examine, examineProvider } from '../../src/job/doctor';
import { tables } from '../cloud/tables';
import { runCommand } from '../_helpers/run-command';
import { useScratch } from '../_helpers/scratch';

const rented = Object.keys(clouds).filter((name) => name !== 'local');
const scratch = useScratch();

/** What somebody with an empty home is told to run, word for word. */
const commands: Readonly<Record<string, readonly string[]>> = {
  digitalocean: ['`doctl auth init`', '`export DIGITALOCEAN_TOKEN=…`'],
  aws: ['`aws configure sso`', '`aws configure`'],
  gcp: ['`gcloud auth application-default login`', '`gcloud config set project PROJECT`'],
  azure: ['https://aka.ms/installazurecli', 'az login'],
  alibaba: ['`aliyun configure`', '`export ALIBABA_CLOUD_ACCESS_KEY_ID=… ALIBABA_CLOUD_ACCESS_KEY_SECRET=…`'],
  tencent: ['`tccli configure`', '`export TENCENTCLOUD_SECRET_ID=… TENCENTCLOUD_SECRET_KEY=…`'],
  hetzner: ['`hcloud context create cvicast`', '`export HCLOUD_TOKEN=…`'],
};

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

  it('says what a machine on this computer can be made of: sshd, Docker, both, neither', async () => {
    const machine = (PATH: string) => found(PATH, 'local machine');
    const [sshd, docker, stopped] = ['sshd', 'docker', 'stopped'].map((name) => path.join(scratch(), name)) as [
      string,
      string,
      string,
    ];
    const daemon = program(sshd, 'sshd', 'exit 0');
    program(docker, 'docker', 'echo 27.1');
    program(stopped, 'docker', 'echo "Cannot connect to the Docker daemon" >&2; exit 1');
    expect(await machine([sshd, docker].join(path.delimiter))).toMatchObject({
      ...{ ok: true, found: `sshd (${daemon}), Docker 27.1` },
    });
    expect(await machine([sshd, stopped].join(path.delimiter))).toMatchObject({ ok: true, found: `sshd (${daemon})` });
    // The usual places of sshd are looked at too, where a computer that runs this may have one.
    const usual = ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find((file) => fs.existsSync(file));
    const besides = (text: string): string => [usual && `sshd (${usual})`, text].filter(Boolean).join(', ');
    expect(await machine(docker)).toMatchObject({ ok: true, found: besides('Docker 27.1') });
    expect(await machine(stopped)).toMatchObject({
      ...{ ok: usual !== undefined, needed: false, found: besides('') || 'neither sshd nor a Docker daemon' },
      fix: expect.stringContaining('sudo apt-get install openssh-server'),
    });
  });

  it('prints a line for each, below it the fix, and ends with 2 when something needed is missing', async () => {
    const user = { home: scratch(), env: { PATH: '/nonexistent', HOME: scratch() } };
    const here = await runCommand(doctor, { provider: undefined }, user);
    expect(here.code).toBe(2);
    expect(here.stdout).toMatch(/^MISSING engine {9}no Pulumi engine\n {8}fix: run scripts\/setup-engine, or install /);
    expect(here.stdout).toMatch(/^absent {2}python3\.10 {5}no working .*\n {8}fix: .*uv python install 3\.10/m);
    const cloud = await runCommand(doctor, { provider: 'hetzner' }, user);
    expect(cloud.stdout).toMatch(/^MISSING hetzner credentials missing: .*\n {8}fix: .*\n {8}least permissions /m);
    const { stdout } = await runCommand(doctor, { provider: 'hetzner' }, user, { json: true });
    expect((JSON.parse(stdout) as object[]).at(-1)).toEqual({
      ...{ name: 'hetzner credentials', ok: false, needed: true, found: expect.any(String), fix: expect.any(String) },
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
    expect(commands[name]!.filter((command) => !finding!.fix.includes(command))).toEqual([]);
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
