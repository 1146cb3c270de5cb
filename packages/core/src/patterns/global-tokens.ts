/**
 * Global tokens: a few see everything and are seen by all. Beltagy et al. 2020 (Longformer), §3.1,
 * https://arxiv.org/abs/2004.05150
 */
import type { OptionKinds } from '../check/check-options.ts';
import { anything } from '../check/kinds.ts';
import {
  boundTable,
  perRow,
  rowTable,
  tableJson,
  unboundPattern,
  validateTable,
  type RowTable,
  type Rows,
} from './batch-rows.ts';
import { IntervalSet } from './interval-set.ts';
import { checkBoolean, checkIntegers, checkOptions, invalidPattern } from './options.ts';
import { isList } from '../util/typed-array.ts';
import { defineBuiltIn } from './define-pattern.ts';
import type { Pattern, PatternSizes } from './pattern.ts';

/** Which tokens are global: by position or mask. Without either, the input `globalMask` decides. */
export interface GlobalTokensOptions {
  /** Their positions, the same in all batch rows. An empty list is legal: the pattern then allows no pair. */
  readonly indices?: ArrayLike<number>;
  /** 1 marks a global token: one list per batch row, or one for all. */
  readonly mask?: Rows;
  /** True (the default): global tokens also see every key. False: every query sees them, and that is all. */
  readonly symmetric?: boolean;
}

const KINDS: OptionKinds<GlobalTokensOptions> = { indices: anything, mask: anything, symmetric: anything };

/**
 * With G the set of global positions, query q sees key k if k ∈ G or, unless `symmetric` is false, q ∈ G.
 *
 *     globalTokens([0, 2])     globalTokens({ indices: [0, 2], symmetric: false })
 *     ■ ■ ■ ■ ■                ■ · ■ · ·
 *     ■ · ■ · ·                ■ · ■ · ·
 *     ■ ■ ■ ■ ■                ■ · ■ · ·
 *     ■ · ■ · ·                ■ · ■ · ·
 *     ■ · ■ · ·                ■ · ■ · ·
 *
 * Errors: `INVALID_PATTERN`.
 *
 * @example
 * or(slidingWindow({ before: 256, after: 256 }), globalTokens([0])); // Longformer
 */
export function globalTokens(options: ArrayLike<number> | GlobalTokensOptions = {}): Pattern {
  const byName: GlobalTokensOptions = isList(options) ? { indices: options } : options;
  const { indices, mask, symmetric = true } = checkOptions('globalTokens', byName, KINDS);
  checkBoolean("globalTokens' symmetric", symmetric);
  const direction = symmetric ? {} : { symmetric };
  if (indices !== undefined && mask !== undefined) {
    throw invalidPattern('globalTokens to have either indices or a mask', {
      indices: [...checkPositions(indices)],
      mask: '...',
    });
  }
  if (indices !== undefined) {
    const positions = checkPositions(indices);
    const set = IntervalSet.ofPositions(positions);
    const row = { at: () => set, variant: () => '' };
    return define({ indices: positions, ...direction }, row, symmetric, ({ keyLength }) => {
      const outside = positions.find((position) => position >= keyLength);
      if (outside !== undefined)
        throw invalidPattern(`globalTokens' indices to be below ${keyLength}`, outside);
    });
  }
  if (mask === undefined) {
    return unboundPattern({
      type: 'globalTokens',
      options: direction,
      input: 'globalMask',
      bindData: (rows) => marked(boundTable(MASK, 'globalMask', rows, 0, 1), symmetric),
    });
  }
  return marked(rowTable(MASK, mask, 0, 1), symmetric);
}

const MASK = "globalTokens' mask";

function marked(table: RowTable, symmetric: boolean): Pattern {
  const sets = perRow(table, IntervalSet.ofMask, (a, b) => a.equals(b));
  const options = { mask: tableJson(table), ...(symmetric ? {} : { symmetric }) };
  return define(options, sets, symmetric, (sizes) => validateTable(table, sizes));
}

/** What global tokens allow among the tokens that are not global. */
const NOTHING: Pattern = defineBuiltIn({
  type: 'globalTokens',
  options: { indices: [] },
  allows: () => false,
  classify: () => 'none',
  shiftInvariant: true,
});

function define(
  options: Pattern['options'],
  { at, variant }: { at(b: number): IntervalSet; variant(b: number): string },
  symmetric: boolean,
  validate: (sizes: PatternSizes) => void,
): Pattern {
  return defineBuiltIn({
    type: 'globalTokens',
    options,
    allows: (b, _h, q, k) => at(b).has(k) || (symmetric && at(b).has(q)),
    classify(b, _h, q, k) {
      const keys = at(b).coverage(k);
      const queries = symmetric ? at(b).coverage(q) : 'none';
      return keys === 'all' || queries === 'all'
        ? 'all'
        : keys === 'none' && queries === 'none'
          ? 'none'
          : 'some';
    },
    signature(b, _h, q, k) {
      const keys = `k${variant(b)}:${k.start}`;
      if (!symmetric || at(b).coverage(q) === 'none') return keys;
      return at(b).coverage(k) === 'none' ? `q${variant(b)}:${q.start}` : undefined;
    },
    variant,
    // Symmetric or not: without symmetry, planning these queries apart costs a little and changes nothing.
    globals: (b) => at(b).positions(),
    withoutGlobals: () => NOTHING,
    validate,
  });
}

/** Sorts the positions and removes repetitions, so that equal sets have equal keys. */
function checkPositions(indices: ArrayLike<number>): readonly number[] {
  if (isList(indices) && indices.length === 0) return [];
  const positions = checkIntegers("globalTokens' indices", indices, 0, 2 ** 31 - 2);
  return [...new Set(positions)].sort((a, b) => a - b);
}
