/**
 * The masks of attention-gym (github.com/meta-pytorch/attention-gym, 7fdb85d), twice each: as a formula of
 * `where` and as a plain predicate. `mask` is a hash of the mask that attention-gym itself computes for these
 * numbers. Not published.
 */
import type { BoolExpression, IntExpression } from '../expression.ts';
import type { FormulaFunction } from '../where-function.ts';

/** Whether query `q` of this head may see key `k`. */
type Predicate = (h: number, q: number, k: number) => boolean;

export interface GymMask {
  readonly name: string;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  readonly formula: FormulaFunction;
  readonly predicate: Predicate;
  readonly mask: string;
}

export const any = (list: readonly BoolExpression[]): BoolExpression => list.reduce((a, b) => a.or(b));
export const all = (list: readonly BoolExpression[]): BoolExpression => list.reduce((a, b) => a.and(b));
export const within = (x: IntExpression, from: number, to: number): BoolExpression =>
  x.ge(from).and(x.lt(to));
export const floor = (a: number, b: number): number => Math.floor(a / b);
export const rest = (a: number, b: number): number => a - b * floor(a, b);
export const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);

/** A list of masks, and a function that adds one. */
export function gymMasks(): {
  readonly masks: readonly GymMask[];
  readonly add: (
    name: string,
    mask: string,
    sizes: readonly number[],
    formula: FormulaFunction,
    predicate: Predicate,
  ) => void;
} {
  const masks: GymMask[] = [];
  return {
    masks,
    add(name, mask, [queries, keys, heads = 1], formula, predicate) {
      masks.push({ name, heads, queries, keys, formula, predicate, mask });
    },
  };
}
