import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { useScratch } from '../_helpers/scratch';

const scratch = useScratch();

test('a checkout that was not built says what builds it', () => {
  const bin = path.join(scratch(), 'bin');
  fs.mkdirSync(bin);
  fs.copyFileSync(path.resolve(__dirname, '../../bin/cvicast'), path.join(bin, 'cvicast'));
  const { status, stderr } = spawnSync(process.execPath, [path.join(bin, 'cvicast'), 'ls'], { encoding: 'utf8' });
  expect({ status, lines: stderr.trim().split('\n') }).toEqual({
    status: 2,
    lines: [expect.stringMatching(/^error: .*not built/), 'fix: scripts/setup'],
  });
});
