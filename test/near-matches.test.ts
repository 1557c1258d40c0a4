import { nearMatches, suggestion } from '../src/near-matches';

describe('near matches', () => {
  const clouds = ['tencent', 'aws', 'azure', 'gcp', 'digitalocean'];
  const sizes = ['t3.medium', 't3.large', 'c6i.large'];
  const tensors = ['/model.23/cv2.0/cv2.0.2/Conv_output_0', '/model.23/cv2.1/cv2.1.2/Conv_output_0', 'output0'];

  it.each([
    ['a letter too much or wrong', 'awz', clouds, ['aws']],
    ['swapped neighbours, one slip', 'tecnent', clouds, ['tencent']],
    ['another case', 'AZURE', clouds, ['azure']],
    ['a part of a name', 't3', sizes, ['t3.large', 't3.medium']],
    ['the nearest first', '/model.23/cv2.0/cv2.0.2/Conv_output_1', tensors, tensors.slice(0, 2)],
    ['what has little in common', 'hetzner', clouds, []],
    ['noise, however long', 'x'.repeat(100_000), clouds, []],
    ['nothing', '', clouds, []],
  ])('finds for %s (%j)', (_what, word, names, wanted) => {
    expect(nearMatches(word, names).sort()).toEqual([...wanted].sort());
    expect(nearMatches(word, names)[0]).toBe(word === 't3' ? 't3.medium' : wanted[0]);
  });

  it('names no more than are asked for', () => {
    expect(nearMatches('t3', sizes, 1)).toHaveLength(1);
  });

  it('is a question, or the whole list', () => {
    expect(suggestion('awz', clouds)).toBe('did you mean aws?');
    expect(suggestion('hetzner', ['aws', 'gcp'])).toBe('use one of: aws, gcp');
  });
});
