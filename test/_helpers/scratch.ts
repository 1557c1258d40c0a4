import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

/** A folder per test, removed after it. Call inside `describe`; the answer is valid inside tests and their hooks. */
export function useScratch(): () => string {
  let folder = '';
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cvicast-test-'));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));
  return () => folder;
}
