import * as fs from 'node:fs';
import * as os from 'node:os';
import { UserError } from '../errors';
import { endProcesses, factsOfProcess } from '../engine/processes';
import { homeFolder } from '../paths';
import { containerRuns, removeContainer, startContainer } from './container';
import { startExpiry } from './expiry';
import { chooseMode } from './mode';
import { processesOfMachine } from './processes';
import { machineFiles, readRecord, writeRecord, type MachineRecord } from './record';
import { startSshd } from './sshd';

export interface LocalMachineRequest {
  readonly job: string;
  readonly owner: string;
  /** ISO 8601 UTC: the machine ends itself then. */
  readonly expiresAt: string;
  /** OpenSSH one-line form: who may log in. */
  readonly publicKey: string;
  /** Private host key, OpenSSH form. */
  readonly hostKey: string;
}

/** A machine on this computer, as its folder tells. */
export interface LocalMachine {
  readonly job: string;
  readonly owner: string | null;
  readonly expiresAt: string | null;
  readonly createdAt: string | null;
}

/** Every machine on this computer that was begun and not wholly removed, whether it lives or not; from the folders alone. */
export function listLocalMachines(home: string): LocalMachine[] {
  let names: string[];
  try {
    names = fs.readdirSync(homeFolder.machines(home));
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw thrown;
  }
  return names
    .filter((name) => /^[a-z][a-z0-9-]{0,39}$/.test(name))
    .sort()
    .map((job) => {
      const record = readRecord(home, job);
      return {
        job,
        owner: record?.owner ?? null,
        expiresAt: record?.expiresAt ?? null,
        createdAt: record?.createdAt ?? null,
      };
    });
}

/**
 * Starts a machine and answers its record once it can be logged into. Its folder is on disk before anything runs; a
 * machine of the same job that an earlier attempt left is ended first. What a failed start leaves is removed again.
 *
 * Throws the `UserError`s of `chooseMode`, `sshd-failed`, `docker-failed`.
 */
export async function startLocalMachine(
  home: string,
  env: NodeJS.ProcessEnv,
  request: LocalMachineRequest,
): Promise<MachineRecord & { readonly port: number }> {
  const { job, owner, expiresAt } = request;
  const mode = await chooseMode(env);
  await removeLocalMachine(home, job, env);
  let record: MachineRecord = {
    job,
    owner,
    mode: mode.mode,
    createdAt: new Date().toISOString(),
    expiresAt,
    user: mode.mode === 'docker' ? 'root' : os.userInfo().username,
    port: null,
    sshd: null,
  };
  writeRecord(home, record);
  startExpiry(home, record, env);
  try {
    const where = { home, job, owner, env, publicKey: request.publicKey, hostKey: request.hostKey };
    const port =
      mode.mode === 'docker'
        ? await startContainer({ ...where, image: mode.image })
        : await startSshd(where, (sshd) => {
            record = { ...record, sshd };
            writeRecord(home, record);
          });
    const ready = { ...record, port };
    writeRecord(home, ready);
    return ready;
  } catch (thrown) {
    await removeLocalMachine(home, job, env);
    throw thrown;
  }
}

/** Whether a machine answers (`alive`), lies dead with processes or files left (`remains`), or is wholly `gone`. */
export async function stateOfLocalMachine(
  home: string,
  job: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<'alive' | 'remains' | 'gone'> {
  const files = machineFiles(home, job);
  const record = readRecord(home, job);
  if (record?.mode === 'docker') {
    const state = await containerRuns(job, env);
    return state === 'running' ? 'alive' : 'remains';
  }
  const { sshd = null } = record ?? {};
  if (sshd !== null && factsOfProcess(sshd.pid)?.started === sshd.started && !factsOfProcess(sshd.pid)?.zombie) {
    return 'alive';
  }
  const left = fs.existsSync(files.folder) || processesOfMachine(job, foldersOf(home, job), sshd).length > 0;
  return left ? 'remains' : 'gone';
}

/**
 * Ends a machine with every process that was born in it, and removes its files. Needs no engine and no state, and may
 * be called again, or for a machine that never was.
 *
 * Throws `UserError` `machine-alive` when a process survives SIGKILL, `docker-failed` when its daemon does not answer.
 */
export async function removeLocalMachine(
  home: string,
  job: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const files = machineFiles(home, job);
  const record = readRecord(home, job);
  if (record?.mode === 'docker') await removeContainer(job, env);
  const survivors = await endProcesses(() => processesOfMachine(job, foldersOf(home, job), record?.sshd ?? null));
  if (survivors.length > 0) {
    throw new UserError({
      code: 'machine-alive',
      what: `The machine of job ${job} on this computer did not end`,
      why: `processes ${survivors.join(', ')} survived SIGKILL`,
      fix: `run \`cvicast down ${job}\` again; a process that waits for a disk or a network mount ends when that answers`,
      exit: 'alive',
    });
  }
  fs.rmSync(files.jobFolder, { recursive: true, force: true, maxRetries: 3 });
  for (const folder of [files.scratchHome, files.ssh])
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  // The record goes last: as long as it is there, the machine is found.
  fs.rmSync(files.folder, { recursive: true, force: true, maxRetries: 3 });
}

function foldersOf(home: string, job: string): string[] {
  const files = machineFiles(home, job);
  return [files.folder, files.jobFolder];
}
