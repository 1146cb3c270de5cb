/** The state of the page as the part of its address behind `#`, so that a link shows the same. */
import { TYPES } from '../pattern/kinds.ts';
import { packNode, unpackNode, type PatternNode } from '../pattern/node.ts';
import { PRESETS } from '../pattern/presets.ts';

/** The parts of the playground. */
export const PARTS = ['draw', 'race', 'read'] as const;

/** A part of the playground. */
export type Part = (typeof PARTS)[number];

/** What a link holds. */
export interface PageState {
  readonly part: Part;
  readonly pattern: PatternNode;
  readonly n: number;
  readonly heads: number;
  readonly head: number;
}

/** The most tokens that can be drawn. */
export const MOST_TOKENS = 2 ** 22;

/** The most heads. */
export const MOST_HEADS = 64;

/** The state of a page that is opened without a link. */
export const FIRST_STATE: PageState = {
  part: 'draw',
  pattern: PRESETS[0].node,
  n: PRESETS[0].n,
  heads: 1,
  head: 0,
};

/** Writes a state as `#draw?pattern=…&n=…`. */
export function stateToHash({ part, pattern, n, heads, head }: PageState): string {
  const query = new URLSearchParams({ pattern: JSON.stringify(packNode(pattern)), n: String(n) });
  if (heads !== 1) query.set('heads', String(heads));
  if (head !== 0) query.set('head', String(head));
  return `#${part}?${query}`;
}

/** Reads a state; what is absent or wrong in the address is as in `FIRST_STATE`. */
export function stateFromHash(hash: string): PageState {
  const [name, search = ''] = hash.replace(/^#/, '').split('?');
  const query = new URLSearchParams(search);
  const heads = integer(query.get('heads'), 1, MOST_HEADS) ?? FIRST_STATE.heads;
  return {
    part: PARTS.find((part) => part === name) ?? FIRST_STATE.part,
    pattern: patternOf(query.get('pattern')) ?? FIRST_STATE.pattern,
    n: integer(query.get('n'), 1, MOST_TOKENS) ?? FIRST_STATE.n,
    heads,
    head: integer(query.get('head'), 0, heads - 1) ?? FIRST_STATE.head,
  };
}

function patternOf(text: string | null): PatternNode | undefined {
  if (text === null) return undefined;
  try {
    return unpackNode(JSON.parse(text), TYPES);
  } catch {
    return undefined; // a link that was cut off
  }
}

function integer(text: string | null, least: number, most: number): number | undefined {
  if (text === null || text === '') return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= least && value <= most ? value : undefined;
}
