/**
 * Key padding: no query sees a key that stands for no token. Vaswani et al. 2017,
 * https://arxiv.org/abs/1706.03762
 */
import type { OptionKinds } from '../check/check-options.ts';
import { anything } from '../check/kinds.ts';
import {
  boundTable,
  perRow,
  rowTable,
  tableJson,
  unboundPattern,
  validateBatch,
  validateTable,
  type PerRow,
  type Rows,
} from './batch-rows.ts';
import { IntervalSet } from './interval-set.ts';
import { checkIntegers, checkOptions, invalidPattern } from './options.ts';
import { defineBuiltIn } from './define-pattern.ts';
import type { Pattern, PatternSizes } from './pattern.ts';

/** Which keys are valid: by length or by mask. Without either, the run-time input `keyLengths` decides. */
export interface KeyPaddingOptions {
  /** How many keys are valid, from the first on: one number per batch row. */
  readonly lengths?: ArrayLike<number>;
  /** 1 marks a valid key: one list per batch row, or one for all. */
  readonly mask?: Rows;
}

const KINDS: OptionKinds<KeyPaddingOptions> = { lengths: anything, mask: anything };

/**
 * Every query sees the valid keys and no others. Combine it with another pattern by `and`.
 *
 *     lengths [3]
 *     ■ ■ ■ · ·
 *     ■ ■ ■ · ·
 *     ■ ■ ■ · ·
 *
 * Errors: `INVALID_PATTERN`.
 *
 * @example
 * and(slidingWindow({ before: 2, after: 2 }), keyPadding({ lengths: [3, 5] })); // a batch of two texts
 */
export function keyPadding(options: KeyPaddingOptions = {}): Pattern {
  const { lengths, mask } = checkOptions('keyPadding', options, KINDS);
  if (lengths !== undefined && mask !== undefined) {
    throw invalidPattern('keyPadding to have either lengths or a mask', 'both');
  }
  if (lengths !== undefined) return paddingAfter(checkIntegers(LENGTHS, lengths, 0, LONGEST));
  if (mask === undefined) {
    return unboundPattern({
      type: 'keyPadding',
      isLimit: true,
      input: 'keyLengths',
      bindData: (rows) => paddingAfter(boundTable(LENGTHS, 'keyLengths', rows, 0, LONGEST).rows.flat()),
    });
  }
  const table = rowTable("keyPadding's mask", mask, 0, 1);
  const sets = perRow(table, IntervalSet.ofMask, equalSets);
  return define({ mask: tableJson(table) }, sets, (sizes) => validateTable(table, sizes));
}

const LENGTHS = "keyPadding's lengths";
const LONGEST = 2 ** 31 - 1;

function paddingAfter(lengths: readonly number[]): Pattern {
  const table = { what: LENGTHS, rows: lengths.map((length) => [length]), shared: false };
  const sets = perRow(table, ([length]) => IntervalSet.prefix(length), equalSets);
  return define({ lengths }, sets, ({ batch, keyLength }) => {
    validateBatch(LENGTHS, lengths.length, batch);
    const long = lengths.find((length) => length > keyLength);
    if (long !== undefined) throw invalidPattern(`${LENGTHS} to be at most ${keyLength}`, long);
  });
}

function define(
  options: Pattern['options'],
  { at, variant }: PerRow<IntervalSet>,
  validate: (sizes: PatternSizes) => void,
): Pattern {
  return defineBuiltIn({
    type: 'keyPadding',
    isLimit: true,
    options,
    allows: (b, _h, _q, k) => at(b).has(k),
    classify: (b, _h, _q, k) => at(b).coverage(k),
    signature: (b, _h, _q, k) => `k${variant(b)}:${k.start}`,
    variant,
    validate,
  });
}

function equalSets(a: IntervalSet, b: IntervalSet): boolean {
  return a.equals(b);
}
