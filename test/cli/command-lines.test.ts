import * as fs from 'node:fs';
import * as path from 'node:path';
import { clouds, findCloud } from '../../src/cloud';
import { findRegion, findSize } from '../../src/cloud/choice';
import { commands, examples, parser } from '../../src/cli/parser';

const root = path.resolve(__dirname, '../..');
const placeholder = /^(NAME|PROVIDER)$/;
const chosenLater = ['all', 'cheapest', 'fastest', 'host'];

/** Words as a shell would split these lines, which quote nothing and hold no more than a comment. */
const wordsOf = (line: string): string[] =>
  line
    .replace(/\s#.*$/, '')
    .trim()
    .split(/\s+/);

/** The command lines of a page, in code spans and in blocks; a command's bare name is no line to type. */
function linesOf(page: string): string[] {
  const text = fs.readFileSync(path.join(root, page), 'utf8');
  const spans = [...text.matchAll(/`(?:bin\/)?cvicast ([^`]+)`/g)];
  const blocks = [...text.matchAll(/^(?: {4,}|\$ )?(?:bin\/)?cvicast (.+)$/gm)].filter(
    ({ 0: line, index }) => line.startsWith(' ') || (text.slice(0, index).match(/^```/gm) ?? []).length % 2 === 1,
  );
  return [...spans, ...blocks].map((match) => match[1] ?? '').filter((line) => wordsOf(line).length > 1);
}

/** Parses with the real commands, runs none, and looks up the names that the commands would look up. */
async function understand(line: string): Promise<void> {
  const argv = wordsOf(line);
  const parsed = await parser(argv, (command) => ({
    command: command.command,
    describe: command.describe,
    builder: command.options,
    handler: () => undefined,
  })).parseAsync();
  const { provider, region, size } = parsed as { provider?: string; region?: string | string[]; size?: string };
  if (provider === undefined || placeholder.test(provider) || chosenLater.includes(provider)) return;
  const cloud = findCloud(provider);
  if (size !== undefined) findSize(cloud, size);
  for (const name of region === undefined ? [] : [region].flat()) findRegion(cloud, name);
}

const pages = fs
  .readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  // That page is the commands' own help, folded to its width: the examples below are the same lines whole.
  .filter((name) => name.endsWith('.md') && name !== 'options.md')
  .map((name) => path.join('docs', name));

describe('every command line that we show is one that cvicast takes', () => {
  const shown = [
    ...['README.md', ...pages].flatMap((page) => linesOf(page).map((line) => [page, line] as const)),
    ...[{ examples }, ...commands].flatMap((of) => of.examples.map(([line]) => ['--help', line] as const)),
  ];

  it('finds them: a plan and a conversion for each cloud, and all examples', () => {
    const text = shown.map(([, line]) => line);
    for (const name of Object.keys(clouds).filter((one) => one !== 'local'))
      for (const command of ['doctor', 'plan', 'convert'])
        expect(text.filter((line) => line.startsWith(command) && line.includes(`--provider ${name}`))).not.toEqual([]);
    expect(shown.filter(([place]) => place === '--help').length).toBeGreaterThan(commands.length);
  });

  it.each(shown)('%s: cvicast %s', async (_, line) => {
    await understand(line);
  });

  it.each([
    ['an unknown flag', 'plan model.onnx --pictures ./calibration'],
    ['a model left out', 'plan --provider all --json'],
    ['an unknown provider', 'doctor --provider amazon'],
    ['a size that is not in the catalogue', 'plan model.onnx --provider aws --size c5.xlarge'],
  ])('would see %s', async (_, line) => {
    await expect(understand(line)).rejects.toThrow();
  });
});
