import { randomBytes } from 'node:crypto';
import { StringDecoder } from 'node:string_decoder';
import type { Client } from 'ssh2';
import { Bug, UserError } from '../errors';
import { run } from './channel';
import { diskFullThere } from './disk-full';
import { execOver, scriptLine } from './exec';
import { LineLost, persist, type Line } from './line';
import { below } from './names';
import * as scripts from './unit-scripts';
import type { Unit, UnitResult } from './types';

/** Tenths of a second that a unit has between SIGTERM and SIGKILL. */
const graceTenths = 30;

function unitFolder(jobFolder: string, name: string): string {
  if (!/^[a-z0-9-]+$/.test(name)) throw new Bug(`"${name}" is no name for a unit`);
  return `${jobFolder}/units/${name}`;
}

/** See `Machine.startUnit`. */
export async function startUnit(line: Line, jobFolder: string, unit: Unit): Promise<void> {
  const program = unit.argv[0] ?? '';
  // `env` would read these as an option or an assignment.
  if (program === '' || program.startsWith('-') || program.includes('=')) throw new Bug(`"${program}" is no program`);
  const settings = Object.entries(unit.env ?? {}).map(([name, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new Bug(`"${name}" is no name of an environment variable`);
    return `${name}=${value}`;
  });
  const command = scriptLine(
    scripts.start,
    unitFolder(jobFolder, unit.name),
    scripts.leader,
    below(jobFolder, unit.cwd),
    randomBytes(16).toString('hex'),
    ...settings,
    ...unit.argv,
  );
  const result = await persist(line, undefined, (client) => execOver(client, command, {}));
  if (result.status === 0) return;
  throw (
    diskFullThere(result.stderr) ??
    new UserError({
      code: 'unit-not-started',
      what: `the machine could not start "${unit.name}"`,
      why: result.stderr.trim() || `its shell ended with ${result.status ?? result.signal ?? 'nothing'}`,
      fix: 'Try again on a new machine.',
      exit: 'provider',
    })
  );
}

/** What the last line that the follow script wrote to stderr says; null when it did not come to that. */
function readEnding(stderr: string): (UnitResult & { readonly lost: boolean }) | null {
  const match = /^(exit|signal|lost) (\S+) ([\d.]+) ([\d.]+) *$/m.exec(stderr);
  if (!match) return null;
  const [, kind, value = '', from, to] = match;
  const seconds = Math.max(0, Math.round((Number(to) - Number(from)) * 100) / 100);
  return kind === 'exit'
    ? { status: Number(value), signal: null, seconds, lost: false }
    : { status: null, signal: `SIG${value}`, seconds, lost: kind === 'lost' };
}

/** See `Machine.followUnit`. */
export async function followUnit(
  line: Line,
  jobFolder: string,
  name: string,
  options: { onOutput?: (text: string) => void; signal?: AbortSignal } = {},
): Promise<UnitResult> {
  const folder = unitFolder(jobFolder, name);
  const { signal, onOutput } = options;
  const decoder = new StringDecoder('utf8');
  let offset = 0;
  const tell = (text: string): void => {
    if (text) onOutput?.(text);
  };

  const listen = async (client: Client, onward: () => void): Promise<ReturnType<typeof readEnding>> => {
    const running = await run(client, scriptLine(scripts.follow, folder, String(offset)), signal);
    let stderr = '';
    running.channel.on('data', (chunk: Buffer) => {
      if (signal?.aborted) return;
      onward();
      offset += chunk.length;
      tell(decoder.write(chunk));
    });
    running.channel.stderr.on('data', (chunk: Buffer) => {
      onward();
      stderr = `${stderr}${chunk.toString('latin1')}`.slice(-1000);
    });
    running.channel.end();
    const { status } = await running.ending;
    if (status === 3) throw new Bug(`no unit called "${name}" was started: ${stderr.trim()}`);
    const ending = readEnding(stderr);
    if (!ending) throw new LineLost('the view of a unit was ended from outside');
    return ending;
  };

  const ending = await persist(line, signal, listen);
  tell(decoder.end());
  if (!ending) throw new Bug('a unit ended without an ending');
  const { lost, ...result } = ending;
  // Its leader was killed (out of memory, from outside): what it leaves running would hold the machine's memory.
  if (lost) await stopUnit(line, jobFolder, name);
  return result;
}

/** See `Machine.stopUnit`. */
export async function stopUnit(line: Line, jobFolder: string, name: string): Promise<void> {
  const command = scriptLine(scripts.stop, unitFolder(jobFolder, name), String(graceTenths));
  const result = await persist(line, undefined, (client) => execOver(client, command, {}));
  if (result.status === 0) return;
  throw new UserError({
    code: 'unit-not-stopped',
    what: `processes of "${name}" are still running on the machine`,
    why: `they outlived SIGKILL: ${result.stdout.trim() || result.stderr.trim()}`,
    fix: 'End the machine; on a machine of your own, end these processes by hand.',
    exit: 'alive',
  });
}
