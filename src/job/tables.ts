import * as fs from 'node:fs';
import * as path from 'node:path';
import { homeFolder } from '../paths';
import { writeWhole } from './outputs';

/** A table of an earlier run with the same key, if there is one. */
export function tableOf(home: string, key: string): string | null {
  const file = path.join(homeFolder.tables(home), key);
  return fs.existsSync(file) ? file : null;
}

/** Keeps the calibration table in `file` for a later run with the same key. */
export function keepTable(home: string, key: string, file: string): void {
  const tables = homeFolder.tables(home);
  fs.mkdirSync(tables, { recursive: true, mode: 0o700 });
  writeWhole(path.join(tables, key), fs.readFileSync(file));
}
