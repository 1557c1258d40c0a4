import * as fs from 'node:fs';
import * as path from 'node:path';
import type { FileToSend } from '../machine/types';

/** Folder (below the job's folder on the machine) that our own programs are sent to. */
export const remoteFolder = 'remote';

/**
 * Everything of ours that runs on the machine: the installs, the Python package `cvicast_remote`, and in `bin` what stands before
 * programs of the toolchain.
 */
export function remotePayload(): readonly FileToSend[] {
  const root = path.join(__dirname, remoteFolder);
  const names = fs.readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
  return names
    .filter((name) => /\.(py|sh)$|^bin[\\/][\w-]+$/.test(name) && !name.split(path.sep).includes('__pycache__'))
    .map((name) => ({
      from: { path: path.join(root, name) },
      to: `${remoteFolder}/${name.split(path.sep).join('/')}`,
      mode: name.endsWith('.sh') || path.dirname(name) === 'bin' ? 0o700 : 0o600,
    }));
}
