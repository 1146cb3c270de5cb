/**
 * Packed documents: tokens see their own document only. Krell et al. 2021, https://arxiv.org/abs/2107.02027
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
import { checkOptions } from './options.ts';
import { defineBuiltIn } from './define-pattern.ts';
import type { Coverage, Pattern } from './pattern.ts';
import { SegmentLabels, type LabelRange } from './segment-labels.ts';

/** Which document each position belongs to. Without `ids`, the run-time input `segmentIds` decides. */
export interface SegmentsOptions {
  /** Any integers, equal within a document: one list per batch row, or one for all. */
  readonly ids?: Rows;
}

const KINDS: OptionKinds<SegmentsOptions> = { ids: anything };

/**
 * Query q sees key k if both have the same id. Positions outside the table have none: they see no key, and no
 * query sees them.
 *
 *     ids [7, 7, 3, 3, 3]
 *     ■ ■ · · ·
 *     ■ ■ · · ·
 *     · · ■ ■ ■
 *     · · ■ ■ ■
 *     · · ■ ■ ■
 *
 * Errors: `INVALID_PATTERN`.
 *
 * @example
 * and(segments({ ids: [7, 7, 3, 3, 3] }), causal()); // two documents in one row
 */
export function segments(options: SegmentsOptions = {}): Pattern {
  const { ids } = checkOptions('segments', options, KINDS);
  if (ids === undefined) {
    return unboundPattern({
      type: 'segments',
      isLimit: true,
      input: 'segmentIds',
      bindData: (rows) => segmentsOf(boundTable(WHAT, 'segmentIds', rows, Number.MIN_SAFE_INTEGER)),
    });
  }
  return segmentsOf(rowTable(WHAT, ids, Number.MIN_SAFE_INTEGER));
}

const WHAT = "segments' ids";

function segmentsOf(table: RowTable): Pattern {
  const { at, variant } = perRow(
    table,
    (row) => new SegmentLabels(row),
    (a, b) => a.equals(b),
  );

  return defineBuiltIn({
    type: 'segments',
    isLimit: true,
    options: { ids: tableJson(table) },
    allows: (b, _h, q, k) => at(b).has(q) && at(b).labels[q] === at(b).labels[k],
    classify: (b, _h, q, k) => compare(at(b).rangeOf(q), at(b).rangeOf(k)),
    classifyRuns: (b, _h, queries, keys) => compare(at(b).rangeOfAll(queries), at(b).rangeOfAll(keys)),
    variant,
    hints: (b) => (at(b).contiguous ? [] : [{ labels: at(b).labels }]),
    validate: (sizes) => validateTable(table, sizes),
  });
}

/** The coverage of two sets of positions, from the documents that they touch. */
function compare(queries: LabelRange, keys: LabelRange): Coverage {
  if (queries.low > keys.high || keys.low > queries.high) return 'none';
  const isSame = queries.low === keys.high && queries.high === keys.low;
  return isSame && queries.complete && keys.complete ? 'all' : 'some';
}
