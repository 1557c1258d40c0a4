import * as fs from 'node:fs';
import * as path from 'node:path';
import { runAside } from '../aside';
import { homeFolder } from '../paths';
import type { EngineFound } from './types';
import { isUsableVersion } from './version';

const binaryName = process.platform === 'win32' ? 'pulumi.exe' : 'pulumi';
const answerMilliseconds = 60_000;
/** What engines said of themselves in this process, by what tells one file from the next. */
const versions = new Map<string, string>();

/** Where cvicast keeps an engine of its own. */
export function ownBinary(home: string): string {
  return path.join(homeFolder.engine(home), 'bin', binaryName);
}

/** The version that a binary prints, without its `v`; null when it is no Pulumi engine that runs here. */
export async function versionOf(binary: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  const { ok, stdout } = await runAside(binary, ['version'], {
    env: { ...env, PULUMI_SKIP_UPDATE_CHECK: 'true' },
    timeoutMilliseconds: answerMilliseconds,
  });
  const match = /^v?(\d+\.\d+\.\d+\S*)/.exec(stdout.trim());
  return ok ? (match?.[1] ?? null) : null;
}

interface EngineWanted {
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  /** Ask engines themselves, whatever their install has noted. */
  readonly afresh?: boolean;
}

/**
 * The engine that will be used: the first on PATH that is new enough, else cvicast's own. Null when there is none; an
 * engine on PATH that is too old is passed over, never changed.
 */
export async function findEngine(where: EngineWanted): Promise<EngineFound | null> {
  const onPath = (where.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => ({ binary: path.join(folder, binaryName), foundIn: 'PATH' as const }));
  for (const place of [...onPath, { binary: ownBinary(where.home), foundIn: 'cvicast' as const }]) {
    if (!isExecutable(place.binary)) continue;
    const version = await knownVersionOf(place.binary, where);
    if (version !== null && isUsableVersion(version)) return { ...place, version };
  }
  return null;
}

/** Asks each binary once: a job opens its stack several times, and an engine takes a good tenth of a second to say who it is. */
async function knownVersionOf(binary: string, { env, afresh = false }: EngineWanted): Promise<string | null> {
  const { ino, size, mtimeMs } = fs.statSync(binary);
  const key = [binary, ino, size, mtimeMs].join(':');
  const noted = afresh ? undefined : (versions.get(key) ?? notedVersionOf(binary));
  const version = noted ?? (await versionOf(binary, env));
  if (version !== null) versions.set(key, version);
  return version;
}

/** What the install of an engine notes beside it, so that no later command has to ask: it holds for this very file only. */
interface VersionNote {
  readonly version: string;
  readonly bytes: number;
  readonly modifiedMilliseconds: number;
  readonly system: string;
}

const noteOf = (binary: string): string => `${binary}.json`;
const system = `${process.platform}-${process.arch}`;

/** Notes the version that a freshly installed engine has said. */
export function noteVersion(binary: string, version: string): void {
  const { size, mtimeMs } = fs.statSync(binary);
  const note: VersionNote = { version, bytes: size, modifiedMilliseconds: mtimeMs, system };
  fs.writeFileSync(noteOf(binary), `${JSON.stringify(note)}\n`);
}

function notedVersionOf(binary: string): string | undefined {
  try {
    const file = fs.realpathSync(binary);
    const { size, mtimeMs } = fs.statSync(file);
    const note = JSON.parse(fs.readFileSync(noteOf(file), 'utf8')) as Partial<VersionNote> | null;
    const holds = note?.bytes === size && note.modifiedMilliseconds === mtimeMs && note.system === system;
    return holds && typeof note.version === 'string' ? note.version : undefined;
  } catch {
    // No note, or none that can be read: the engine itself is asked.
    return undefined;
  }
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}
