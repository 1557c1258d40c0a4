import * as fs from 'node:fs';
import * as path from 'node:path';
import { Bug } from '../errors';
import { homeFolder } from '../paths';

/**
 * What is written down of a machine on this computer before anything of it starts, so that it can be found and ended
 * whatever becomes of the engine's state.
 */
export interface MachineRecord {
  readonly job: string;
  readonly owner: string;
  readonly mode: 'process' | 'docker';
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly user: string;
  /** Null until it answers. */
  readonly port: number | null;
  /** The sshd, once it runs: number and start time, which together are no other process's. */
  readonly sshd: { readonly pid: number; readonly started: string } | null;
}

/** Files of one machine. */
export function machineFiles(home: string, job: string) {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(job)) throw new Bug(`not a job id: ${JSON.stringify(job)}`);
  const folder = path.join(homeFolder.machines(home), job);
  return {
    folder,
    record: path.join(folder, 'machine.json'),
    /** HOME of whoever logs in. */
    scratchHome: path.join(folder, 'home'),
    /** Configuration and keys of the sshd; mounted into a container. */
    ssh: path.join(folder, 'ssh'),
    log: path.join(folder, 'sshd.log'),
    /** Where a job's files lie on every machine; on this computer they are the machine's too. */
    jobFolder: path.join('/var/tmp', `cvicast-${job}`),
  };
}

/** Writes a record so that it is whole or not there. */
export function writeRecord(home: string, record: MachineRecord): void {
  const { folder, record: file } = machineFiles(home, record.job);
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const aside = `${file}.${process.pid}`;
  fs.writeFileSync(aside, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  fs.renameSync(aside, file);
}

/** The record of a machine; null when there is none (or it was cut before anything was started). */
export function readRecord(home: string, job: string): MachineRecord | null {
  try {
    return JSON.parse(fs.readFileSync(machineFiles(home, job).record, 'utf8')) as MachineRecord;
  } catch (thrown) {
    if (thrown instanceof SyntaxError || (thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw thrown;
  }
}
