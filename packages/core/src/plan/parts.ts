/**
 * A pattern whose alternatives want different orders, such as the rows and the columns of a picture, is dense
 * in any one order. Computed one after another, each over the keys that those before it leave, they are
 * cheap. The log-sum-exp of each says how much it weighs in the whole.
 */
import { and, not, orAll } from '../patterns/combinators.ts';
import { checkPattern } from '../patterns/options.ts';
import type { Pattern } from '../patterns/pattern.ts';
import { finish } from '../async/steps.ts';
import { estimateOf } from './arrangement.ts';
import { TILE } from './block-plan.ts';
import { checkSizes, type PlanSizes } from './plan-attention.ts';
import type { Count } from './plan-blocks.ts';

/** Parts must save this share of the pairs: they write their outputs twice, and merge them. */
const WORTHWHILE = 0.7;

/** Larger planes stay whole: the decision is made where the graph is built, in one go. */
const MOST_TILES = 2 ** 22;

/**
 * Disjoint patterns whose union is the pattern, if they cost clearly less than the whole; else the pattern
 * alone. Attention over the union follows from the outputs and the log-sum-exps of the parts, and is what a
 * call does by itself. Errors: those of `planAttention`.
 *
 * @example
 * const sizes = { batch: 1, heads: 1, queryLength: 4096, keyLength: 4096, queryOffset: 0 };
 * const isNear = where(({ q, k }) => q.div(64).eq(k.div(64)).or(q.mod(64).eq(k.mod(64))));
 * partsOf(sizes, isNear).length; // 2: the rows of a picture, and the columns without them
 */
export function partsOf(sizes: PlanSizes, pattern: Pattern): readonly Pattern[] {
  const { queryLength, keyLength, queryOffset } = checkSizes(sizes);
  const alternatives = checkPattern('core/plan', pattern).alternatives();
  const searched = alternatives.filter((alternative) => alternative.hints(0, 0).length > 0);
  const tiles = Math.ceil(queryLength / TILE) * Math.ceil(keyLength / TILE);
  if (searched.length < 2 || tiles > MOST_TILES || !isUniform(sizes, pattern)) return [pattern];

  pattern.validate(sizes);
  const rows = { queries: undefined, keys: undefined, queryLength, keyLength, queryOffset };
  const countOf = (part: Pattern): Count => finish(estimateOf({ pattern: part, batchRow: 0, head: 0 }, rows));
  const whole = countOf(pattern);
  const most = WORTHWHILE * whole.pairs;
  // Pairs of open tiles are allowed: no parts save them.
  if (whole.open > most) return [pattern];
  const parts = alternatives.map((alternative, i) =>
    i === 0 ? alternative : and(alternative, not(orAll(alternatives.slice(0, i)))),
  );
  let pairs = 0;
  for (const part of parts) {
    pairs += countOf(part).pairs;
    if (pairs > most) return [pattern];
  }
  return parts;
}

/** Whether it is the same in all batch rows and heads, without data of a call and global tokens. */
function isUniform({ batch, heads }: PlanSizes, pattern: Pattern): boolean {
  if (pattern.inputs.length > 0 || pattern.globals(0, 0).length > 0) return false;
  const first = pattern.variant(0, 0);
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++) if (pattern.variant(b, h) !== first) return false;
  return true;
}
