/**
 * Picks cases by their ids. A selector is one or more globs with white space between them; `*` stands for any
 * text, and a glob that begins with `!` removes its matches. `attn:attention:*dilation* !*n=1000*` is every
 * dilated attention but the long ones.
 */
import { AttnError } from '@attn/core';
import { aString, checkArgument, integer, listOf, show, type Kind } from '@attn/core/backend';
import type { ConformanceCase } from './case.ts';
import { seedOf } from './data.ts';

/** True when the id matches the selector. An empty selector matches everything. */
export function matches(selector: string, id: string): boolean {
  checkArgument('conformance/matches', 'selector', selector, aString);
  checkArgument('conformance/matches', 'id', id, aString);
  const { adding, removing } = globsOf(selector);
  if (removing.some((glob) => globMatches(glob, id))) return false;
  return adding.length === 0 || adding.some((glob) => globMatches(glob, id));
}

/** The globs of a selector that match none of the ids: typing errors, or cases that have another id now. */
export function globsWithoutMatch(selector: string, ids: readonly string[]): readonly string[] {
  const { adding, removing } = globsOf(selector);
  return [...adding, ...removing].filter((glob) => !ids.some((id) => globMatches(glob, id)));
}

/** The globs that select ids, and those, written with a `!`, that take ids away. */
function globsOf(selector: string): {
  readonly adding: readonly string[];
  readonly removing: readonly string[];
} {
  const globs = selector.split(/\s+/).filter((glob) => glob !== '');
  return {
    adding: globs.filter((glob) => !glob.startsWith('!')),
    removing: globs.filter((glob) => glob.startsWith('!')).map((glob) => glob.slice(1)),
  };
}

const someCases: Kind = listOf(
  { expected: 'a case', test: (value) => aString.test((value as Partial<ConformanceCase> | null)?.id) },
  'a list of cases',
);

/**
 * The cases whose ids match, in order. Errors: `INVALID_ARGUMENT` when none does, because a filter with a
 * typing error must not look like success.
 */
export function selectCases(selector: string, cases: readonly ConformanceCase[]): readonly ConformanceCase[] {
  checkArgument('conformance/selectCases', 'cases', cases, someCases);
  const selected = cases.filter(({ id }) => matches(selector, id));
  if (selected.length === 0) {
    const message = `expected a case to match ${show(selector)}, got none of ${cases.length}`;
    throw new AttnError('INVALID_ARGUMENT', 'conformance/selectCases', message);
  }
  return selected;
}

/** One of `of` parts of the suite, `part` counted from 0: every test is in exactly one of them. */
export interface SuitePart {
  readonly part: number;
  readonly of: number;
}

const aSuitePart: Kind = {
  expected: 'a part { part, of } of the suite',
  test(value) {
    const { part, of } = Object(value) as Partial<SuitePart>;
    return integer(0).test(part) && integer(1).test(of);
  },
};

/**
 * True when the test of this id is in the part. Neighbours, which try the same thing, fall into different
 * parts.
 */
export function isInPart(suitePart: SuitePart, id: string): boolean {
  const { part, of } = checkArgument('conformance/isInPart', 'part', suitePart, aSuitePart);
  checkArgument('conformance/isInPart', 'id', id, aString);
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
