/** The name that somebody probably meant: `attentionMask` for `attention_mask`, `before` for `befor`. */
import { show } from './show.ts';

/**
 * `there is no option "befor"; did you mean before?`; without a name near it, the sentence lists what is
 * known.
 */
export function unknownName(what: string, name: unknown, known: readonly string[]): string {
  const nearest = typeof name === 'string' ? nearestName(name, known) : undefined;
  const hint =
    nearest !== undefined
      ? `did you mean ${nearest}?`
      : known.length > 0
        ? `known are ${known.join(', ')}`
        : 'none is known';
  return `there is no ${what} ${show(name)}; ${hint}`;
}

/** The known name with the fewest changed letters, at most one in three. Case, `_` and `-` do not count. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const wanted = letters(name.slice(0, LONGEST));
  let nearest: string | undefined;
  let least = Infinity;
  for (const candidate of known) {
    const text = letters(candidate);
    const changes = distance(wanted, text);
    if (changes < least && changes * 3 <= Math.max(wanted.length, text.length)) {
      nearest = candidate;
      least = changes;
    }
  }
  return nearest;
}

/** Nobody means an option by more letters. */
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
