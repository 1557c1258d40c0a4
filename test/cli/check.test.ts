import { check } from '../../src/cli/commands/check';
import type { CheckReport } from '../../src/model/types';
import { runCommand } from '../_helpers/run-command';
import { scratchFolder, written } from '../model/files';
import { tinyYolo } from '../model/tiny-yolo';

const folder = scratchFolder();
const user = { home: '/nonexistent', env: {} };

/** `cvicast check` of a model with that metadata. */
async function checked(metadata: Readonly<Record<string, string>>, json = false) {
  const model = written(folder, 'model.onnx', tinyYolo({ metadata }).bytes);
  const args = { model, target: 'recamera', 'input-size': undefined, 'output-names': undefined };
  return runCommand(check, args, user, { json });
}

const names = "{0: 'a', 1: 'b', 2: 'c'}";

describe('check', () => {
  it("tells the graph's own outputs, and what the exporter wrote", async () => {
    const metadata = { author: 'Somebody', stride: '32', args: 'x'.repeat(200), names };
    const { stdout } = await checked(metadata);
    const report = JSON.parse((await checked(metadata, true)).stdout) as CheckReport;
    expect(report.metadata).toEqual(metadata);
    expect(report.outputs.length).toBeGreaterThan(0);
    for (const { name, shape } of report.outputs)
      expect(stdout).toContain(`\noutput    ${name} [${shape.join(', ')}]\n`);
    expect(stdout).toMatch(/^metadata {2}author Somebody; stride 32; args x{60}…$/m);
    expect(stdout).toMatch(/^classes {3}3: a, b, c$/m);
  });

  it('lets no word of the file move the cursor or begin a line', async () => {
    const hostile = '\u001b]0;title\u0007\r\nverdict   converts';
    const { stdout } = await checked({ author: hostile, names: `{0: '${hostile}', 1: 'b', 2: 'c'}` });
    expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(stdout.match(/^verdict/gm)).toHaveLength(1);
    expect(stdout).toContain('title');
  });
});
