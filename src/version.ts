import * as fs from 'node:fs';
import * as path from 'node:path';

function packageVersion(): string {
  // From src (tests) and from dist/src (installed) alike.
  for (let folder = __dirname; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const file = path.join(folder, 'package.json');
    if (fs.existsSync(file)) return (JSON.parse(fs.readFileSync(file, 'utf8')) as { version: string }).version;
  }
  return 'unknown';
}

/** The version of cvicast itself. */
export const version = packageVersion();
