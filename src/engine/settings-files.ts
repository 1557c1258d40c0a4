import * as fs from 'node:fs';
import * as path from 'node:path';
import { homeFolder } from '../paths';

/**
 * Takes away the engine's own settings of a workspace that a full disk or a crash left empty or cut: it stumbles over
 * them for ever ("unexpected end of JSON input"), and makes them anew when they are missing.
 */
export function mendSettings(home: string): void {
  const folder = path.join(homeFolder.engine(home), 'workspaces');
  if (!fs.existsSync(folder)) return;
  for (const name of fs.readdirSync(folder)) {
    const file = path.join(folder, name);
    try {
      JSON.parse(fs.readFileSync(file, 'utf8'));
    } catch {
      fs.rmSync(file, { force: true });
    }
  }
}
