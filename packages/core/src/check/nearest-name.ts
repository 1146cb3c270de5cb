/** Finds the name that somebody meant: `attentionMask` for `attention_mask`, `before` for `befor`. */
import { show } from './show.ts';

/**
 * The sentence about a name that does not exist: `there is no option "befor"; did you mean before?`. It lists
 * all names if none is near.
 */
export function unknownName(what: string, name: unknown, names: readonly string[]): string {
  const nearest = typeof name === 'string' ? nearestName(name, names) : undefined;
  const hint =
    nearest !== undefined
      ? `did you mean ${nearest}?`
      : names.length > 0
        ? `known are ${names.join(', ')}`
        : 'none is known';
  return `there is no ${what} ${show(name)}; ${hint}`;
}

/** The name with the fewest changed letters, at most one in three. Case, `_` and `-` do not count. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  const text = letters(name.slice(0, LONGEST));
  let nearest: string | undefined;
  let least = Infinity;
  for (const candidate of names) {
    const other = letters(candidate);
    const changes = distance(text, other);
    if (changes < least && changes * 3 <= Math.max(text.length, other.length)) {
      nearest = candidate;
      least = changes;
    }
  }
  return nearest;
}

/** No option has so many letters. */
const LONGEST = 60;

function letters(name: string): string {
  return name.replace(/[_-]/g, '').toLowerCase();
}

/** How many letters to insert, remove or replace. Levenshtein 1966. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
