import * as fs from 'node:fs';
import * as path from 'node:path';

const root = path.join(__dirname, '../..');
const page = fs.readFileSync(path.join(root, 'docs/providers/adding-a-provider.md'), 'utf8');

function filesIn(name: string): string[] {
  const place = path.join(root, name);
  if (!fs.statSync(place).isDirectory()) return [name];
  return fs.readdirSync(place).flatMap((entry) => filesIn(path.join(name, entry)));
}

test('what names the example is what the page says it takes to add a provider, and nothing else', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const told = rows.flatMap((row) => {
    const names = [...row.split('|')[1]!.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
    // The second of two files of one folder stands there without it.
    return names.map((name) => (name.includes('.') && !name.includes('/') ? beside(names[0]!, name) : name));
  });
  expect(told.filter((name) => !fs.existsSync(path.join(root, name)))).toEqual([]);

  const program = ['src', 'stacks', 'scripts', 'Pulumi.yaml'].flatMap(filesIn);
  const naming = program.filter((name) => /hetzner|hcloud/i.test(fs.readFileSync(path.join(root, name), 'utf8')));
  const ofProgram = told.filter((name) => program.includes(name));
  expect(naming.sort()).toEqual([...ofProgram].sort());
});

function beside(first: string, name: string): string {
  return fs.existsSync(path.join(root, name)) ? name : path.join(path.dirname(first), name);
}
