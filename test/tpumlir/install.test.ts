import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import {
  dockerInstall,
  installedVersions,
  installError,
  installSucceeded,
  networkSettings,
  remotePayload,
  toolchainKey,
  toolchainVersion,
  toolchainVersions,
  venvInstall,
  venvToolchain,
  type Install,
} from '../../src/tpumlir';

// The install scripts run for real; the programs that reach out (uv, docker, apt) are stand-ins on PATH.
jest.setTimeout(120_000);

const version = { ...toolchainVersion(), neededBytes: 1 };
const root = fs.mkdtempSync(path.join(os.tmpdir(), 'cvicast-install-'));
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

interface Place {
  readonly job: string;
  readonly folder: string;
  readonly bin: string;
}

let count = 0;
function place(): Place {
  const base = path.join(root, `${++count} with a space`);
  const made = {
    job: path.join(base, 'job'),
    folder: path.join(base, 'toolchains', 'key'),
    bin: path.join(base, 'bin'),
  };
  for (const folder of [made.job, made.bin]) fs.mkdirSync(folder, { recursive: true });
  return made;
}

function standIn({ bin }: Place, name: string, body: string): void {
  fs.writeFileSync(path.join(bin, name), `#!/bin/bash\n${body}\n`, { mode: 0o755 });
}

/** A uv that makes a venv of shell scripts. Each behaviour can be changed. */
function standInUv(where: Place, changes: { install?: string; venv?: string; python?: string } = {}): void {
  const tool = (name: string, says: string): string =>
    `printf '#!/bin/sh\\necho %s\\n' '${says}' >"$made/bin/${name}"; chmod +x "$made/bin/${name}"`;
  standIn(
    where,
    'uv',
    `case "$1 $2" in
      '--version '*) echo 'uv 0.0' ;;
      'python install') ${changes.python ?? 'echo no network >&2; exit 2'} ;;
      'pip install') ${changes.install ?? 'echo "$*" >"' + where.job + '/asked"'} ;;
      'venv --quiet') ${changes.venv ?? ':'}
        for made; do :; done
        mkdir -p "$made/bin"
        ${tool('python3', 'cvicast-versions: tpu_mlir=1.7 python=3.10.1')}
        ${tool('model_transform.py', '--model_def')}
        ${tool('model_tool', '--info')} ;;
    esac`,
  );
}

function run(install: Install, where: Place, env: NodeJS.ProcessEnv = {}): { output: string; status: number | null } {
  for (const file of [...remotePayload().filter(({ to }) => to.endsWith('.sh')), ...install.files]) {
    const to = path.join(where.job, file.to);
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.writeFileSync(to, 'path' in file.from ? fs.readFileSync(file.from.path) : file.from.bytes, { mode: file.mode });
  }
  const [program = '', ...rest] = install.argv;
  const ran = spawnSync(program, rest, {
    ...{ cwd: where.job, encoding: 'utf8', timeout: 100_000 },
    env: { PATH: `${where.bin}:/usr/local/bin:/usr/bin:/bin`, HOME: where.job, ...env },
  });
  return { output: ran.stdout + ran.stderr, status: ran.status };
}

/** The Python of any version that is here: the scripts only look at what it answers. */
const here = spawnSync('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], { encoding: 'utf8' });
const anyPython = { ...version, python: here.stdout.trim() };

function failure(where: Place, ofVersion = anyPython): string {
  const { output, status } = run(venvInstall(ofVersion, { folder: where.folder }), where);
  expect(status).toBe(1);
  expect(installSucceeded(output, status)).toBe(false);
  const error = installError(output, status);
  expect(error.exit).toBe('provider');
  // Whatever went wrong: nothing half-installed stays.
  const parent = path.dirname(where.folder);
  const left = fs.existsSync(parent) ? fs.readdirSync(parent).filter((name) => name !== 'key.lock') : [];
  expect(left.filter((name) => name.includes('part'))).toEqual([]);
  return error.code;
}

test('an install ends in its place, says what it installed, and the next one answers at once', () => {
  const where = place();
  standInUv(where);
  const install = venvInstall(anyPython, { folder: where.folder });
  const first = run(install, where);
  expect(first.output).toMatch(/cvicast-result: ready\n$/);
  expect(installSucceeded(first.output, first.status)).toBe(true);
  expect(installedVersions(first.output)).toEqual({ tpu_mlir: '1.7', python: '3.10.1' });
  expect(fs.readdirSync(path.dirname(where.folder)).sort()).toEqual(['key', 'key.lock']);
  const asked = fs.readFileSync(path.join(where.job, 'asked'), 'utf8');
  for (const pin of version.pins) expect(asked).toContain(` ${pin}`);
  expect(fs.readFileSync(path.join(where.folder, 'overrides.txt'), 'utf8').trim()).toBe(version.overrides.join('\n'));

  fs.rmSync(path.join(where.bin, 'uv'));
  const second = run(install, where);
  expect(second.output).toContain('toolchain is there');
  expect(installSucceeded(second.output, second.status)).toBe(true);
});

test('what runs no more is installed anew; what cvicast did not make is left alone', () => {
  const where = place();
  standInUv(where);
  const install = venvInstall(anyPython, { folder: where.folder });
  run(install, where);
  fs.writeFileSync(path.join(where.folder, 'bin/python3'), '#!/bin/false\n');
  expect(run(install, where).output).toContain('installing anew');

  const other = place();
  standInUv(other);
  fs.mkdirSync(other.folder, { recursive: true });
  fs.writeFileSync(path.join(other.folder, 'precious'), 'x');
  expect(failure(other)).toBe('folder-taken');
  expect(fs.readdirSync(other.folder)).toEqual(['precious']);
});

test('rests of an install that was killed are swept', () => {
  const where = place();
  standInUv(where);
  fs.mkdirSync(`${where.folder}.part-1/bin`, { recursive: true });
  run(venvInstall(anyPython, { folder: where.folder }), where);
  expect(fs.readdirSync(path.dirname(where.folder)).sort()).toEqual(['key', 'key.lock']);
});

test('a second install waits for the first', () => {
  const where = place();
  standInUv(where);
  // The stand-in installs by starting another install of the same folder, which finds the lock taken.
  const script = `timeout 2 bash remote/install_venv.sh --folder '${where.folder}' --key k --python 3.10 --bundled-glibc 2.35 --needed-kib 1; true`;
  standInUv(where, { install: script });
  const { output } = run(venvInstall(anyPython, { folder: where.folder }), where);
  expect(output).toContain('another install is under way: waiting for it');
  expect(output).toMatch(/cvicast-result: ready\n$/);
});

test.each([
  ['the disk is full', { install: 'echo "error: No space left on device (os error 28)"; exit 2' }, 'disk-full'],
  ['the index is out of reach', { install: 'echo "error: Failed to fetch: dns error"; exit 2' }, 'pip-unreachable'],
  ['the index lacks a version', { install: 'echo "no version of onnx==1.14.1"; exit 1' }, 'pip-refused'],
  ['the venv cannot be made', { venv: 'exit 3' }, 'toolchain-broken'],
])('%s', (_, changes, code) => {
  const where = place();
  standInUv(where, changes);
  expect(failure(where)).toBe(code);
});

test('no Python of that version: the error names the three ways to one', () => {
  const where = place();
  standInUv(where);
  const { output, status } = run(venvInstall({ ...version, python: '3.99' }, { folder: where.folder }), where);
  const error = installError(output, status);
  expect(error.code).toBe('python310-missing');
  for (const way of ['PATH', 'pyenv', 'uv python install 3.10']) expect(`${error.why} ${error.fix}`).toContain(way);
});

test('a pyenv shim that fails is passed over for the Python that is there', () => {
  const where = place();
  standInUv(where);
  standIn(where, `python${anyPython.python}`, 'echo "pyenv: command not found" >&2; exit 127');
  const { output } = run(venvInstall(anyPython, { folder: where.folder }), where);
  expect(output).toContain('cvicast: Python: /');
  expect(output).not.toContain(`Python: ${where.bin}`);
});

test('tools that do not run are found out before they are in place', () => {
  const where = place();
  standInUv(where);
  const uv = fs.readFileSync(path.join(where.bin, 'uv'), 'utf8').replace('--info', 'Illegal instruction');
  fs.writeFileSync(path.join(where.bin, 'uv'), uv);
  expect(failure(where)).toBe('toolchain-broken');
  expect(fs.existsSync(where.folder)).toBe(false);
});

test('another processor, and a disk that is too small, are refused before anything is fetched', () => {
  const arm = place();
  standIn(arm, 'uname', 'case "$1" in -m) echo aarch64 ;; *) echo Linux ;; esac');
  expect(failure(arm)).toBe('unsupported-machine');
  const small = place();
  standInUv(small);
  expect(failure(small, { ...anyPython, neededBytes: 1e18 })).toBe('disk-full');
  expect(fs.existsSync(path.join(small.job, 'asked'))).toBe(false);
});

test('network settings reach uv through a file of the owner, never through a command line', () => {
  const where = place();
  standInUv(where, { install: `echo "$UV_DEFAULT_INDEX|$SSL_CERT_FILE" >'${where.job}/seen'` });
  const env = {
    ...{ PIP_INDEX_URL: "https://me:se'cret@index.example/simple", PIP_CERT: '/etc/my ca.pem' },
    ...{ HOME: '/x', AWS_SECRET_ACCESS_KEY: 'x', UV_SYSTEM_PYTHON: '1', HTTPS_PROXY: '' },
  };
  const network = networkSettings(env);
  expect(Object.keys(network).sort()).toEqual(['PIP_CERT', 'PIP_INDEX_URL']);
  const install = venvInstall(anyPython, { folder: where.folder, network });
  expect(install.argv.join(' ')).not.toContain('cret');
  expect(install.files).toMatchObject([{ to: 'remote/network.env', mode: 0o600 }]);
  run(install, where);
  const seen = fs.readFileSync(path.join(where.job, 'seen'), 'utf8');
  expect(seen.trim()).toBe("https://me:se'cret@index.example/simple|/etc/my ca.pem");
});

test('uv comes by pip where there is none, and pip keeps nothing in the home of the user', () => {
  const where = place();
  standInUv(where);
  const uv = path.join(where.job, 'uv');
  fs.renameSync(path.join(where.bin, 'uv'), uv);
  // A Python whose venv has a pip that notes its setting and brings the uv above.
  const pip = `#!/bin/sh\necho "pip: no cache $PIP_NO_CACHE_DIR"\ncp '${uv}' "$(dirname "$0")/uv"\n`;
  fs.writeFileSync(path.join(where.job, 'pip'), pip, { mode: 0o755 });
  standIn(
    where,
    `python${anyPython.python}`,
    `[ "$1 $2" = '-m venv' ] || exit 0
    mkdir -p "$3/bin" && cp '${where.job}/pip' "$3/bin/python"`,
  );
  const { output, status } = run(venvInstall(anyPython, { folder: where.folder }), where);
  expect(installSucceeded(output, status)).toBe(true);
  expect(output).toContain('pip: no cache 1\n');
});

test('an install that was cut off without a word is told with its last words', () => {
  expect(installError('a\nlast line\n', null)).toMatchObject({ code: 'install-failed' });
  expect(installError('a\nlast line\n', null).why).toContain('last line');
  expect(installSucceeded('cvicast-result: ready\n', 1)).toBe(false);
});

test('a venv needs no shell to be used', () => {
  const argv = venvToolchain('/t').wrap(['model_tool', '--info', 'a b'], {
    cwd: '/job',
    env: { PYTHONPATH: 'remote' },
  });
  expect(argv.slice(0, 2)).toEqual(['env', expect.stringMatching(/^PATH=\/job\/remote\/bin:\/t\/bin:/)]);
  expect(argv.slice(-4)).toEqual(['PYTHONPATH=remote', 'model_tool', '--info', 'a b']);
});

describe('docker', () => {
  const job = 'cv-20261128-112830-7f3a9c';
  function docker(where: Place, pull: string, change = ''): Install {
    standIn(where, 'sleep', 'exit 0');
    standIn(
      where,
      'docker',
      `echo "$*" >>'${where.job}/asked'
      case "$1" in
        info) ${change === '' ? 'exit 0' : change} ;;
        image) exit 1 ;;
        inspect) exit 1 ;;
        pull) ${pull} ;;
        exec) echo 'cvicast-versions: tpu_mlir=1.7'; echo 'cvicast-result: ready' ;;
      esac`,
    );
    return dockerInstall(version, { job, jobFolder: where.job });
  }
  const asked = (where: Place): string[] => fs.readFileSync(path.join(where.job, 'asked'), 'utf8').trim().split('\n');

  test('pulls the image, starts a container as the login user, installs in it, and writes down what it pulled', () => {
    const where = place();
    const install = docker(where, 'exit 0');
    const { output, status } = run(install, where);
    expect(installSucceeded(output, status)).toBe(true);
    const ran = asked(where).find((line) => line.startsWith('run '));
    expect(ran).toContain(`--name cvicast-${job} --label cvicast-job=${job} `);
    expect(ran).toContain(`--volume ${where.job}:${where.job}`);
    const inside = asked(where).find((line) => line.startsWith('exec '));
    expect(inside).toContain(`--user 0 cvicast-${job} bash ${where.job}/remote/install_venv.sh --folder /opt/cvicast/`);
    const toolchain = install.toolchain(output);
    expect(ran).toContain(`--label cvicast-pulled=sophgo/tpuc_dev:v3.1 --user ${process.getuid!()}:`);
    expect(toolchain.wrap(['model_tool', 'x'], { cwd: '/j', env: { A: 'b' } })).toEqual([
      ...['docker', 'exec', '--workdir', '/j', '--env'],
      expect.stringMatching(/^PATH=\/j\/remote\/bin:\/opt\/cvicast\/toolchain\/bin:/),
      ...['--env', 'LC_ALL=C.UTF-8', '--env', 'PYTHONUNBUFFERED=1', '--env', 'A=b'],
      ...[`cvicast-${job}`, 'model_tool', 'x'],
    ]);
  });

  test.each([
    ['Error response: toomanyrequests: You have reached your pull rate limit', 'image-rate-limited', 1],
    ['received unexpected HTTP status: 429 Too Many Requests', 'image-rate-limited', 5],
    ['dial tcp: lookup registry-1.docker.io: no such host', 'image-unreachable', 5],
    ['manifest unknown: manifest unknown', 'image-missing', 1],
    ['write /x: no space left on device', 'disk-full', 1],
  ])('%s: %s, after %i pulls', (says, code, pulls) => {
    const where = place();
    const { output, status } = run(docker(where, `echo '${says}' >&2; exit 1`), where);
    expect(installError(output, status).code).toBe(code);
    expect(asked(where).filter((line) => line.startsWith('pull '))).toHaveLength(pulls);
    expect(asked(where).some((line) => line.startsWith('run '))).toBe(false);
  });

  test('a mirror is pulled from and given the usual name', () => {
    const where = place();
    docker(where, 'exit 0');
    const { output } = run(
      dockerInstall(version, { job, jobFolder: where.job, imageMirror: 'https://m.example:5000/hub/' }),
      where,
    );
    expect(output).toContain('pulling m.example:5000/hub/sophgo/tpuc_dev:v3.1');
    expect(asked(where)).toContain('tag m.example:5000/hub/sophgo/tpuc_dev:v3.1 sophgo/tpuc_dev:v3.1');
    for (const mirror of ['--privileged', 'a b', '$(x)', 'UPPER/x', '', 'host:999999']) {
      expect(() => dockerInstall(version, { job, jobFolder: '/j', imageMirror: mirror })).toThrow(
        expect.objectContaining({ code: 'bad-image-mirror' }) as Error,
      );
    }
  });

  test('a daemon that only root reaches is reached through sudo, then by every step', () => {
    const where = place();
    const install = docker(where, 'exit 0', '[ "$CVICAST_TEST_ROOT" = yes ]');
    standIn(where, 'sudo', 'shift; CVICAST_TEST_ROOT=yes exec "$@"');
    const { output, status } = run(install, where);
    expect(installSucceeded(output, status)).toBe(true);
    expect(install.toolchain(output).wrap(['x'], { cwd: '/j' }).slice(0, 3)).toEqual(['sudo', '-n', 'docker']);
  });

  /** A machine without Docker, whose PATH holds nothing but stand-ins and what the script itself is made of. */
  function bare(where: Place, aptGet: string): Install {
    for (const name of ['bash', 'mv', 'tail', 'true', 'uname'])
      fs.symlinkSync(spawnSync('which', [name], { encoding: 'utf8' }).stdout.trim(), path.join(where.bin, name));
    docker(where, 'exit 0');
    const install = dockerInstall(version, { job, jobFolder: where.job, systemPackages: true });
    fs.renameSync(path.join(where.bin, 'docker'), path.join(where.bin, 'docker-to-come'));
    standIn(where, 'id', 'echo 1000');
    standIn(where, 'sudo', 'shift; exec "$@"');
    standIn(where, 'apt-get', `echo "$*" >>'${where.job}/apt'\n${aptGet}`);
    return install;
  }
  const installs = (where: Place): string[] =>
    fs
      .readFileSync(path.join(where.job, 'apt'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.replace(/^.* (update|install )/, '$1'));

  test('without Docker it installs it, waiting for the lock of an apt that is at work', () => {
    const where = place();
    const busy = 'Could not get lock /var/lib/apt/lists/lock. It is held by process 1 (apt-get)';
    const install = bare(
      where,
      `case "$*" in
        *update*)
          echo x >>'${where.job}/tries'
          mapfile -t tries <'${where.job}/tries'
          [ "\${#tries[@]}" -gt 4 ] || { echo 'E: ${busy}' >&2; exit 100; } ;;
        *'install docker.io'*) mv '${where.bin}/docker-to-come' '${where.bin}/docker' ;;
      esac`,
    );
    const { output, status } = run(install, where, { PATH: where.bin });
    expect(output.match(/apt is busy/g)).toHaveLength(4);
    expect(installs(where)).toEqual([...Array<string>(5).fill('update'), 'install docker.io']);
    expect(installSucceeded(output, status)).toBe(true);
  });

  test('an apt that fails for another reason is asked three times, and its last words are told', () => {
    const where = place();
    const { output, status } = run(bare(where, 'echo "E: Failed to fetch: 404" >&2; exit 100'), where, {
      PATH: where.bin,
    });
    expect(installs(where)).toEqual(['update', 'update', 'update']);
    expect(output).toContain('Failed to fetch');
    expect(installError(output, status).code).toBe('apt-failed');
  });

  test('a machine that somebody owns gets no Docker installed', () => {
    const where = place();
    const install = dockerInstall(version, { job, jobFolder: where.job });
    standIn(where, 'apt-get', `echo "$*" >>'${where.job}/asked'`);
    standIn(where, 'sudo', 'shift; exec "$@"');
    // A PATH without Docker, whatever this computer has.
    for (const name of ['bash', 'uname', 'id', 'tail', 'sleep', 'seq'])
      fs.symlinkSync(`/usr/bin/${name}`, path.join(where.bin, name));
    const { output, status } = run(install, where, { PATH: where.bin });
    expect(installError(output, status)).toMatchObject({ code: 'docker-missing', exit: 'provider' });
    expect(installError(output, status).fix).toContain('--toolchain venv');
    expect(fs.existsSync(path.join(where.job, 'asked'))).toBe(false);
  });

  test('a daemon that never answers ends in an error', () => {
    const where = place();
    const install = docker(where, 'exit 0', 'exit 1');
    standIn(where, 'sudo', 'exit 1');
    standIn(where, 'systemctl', 'exit 1');
    standIn(where, 'service', 'exit 1');
    const { output, status } = run(install, where);
    expect(installError(output, status).code).toBe('docker-unavailable');
  });
});

test('the key changes with whatever would be installed, and with nothing else', () => {
  const key = toolchainKey(version);
  expect(key).toMatch(/^tpumlir-1\.7-[0-9a-f]{12}$/);
  expect(toolchainKey({ ...version, neededBytes: 5 })).toBe(key);
  expect(toolchainKey({ ...version, pins: [...version.pins, 'six==1.16.0'] })).not.toBe(key);
  expect(new Set(toolchainVersions().map(toolchainKey)).size).toBe(toolchainVersions().length);
  expect(() => toolchainVersion('1.8')).toThrow(
    expect.objectContaining({ code: 'unknown-toolchain-version' }) as Error,
  );
});
