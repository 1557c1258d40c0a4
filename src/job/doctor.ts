import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { findCloud } from '../cloud';
import { findEngine } from '../engine/find';
import { engineVersion } from '../engine/version';
import { homeFolder } from '../paths';
import { defaultVersion, toolchainKey, toolchainVersion } from '../tpumlir';
import type { PrepareContext } from './prepare';

/** One thing that cvicast needs, found or not, with the command that mends it. */
export interface Finding {
  readonly name: string;
  readonly ok: boolean;
  /** Whether a conversion cannot do without it. */
  readonly needed: boolean;
  readonly found: string;
  readonly fix: string;
}

/** The first line that a program prints, or null when it does not run. */
function firstLine(program: string, argv: readonly string[], env: NodeJS.ProcessEnv): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(program, argv, { env, timeout: 10_000 }, (error, stdout, stderr) => {
      resolve(error === null ? ((stdout || stderr).trim().split('\n')[0] ?? '') : null);
    });
  });
}

async function engine({ home, env }: PrepareContext): Promise<Finding> {
  const found = await findEngine({ env, home, afresh: true });
  return {
    name: 'engine',
    ok: found !== null,
    needed: true,
    found: found === null ? 'no Pulumi engine' : `Pulumi ${found.version} (${found.binary})`,
    fix: `run scripts/setup-engine, or install Pulumi ${engineVersion}; \`convert\` also does it by itself`,
  };
}

/** Where the installer looks too (install_venv.sh): every python3.10 on PATH, for a pyenv shim that fails may hide a good one. */
function pythonPlaces(env: NodeJS.ProcessEnv): string[] {
  const home = env['HOME'] ?? '/';
  const within = (folder: string, beginning: string): string[] =>
    (fs.existsSync(folder) ? fs.readdirSync(folder) : [])
      .filter((name) => name.startsWith(beginning))
      .map((name) => path.join(folder, name, 'bin', 'python3.10'));
  return [
    ...['python3.10', 'python3'].flatMap((name) =>
      (env['PATH'] ?? '').split(path.delimiter).map((folder) => path.join(folder, name)),
    ),
    ...within(path.join(env['PYENV_ROOT'] ?? path.join(home, '.pyenv'), 'versions'), '3.10'),
    ...within(path.join(home, '.pyenv', 'versions'), '3.10'),
    ...within(path.join(home, '.local/share/uv/python'), 'cpython-3.10'),
  ].filter((file) => fs.existsSync(file));
}

async function python({ env }: PrepareContext): Promise<Finding> {
  for (const place of pythonPlaces(env)) {
    const version = await firstLine(place, ['--version'], env);
    if (version?.startsWith('Python 3.10.'))
      return { name: 'python3.10', ok: true, needed: false, found: `${version} (${place})`, fix: '' };
  }
  return {
    name: 'python3.10',
    ok: false,
    needed: false,
    found: 'no working CPython 3.10 on PATH or in ~/.pyenv/versions',
    fix: 'only --provider local and --host need it: `uv python install 3.10`, `pyenv install 3.10`, or the package python3.10 with python3.10-venv',
  };
}

async function machine({ env }: PrepareContext): Promise<Finding> {
  const docker = await firstLine('docker', ['info', '--format', '{{.ServerVersion}}'], env);
  const sshd = [...(env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/usr/local/sbin']
    .map((folder) => path.join(folder, 'sshd'))
    .find((file) => fs.existsSync(file));
  const found = [sshd === undefined ? null : `sshd (${sshd})`, docker === null ? null : `Docker ${docker}`].filter(
    (one) => one !== null,
  );
  return {
    name: 'local machine',
    ok: found.length > 0,
    needed: false,
    found: found.join(', ') || 'neither sshd nor a Docker daemon',
    fix: 'only --provider local needs one: install the package openssh-server (Debian, Ubuntu: sudo apt-get install openssh-server)',
  };
}

function toolchain({ home }: PrepareContext): Finding {
  const version = toolchainVersion(defaultVersion);
  const folder = path.join(homeFolder.toolchains(home), toolchainKey(version));
  const there = fs.existsSync(folder);
  return {
    name: 'toolchain',
    ok: there,
    needed: false,
    found: there ? `TPU-MLIR ${version.name} (${folder})` : `TPU-MLIR ${version.name} is not installed here yet`,
    fix: 'nothing to do: the first conversion with --provider local installs it; rented machines install their own',
  };
}

/** Everything that a conversion needs on this computer. */
export async function examine(context: PrepareContext): Promise<Finding[]> {
  return [await engine(context), await machine(context), await python(context), toolchain(context)];
}

/** Credentials for a cloud: where they were found, what is missing, and the command that mends it. Never a value. */
export async function examineProvider(provider: string, context: PrepareContext): Promise<Finding[]> {
  const cloud = findCloud(provider);
  const credentials = await cloud.credentials({ env: context.env, homeFolder: context.env['HOME'] ?? context.home });
  return [
    {
      name: `${cloud.name} credentials`,
      ok: credentials.found,
      needed: true,
      found: credentials.found ? credentials.where : `missing: ${credentials.missing.join(', ')}`,
      fix: credentials.fix,
    },
  ];
}
