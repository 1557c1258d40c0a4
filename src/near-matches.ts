/** Edits (insert, delete, replace, swap of neighbours) that turn one word into the other. */
function editsBetween(from: string, to: string): number {
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const line = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      let least = Math.min((above[column] ?? 0) + 1, (line[column - 1] ?? 0) + 1, replaced);
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) least = Math.min(least, (before[column - 2] ?? 0) + 1);
      line.push(least);
    }
    before = above;
    above = line;
  }
  return above[to.length] ?? 0;
}

/** Longer words are cut: nobody types them, and the search takes time by their length. */
const longest = 200;

/**
 * How far a name is from the word that was typed, in edits; null when too far to have been meant (more than a third of
 * it differs). A name that contains the word, or the word it, is near, but less so than a slip of one letter.
 */
function farness(typed: string, known: string): number | null {
  const [short, long] = typed.length < known.length ? [typed, known] : [known, typed];
  const inside = short.length >= 2 && long.includes(short) ? 1 + 1 / short.length : Infinity;
  const edits = editsBetween(typed, known);
  const slip = edits <= Math.max(1, Math.floor(known.length / 3)) ? edits : Infinity;
  const far = Math.min(inside, slip);
  return far === Infinity ? null : far;
}

/** The names that someone who typed `word` may have meant, best first. Case is ignored. */
export function nearMatches(word: string, names: Iterable<string>, limit = 3): string[] {
  const typed = word.toLowerCase().slice(0, longest);
  return [...names]
    .flatMap((name) => {
      const far = farness(typed, name.toLowerCase().slice(0, longest));
      return far === null ? [] : [{ name, far }];
    })
    .sort((a, b) => a.far - b.far)
    .slice(0, limit)
    .map(({ name }) => name);
}

/** `did you mean a or b?`, or the whole list when nothing is near. */
export function suggestion(word: string, names: readonly string[]): string {
  const near = nearMatches(word, names);
  return near.length > 0 ? `did you mean ${near.join(' or ')}?` : `use one of: ${names.join(', ')}`;
}
