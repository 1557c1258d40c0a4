import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { hasInEnvironment, runningProcesses } from '../../src/engine/processes';
import { ownBinary } from '../../src/engine/find';
import { cvicastHome } from '../../src/paths';

/** The developer's engine: CVICAST_TEST_ENGINE, the first on PATH, or the one in the usual home folder. */
export function testEngine(): string | null {
  const own = ownBinary(cvicastHome());
  const onPath = (process.env['PATH'] ?? '').split(path.delimiter).map((folder) => path.join(folder, 'pulumi'));
  const places = [process.env['CVICAST_TEST_ENGINE'] ?? '', ...onPath, own];
  return places.find((file) => file !== '' && fs.existsSync(file)) ?? null;
}

export interface TestHome {
  readonly path: string;
  /** An environment that has this home and no credentials of anybody. */
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Gives each test of a file its own CVICAST_HOME (with the developer's engine linked into it), removes it afterwards, and
 * fails the test that leaves a process which knows this home or works in it.
 *
 * @param options.engine the test needs the engine: fail at once where there is none
 * @returns a function that answers the home of the running test
 */
export function useHome(options: { name?: string; engine?: boolean } = {}): () => TestHome {
  let home: TestHome | null = null;
  let parent = '';

  beforeEach(() => {
    const engine = testEngine();
    parent = fs.mkdtempSync(path.join(os.tmpdir(), 'cvicast-test-'));
    const folder = path.join(parent, options.name ?? 'home');
    fs.mkdirSync(folder);
    if (engine === null && options.engine === true) throw new Error('no Pulumi engine: run scripts/setup-engine');
    if (engine !== null) {
      fs.mkdirSync(path.dirname(ownBinary(folder)), { recursive: true });
      fs.symlinkSync(engine, ownBinary(folder));
    }
    const env = { ...clean(process.env), CVICAST_HOME: folder, CVICAST_LOCAL_MACHINE: 'process' };
    home = { path: folder, env };
  });

  afterEach(async () => {
    if (home === null) return; // the set-up failed: there is nothing of ours, and an empty name would match everything
    const folder = home.path;
    const left = await processesLeft(folder);
    for (const one of left) process.kill(one.pid, 'SIGKILL');
    fs.rmSync(parent, { recursive: true, force: true });
    home = null;
    if (left.length > 0) throw new Error(`processes left behind: ${left.map((one) => one.text).join('; ')}`);
  });

  return () => {
    if (home === null) throw new Error('useHome() answers inside a test only');
    return home;
  };
}

/**
 * Processes that were started with this home, name it in their arguments, or work in it, beside those that are `known`;
 * one that is just ending gets a moment.
 */
export async function processesLeft(
  folder: string,
  known: ReadonlySet<number> = new Set(),
): Promise<{ pid: number; text: string }[]> {
  if (!path.isAbsolute(folder) || !folder.includes('cvicast-test-')) throw new Error(`not a test's home: ${folder}`);
  for (let tries = 0; ; tries++) {
    const left = runningProcesses()
      .filter((one) => one.pid !== process.pid && !known.has(one.pid) && belongs(one.pid, folder))
      .map((one) => ({ pid: one.pid, text: `${one.pid} ${commandLine(one.pid)}` }));
    if (left.length === 0 || tries === 100) return left;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function belongs(pid: number, folder: string): boolean {
  if (hasInEnvironment(pid, 'CVICAST_HOME', folder) || commandLine(pid).includes(folder)) return true;
  try {
    const cwd = fs.readlinkSync(`/proc/${pid}/cwd`);
    return cwd === folder || cwd.startsWith(folder + path.sep);
  } catch {
    return false;
  }
}

function commandLine(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** An environment without anybody's credentials and settings. */
export function clean(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) =>
        !/^(?:AWS_|ARM_|AZURE_|GOOGLE_|DIGITALOCEAN_|ALICLOUD_|TENCENTCLOUD_|HCLOUD_|PULUMI_|CVICAST_)/.test(name),
    ),
  );
}
