/** Edits (insert, delete, replace) that make one text of the other. */
function edits(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let from = 0; from < left.length; from += 1) {
    const next = [from + 1];
    for (let to = 0; to < right.length; to += 1) {
      const replaced = (row[to] ?? 0) + (left[from] === right[to] ? 0 : 1);
      next.push(Math.min(replaced, (row[to + 1] ?? 0) + 1, (next[to] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

/** The tensors whose names are most like the given one, best first; at most `count`, none that differs by half. */
export function nearNames(name: string, names: Iterable<string>, count = 3): string[] {
  const short = name.slice(0, 200);
  return [...names]
    .filter((candidate) => Math.abs(candidate.length - short.length) <= short.length / 2)
    .map((candidate) => ({ candidate, far: edits(short, candidate.slice(0, 300)) }))
    .filter(({ far }) => far <= short.length / 2)
    .sort((a, b) => a.far - b.far)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}
