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

test('a tarball is packed with what the build makes, also where nothing was built yet', () => {
  const manifest = JSON.parse(fs.readFileSync(path.resolve(__dirname, '../../package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const build = 'mkdir dist && echo 1 >dist/built.js';
  const packed = { ...manifest, scripts: { ...manifest.scripts, build } };
  fs.writeFileSync(path.join(scratch(), 'package.json'), JSON.stringify(packed));
  const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--loglevel=silent'], {
    cwd: scratch(),
    encoding: 'utf8',
  });
  expect(stdout).toContain('"dist/built.js"');
});
