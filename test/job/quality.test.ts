import { belowGate, checkMinCosine, qualityGate } from '../../src/job/quality';

const similarity = {
  ...{ cosine: 0.98, euclidean: 0.9, sqnr: 17 },
  outputs: [
    { name: 'a', cosine: 0.99 },
    { name: 'b', cosine: 0.96 },
  ],
};
const model = { path: '/out/x.cvimodel', sha256: 'ab'.repeat(32), bytes: 1 };

describe('the quality gate', () => {
  it('holds the weakest of all figures against what was asked for', () => {
    expect(qualityGate(0.96, similarity)).toEqual({ minCosine: 0.96, cosine: 0.96, held: true });
    expect(qualityGate(0.97, similarity)).toEqual({ minCosine: 0.97, cosine: 0.96, held: false });
    // The deploy's own comparison counts too.
    expect(qualityGate(0.97, { ...similarity, cosine: 0.5, outputs: [] })).toMatchObject({ cosine: 0.5, held: false });
  });

  it('is none where none was asked for, or nothing was compared', () => {
    expect(qualityGate(undefined, similarity)).toBeNull();
    expect(qualityGate(0.9, null)).toBeNull();
  });

  it('tells of a delivered model alone', () => {
    const failed = qualityGate(0.97, similarity);
    expect(belowGate({ model, qualityGate: failed })).toMatchObject({ code: 'below-quality-gate', exit: 'quality' });
    expect(belowGate({ model: null, qualityGate: failed })).toBeNull();
    expect(belowGate({ model, qualityGate: qualityGate(0.9, similarity) })).toBeNull();
    expect(belowGate({ model, qualityGate: null })).toBeNull();
  });

  it.each([0, -1, 1.01, 95])('refuses %p, which no cosine similarity can mean', (value) => {
    expect(() => checkMinCosine(value)).toThrow(
      expect.objectContaining({ code: 'bad-min-cosine', exit: 'input' }) as Error,
    );
  });

  it.each([undefined, 0.95, 1])('takes %p', (value) => {
    expect(checkMinCosine(value)).toBe(value);
  });
});
