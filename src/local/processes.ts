import * as fs from 'node:fs';
import * as path from 'node:path';
import { factsOfProcess, hasInEnvironment, runningProcesses } from '../engine/processes';
import type { MachineRecord } from './record';

/** Variable in the environment of the sshd, of every session, and of all that they start. */
export const machineMark = 'CVICAST_MACHINE';

/**
 * Every running process that was born of a machine's sshd: those that carry its mark, their descendants (an sshd
 * session writes its title over its own environment), an sshd whose configuration lies in one of the machine's folders (its
 * number may not have been written down yet when the client died), and those that work in one of the machine's folders (a daemon that
 * cleared its environment and left its parent). Never this process, nor those that it runs in.
 */
export function processesOfMachine(job: string, folders: readonly string[], sshd: MachineRecord['sshd']): number[] {
  const running = runningProcesses();
  const found = new Set<number>();
  for (const one of running) {
    if (
      isSshd(one, sshd) ||
      hasInEnvironment(one.pid, machineMark, job) ||
      worksIn(one.pid, folders) ||
      servesFrom(one.pid, folders)
    )
      found.add(one.pid);
  }
  for (let grown = true; grown;) {
    grown = false;
    for (const one of running) {
      if (found.has(one.parent) && !found.has(one.pid)) grown = Boolean(found.add(one.pid));
    }
  }
  for (let pid = process.pid; pid > 1; pid = factsOfProcess(pid)?.parent ?? 0) found.delete(pid);
  found.delete(1);
  return [...found];
}

function isSshd(one: { pid: number; started: string }, sshd: MachineRecord['sshd']): boolean {
  return sshd !== null && one.pid === sshd.pid && one.started === sshd.started;
}

/** An sshd shows the command that it was started with, also in the title that it gives itself. */
function servesFrom(pid: number, folders: readonly string[]): boolean {
  try {
    const command = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return /^(?:\/\S*\/)?sshd[: ]/.test(command) && folders.some((one) => command.includes(one + path.sep));
  } catch {
    return false;
  }
}

function worksIn(pid: number, folders: readonly string[]): boolean {
  try {
    const folder = fs.readlinkSync(`/proc/${pid}/cwd`);
    return folders.some((one) => folder === one || folder.startsWith(one + path.sep));
  } catch {
    return false;
  }
}
