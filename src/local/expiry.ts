import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { machineMark } from './processes';
import { machineFiles, type MachineRecord } from './record';

/**
 * Waits with next to no memory by the wall clock (so that a computer that slept does not sleep longer), and lets the
 * program end the machine when its time is over; ends with it when its record is gone.
 */
const script = `
while [ -e "$1" ] && [ "$(date +%s)" -lt "$2" ]; do sleep 1; done
[ -e "$1" ] || exit 0
shift 2
exec "$@"
`;

/** Starts the machine's own timer: a process of its own session that outlives every client and ends the machine at its time. */
export function startExpiry(home: string, record: MachineRecord, env: NodeJS.ProcessEnv): void {
  const files = machineFiles(home, record.job);
  const log = fs.openSync(path.join(files.folder, 'expiry.log'), 'a', 0o600);
  try {
    const deadline = Math.ceil(Date.parse(record.expiresAt) / 1000);
    const program = [process.execPath, path.join(__dirname, 'expiry-main.js'), home, record.job];
    const child = spawn('/bin/sh', ['-c', script, 'sh', files.record, String(deadline), ...program], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
      env: { PATH: env['PATH'], DOCKER_HOST: env['DOCKER_HOST'], HOME: env['HOME'], [machineMark]: record.job },
    });
    child.on('error', () => undefined); // the job's watchdog and the sweep are left then
    child.unref();
  } finally {
    fs.closeSync(log);
  }
}
