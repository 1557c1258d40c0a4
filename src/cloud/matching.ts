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

/**
 * The names that someone who typed `word` may have meant, best first. Case is ignored; a name that contains the word
 * (or the word it) counts as near.
 */
export function nearMatches(word: string, names: readonly string[], limit = 3): string[] {
  const typed = word.toLowerCase().slice(0, 80);
  const scored = names.map((name) => {
    const known = name.toLowerCase();
    const inside = typed.length >= 2 && (known.includes(typed) || typed.includes(known));
    return { name, score: inside ? 1 : editsBetween(typed, known), bound: Math.max(2, Math.floor(known.length / 3)) };
  });
  return scored
    .filter(({ score, bound }) => score <= bound)
    .sort((a, b) => a.score - b.score)
    .slice(0, limit)
    .map(({ name }) => name);
}

/** `did you mean a or b?`, or the whole list when nothing is near. */
export function suggestion(word: string, names: readonly string[]): string {
  const near = nearMatches(word, names);
  return near.length > 0 ? `did you mean ${near.join(' or ')}?` : `use one of: ${names.join(', ')}`;
}
