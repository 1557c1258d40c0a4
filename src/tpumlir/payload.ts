import * as fs from 'node:fs';
import * as path from 'node:path';
import type { FileToSend } from '../machine/types';

/** Folder (below the job's folder on the machine) that our own programs are sent to. */
export const remoteFolder = 'remote';

/** Everything of ours that runs on the machine: the installs and the Python package `cvicast_remote`. */
export function remotePayload(): readonly FileToSend[] {
  const root = path.join(__dirname, remoteFolder);
  const names = fs.readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
  return names
    .filter((name) => /\.(py|sh)$/.test(name) && !name.split(path.sep).includes('__pycache__'))
    .map((name) => ({
      from: { path: path.join(root, name) },
      to: `${remoteFolder}/${name.split(path.sep).join('/')}`,
      mode: name.endsWith('.sh') ? 0o700 : 0o600,
    }));
}
