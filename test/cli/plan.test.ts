import * as path from 'node:path';
import { plan } from '../../src/cli/commands/plan';
import { Output } from '../../src/cli/output';

const model = path.resolve(__dirname, '../../examples/shapes-yolo11n-320.onnx');
const usual = { $0: 'cvicast', _: [], model, provider: 'all', spot: false, 'calibration-count': '100' };
const around = { output: new Output({ json: true, quiet: true }), home: '/nonexistent', env: { HOME: '/nonexistent' } };

describe('plan refuses a number that makes no sense', () => {
  it.each([
    ['calibration-count', '-5'],
    ['calibration-count', '0'],
    ['calibration-count', '1e9'],
    ['max-cost', '-1'],
    ['max-cost', '100000'],
    ['timeout', '0'],
    ['timeout', '99999'],
  ])('--%s %s', async (flag, value) => {
    for (const provider of ['all', 'aws', 'cheapest'])
      await expect(
        plan.run({ ...usual, provider, [flag]: value } as unknown as Parameters<typeof plan.run>[0], around),
      ).rejects.toMatchObject({ code: `bad-${flag}`, exit: 'input' });
  });
});
