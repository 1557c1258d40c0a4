import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { root } from '../_helpers/cli';

describe('documentation', () => {
  const docs = path.join(root, 'docs');
  const pages = fs
    .readdirSync(docs, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('decisions'));

  test('docs/options.md is what the commands print', () => {
    const result = spawnSync(path.join(root, 'scripts/write-options'), ['--check'], { encoding: 'utf8' });
    expect(result).toMatchObject({ status: 0, stderr: '' });
  }, 120_000);

  test.each(pages)('%s says for whom it is', (name) => {
    const lines = fs.readFileSync(path.join(docs, name), 'utf8').split('\n');
    expect(lines[0]).toMatch(/^# /);
    expect(lines.slice(1, 5).join('\n')).toMatch(/^Read this /m);
  });

  test.each(['README.md', ...pages.map((name) => path.join('docs', name))])('links of %s lead somewhere', (name) => {
    const text = fs.readFileSync(path.join(root, name), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '');
    for (const link of links)
      expect({ link, there: fs.existsSync(path.join(root, path.dirname(name), link)) }).toEqual({ link, there: true });
  });
});
