import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf, UserError } from '../errors';
import { homeFolder } from '../paths';
import { findEngine, noteVersion, ownBinary, versionOf } from './find';
import type { EngineFound } from './types';
import { engineVersion, isUsableVersion } from './version';

/** Where Pulumi's own installer takes its archives from (seen in its install script, November 2026). */
const releases = 'https://get.pulumi.com/releases/sdk';
/** Until the download host has begun to answer: where it is out of reach, the next way should not wait long. */
const answerMilliseconds = 15_000;
const downloadMilliseconds = 10 * 60_000;
const buildMilliseconds = 30 * 60_000;
/** With less, a compiler would be at its limit, and so gather garbage, most of the time. */
const leastCompilerMegabytes = 1024;
/**
 * The engine's Go modules with their versions and hashes: nothing else is built in, and Go need not ask each module for its own
 * list first, which takes minutes. For another engine: `go mod init engine`, `go get github.com/pulumi/pulumi/pkg/v3/cmd/pulumi@vVERSION`,
 * and in go.mod the newest Go that one of them asks for.
 */
const modules = path.join(__dirname, 'modules');
/** The engine's modules say so in their go.mod. */
const leastGo = [1, 24] as const;

export interface InstallOptions {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** Told what is being done and about how long it takes. */
  readonly say: (line: string) => void;
  /** Another place for the archives than Pulumi's own. */
  readonly releases?: string;
}

/**
 * Finds the engine, or installs the pinned version into cvicast's own folder: Pulumi's own archive, else a build from its
 * Go modules. Safe to call twice and by two at once: each makes it aside, and the whole folder is renamed into place.
 *
 * Throws `UserError` `engine-missing` that tells what was tried and why it failed.
 */
export async function ensureEngine(options: InstallOptions): Promise<EngineFound> {
  const found = await findEngine(options);
  if (found !== null) return found;
  const engineFolder = homeFolder.engine(options.home);
  const aside = path.join(engineFolder, `bin.${randomBytes(4).toString('hex')}`);
  const failures: string[] = [];
  try {
    for (const way of [download, buildFromModules]) {
      fs.rmSync(aside, { recursive: true, force: true });
      fs.mkdirSync(aside, { recursive: true });
      try {
        await way(options, aside);
        const binary = path.join(aside, path.basename(ownBinary(options.home)));
        const version = await versionOf(binary, options.env);
        if (version === null || !isUsableVersion(version))
          throw failed(`what came does not run as version ${engineVersion}`);
        noteVersion(binary, version);
        putInPlace(aside, path.dirname(ownBinary(options.home)));
        options.say(`Pulumi engine ${version} is in ${engineFolder}`);
        return { binary: ownBinary(options.home), version, foundIn: 'cvicast' };
      } catch (thrown) {
        failures.push(messageOf(thrown));
        options.say(messageOf(thrown));
      }
    }
  } finally {
    fs.rmSync(aside, { recursive: true, force: true });
  }
  throw new UserError({
    code: 'engine-missing',
    what: 'The Pulumi engine is missing and could not be installed',
    why: failures.join('; '),
    fix: `install Pulumi ${engineVersion} (https://www.pulumi.com/docs/install/), or Go ${leastGo.join('.')} or newer, and run the command again`,
    exit: 'provider',
  });
}

function failed(why: string): UserError {
  return new UserError({
    code: 'engine-install',
    what: 'Installing the Pulumi engine',
    why,
    fix: '',
    exit: 'provider',
  });
}

/** A folder cannot be renamed over another: an older engine of ours is moved away first. */
function putInPlace(aside: string, folder: string): void {
  const old = `${folder}.old-${randomBytes(4).toString('hex')}`;
  try {
    fs.renameSync(folder, old);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
  }
  fs.renameSync(aside, folder);
  fs.rmSync(old, { recursive: true, force: true });
}

/** Pulumi's archive for this system: the engine with its language hosts. */
async function download(options: InstallOptions, folder: string): Promise<void> {
  const system = { linux: 'linux', darwin: 'darwin' }[process.platform as string];
  const processor = { x64: 'x64', arm64: 'arm64' }[process.arch as string];
  if (system === undefined || processor === undefined) {
    throw failed(`Pulumi's archive for ${process.platform} on ${process.arch} is not one that cvicast unpacks`);
  }
  const url = `${options.releases ?? releases}/pulumi-v${engineVersion}-${system}-${processor}.tar.gz`;
  options.say(`downloading the Pulumi engine ${engineVersion} (about 150 MB)`);
  const archive = path.join(folder, 'archive.tar.gz');
  const patience = new AbortController();
  const early = setTimeout(() => patience.abort(), answerMilliseconds);
  try {
    const answer = await fetch(url, {
      signal: AbortSignal.any([patience.signal, AbortSignal.timeout(downloadMilliseconds)]),
    });
    clearTimeout(early);
    if (!answer.ok || answer.body === null) throw failed(`the download host answers ${answer.status}`);
    await pipeline(Readable.fromWeb(answer.body as never), fs.createWriteStream(archive));
  } catch (thrown) {
    throw thrown instanceof UserError ? thrown : failed(`the download host is out of reach (${causeOf(thrown)})`);
  } finally {
    clearTimeout(early);
  }
  await run('tar', ['-xzf', archive, '-C', folder, '--strip-components=1'], folder, options.env, downloadMilliseconds);
  fs.rmSync(archive);
}

function causeOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return messageOf(cause ?? thrown);
}

/** Builds the engine from its Go modules. Language hosts and provider plugins do not come this way. */
async function buildFromModules(options: InstallOptions, folder: string): Promise<void> {
  const { env } = options;
  const go = await run('go', ['env', 'GOVERSION'], folder, env, answerMilliseconds).catch(() => {
    throw failed('Go is not installed, so the engine cannot be built from its modules');
  });
  const [, major = '0', minor = '0'] = /go(\d+)\.(\d+)/.exec(go) ?? [];
  if (Number(major) < leastGo[0] || (Number(major) === leastGo[0] && Number(minor) < leastGo[1])) {
    throw failed(`${go.trim()} is too old to build the engine (Go ${leastGo.join('.')} or newer)`);
  }
  options.say(`building the Pulumi engine ${engineVersion} from its Go modules (two to four minutes)`);
  const build = fs.mkdtempSync(path.join(os.tmpdir(), 'cvicast-engine-'));
  try {
    const command = 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi';
    const version = `github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${engineVersion}`;
    const binary = path.join(folder, path.basename(ownBinary(options.home)));
    for (const file of ['go.mod', 'go.sum']) fs.copyFileSync(path.join(modules, file), path.join(build, file));
    // Nothing is compiled that the linker would strip, and nothing in C: a tenth less to do, and no C compiler needed.
    const flags = ['-mod=readonly', '-gcflags=all=-dwarf=false', '-ldflags', `-s -w -X ${version}`];
    const settings = { ...env, CGO_ENABLED: '0', ...compilerMemory() };
    await run('go', ['build', ...flags, '-o', binary, command], build, settings, buildMilliseconds);
  } finally {
    fs.rmSync(build, { recursive: true, force: true });
  }
}

/**
 * The compiler, of which one runs on each core, gathers its garbage only when it holds its share of half the free memory:
 * a fifth less to do (175 CPU-seconds in place of 215). Left alone where that share is small.
 */
function compilerMemory(): NodeJS.ProcessEnv {
  const share = Math.floor(os.freemem() / 2 / os.availableParallelism() / 2 ** 20);
  return share < leastCompilerMegabytes ? {} : { GOGC: 'off', GOMEMLIMIT: `${share}MiB` };
}

function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  timeout: number,
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, env, timeout, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else
        reject(
          failed(
            `\`${program} ${args[0] ?? ''}\` failed: ${stderr.trim().split('\n').slice(-3).join('; ') || error.message}`,
          ),
        );
    });
  });
}
