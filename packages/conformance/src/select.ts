/**
 * Picks cases by their ids. A selector is one or more globs separated by white space; `*` stands for any text, a glob
 * that begins with `!` takes away. `attn:attention:*dilation* !*n=1000*` is every dilated attention but the long ones.
 */
import type { ConformanceCase } from './case.ts';
import { seedOf } from './data.ts';

/** True when the id matches the selector. An empty selector matches everything. */
export function matches(selector: string, id: string): boolean {
  const globs = selector.split(/\s+/).filter((glob) => glob !== '');
  const taken = globs.filter((glob) => glob.startsWith('!')).map((glob) => glob.slice(1));
  const given = globs.filter((glob) => !glob.startsWith('!'));
  if (taken.some((glob) => globMatches(glob, id))) return false;
  return given.length === 0 || given.some((glob) => globMatches(glob, id));
}

/**
 * The cases whose ids match, in order. Throws when none does: a filter with a typing error must not look like success.
 */
export function selectCases(selector: string, cases: readonly ConformanceCase[]): readonly ConformanceCase[] {
  const selected = cases.filter(({ id }) => matches(selector, id));
  if (selected.length === 0) {
    throw new Error(
      `[attn/conformance] selectCases: expected a case to match "${selector}", got none of ${cases.length}`,
    );
  }
  return selected;
}

/** One of `of` parts of the suite, `part` counted from 0: every test is in exactly one of them. */
export interface SuitePart {
  readonly part: number;
  readonly of: number;
}

/** True when the test of this id is in the part. Neighbours, which try the same thing, fall into different parts. */
export function isInPart({ part, of }: SuitePart, id: string): boolean {
  return seedOf(id) % of === part % of;
}

/** Greedy match with backtracking to the last star: linear in practice, and no pattern can blow it up. */
function globMatches(glob: string, text: string): boolean {
  let g = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (glob[g] === '*') {
      star = g++;
      resume = t;
    } else if (g < glob.length && glob[g] === text[t]) {
      g++;
      t++;
    } else if (star >= 0) {
      g = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (glob[g] === '*') g++;
  return g === glob.length;
}
