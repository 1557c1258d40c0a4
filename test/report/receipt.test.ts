import { receiptPage } from '../../src/report/page';
import { bytesText, durationText, moneyText, receiptLines, type Receipt } from '../../src/report/receipt';

const receipt: Receipt = {
  schemaVersion: 1,
  job: 'cv-20261128-112830-7f3a9c',
  result: 'delivered',
  provider: 'aws',
  region: 'eu-central-1',
  size: 'c5.large',
  target: 'recamera',
  startedAt: '2026-11-28T11:28:30.000Z',
  endedAt: '2026-11-28T11:34:30.000Z',
  model: { path: '/out/<b>"x"</b>.cvimodel', sha256: 'ab'.repeat(32), bytes: 2_900_000 },
  outputs: [{ path: '/out/<b>"x"</b>.cvimodel', sha256: 'ab'.repeat(32), bytes: 2_900_000 }],
  inputs: [{ kind: 'model', path: "/in/<script>'x'</script>.onnx", sha256: 'cd'.repeat(32), bytes: 10 }],
  versions: { tpu_mlir: '1.7' },
  commands: ['model_transform.py --x=<y>'],
  stages: [
    { name: 'transform', seconds: 7.31, result: 'done' },
    { name: 'calibrate', seconds: 0, result: 'skipped' },
  ],
  qualityGate: null,
  similarity: {
    cosine: 0.98765,
    euclidean: 0.9,
    sqnr: 17.25,
    outputs: [
      { name: 'a', cosine: 0.99 },
      { name: 'b', cosine: 0.97 },
    ],
  },
  calibration: { calibrator: 'fast', reused: true, images: 100, note: null, unprovenForms: [] },
  cost: { estimate: 0.02, actual: 0.0123, currency: 'USD' },
  teardown: { checkedAt: '2026-11-28T11:34:29.000Z', left: [] },
  problem: null,
};

describe('receipt', () => {
  test('as lines: the file, how good it is, the times, the cost, what was torn down', () => {
    expect(receiptLines(receipt)).toEqual([
      'model       /out/<b>"x"</b>.cvimodel',
      `            2.9 MB, sha256 ${'ab'.repeat(32)}`,
      'similarity  INT8 to FP32: cosine 0.9877, euclidean 0.9000, 17.3 dB (the least of all outputs)',
      '            the file itself, in the simulator: cosine 0.9700 at its weakest output (b)',
      'calibration the table of an earlier run with the same model, pictures and options',
      'time        transform 7.3 s, calibrate skipped',
      'cost        $0.0123 (estimate $0.0200)',
      'torn down   everything; checked 2026-11-28T11:34:29.000Z: nothing is left',
    ]);
  });

  test('a model that was not calibrated is called what it is: BF16', () => {
    const bf16 = { ...receipt, calibration: null };
    expect(receiptLines(bf16).join('\n')).toContain('BF16 to FP32: cosine 0.9877');
    expect(receiptPage(bf16)).toContain('BF16 against FP32');
    expect(receiptPage(receipt)).toContain('INT8 against FP32');
    expect(receiptLines(bf16).join('\n') + receiptPage(bf16)).not.toContain('INT8');
  });

  test('what is left is not hidden', () => {
    const lines = receiptLines({ ...receipt, teardown: { checkedAt: null, left: [{ type: 'vm', id: 'i-1' }] } });
    expect(lines.at(-1)).toBe('torn down   NOT ALL: vm i-1');
  });

  test('as a page: names from outside are text, nothing is loaded', () => {
    const page = receiptPage(receipt);
    expect(page).not.toMatch(/<script|<b>/);
    expect(page).toContain('&lt;script&gt;&#39;x&#39;&lt;/script&gt;');
    expect(page).toContain("default-src 'none'");
  });

  test.each([
    [durationText(7.31), '7.3 s'],
    [durationText(59.6), '60 s'],
    [durationText(125), '2 min 5 s'],
    [bytesText(10), '10 B'],
    [bytesText(1500), '1.5 kB'],
    [moneyText(0.5, 'USD'), '$0.50'],
    [moneyText(0.0123, 'USD'), '$0.0123'],
  ])('%s', (text, expected) => expect(text).toBe(expected));
});
