/**
 * What the steps of a group of heads read: tables of the group's tokens (rows [heads · N], head by head) and of its places (chunk by
 * chunk). Where there are places without a token, one more row stands for none: zeros, seen by nobody.
 */
import { i32 } from '@attn/core';
import { type LshProblem } from '@attn/core/backend';
import type { GraphScope, Name } from '../../model/model-builder.ts';
import { emitIf } from '../attention/softmax.ts';
import type { PlaceTables } from './lists.ts';
import type { ChunkSchedule } from './schedule.ts';

/** What a group is given of its heads. */
export interface GroupInputs {
  /** [heads, N, D] and [heads, N, Dv]. */
  readonly qk: Name;
  readonly v: Name;
  /** [heads, R, N]. */
  readonly order: Name;
  readonly buckets: Name | undefined;
  /** [heads, N] bool. */
  readonly visible: Name | undefined;
}

/** The tables; `+` is the row of no token, where there is one. */
export interface GroupTables {
  /** [heads · N +, D]: queries, and unit keys times the scale. Tokens that the mask hides are zeros. */
  readonly queries: Name;
  readonly keys: Name;
  /** [heads · N +, Dv], and as results are, [heads, N, Dv]. */
  readonly values: Name;
  readonly ownValues: Name;
  /** [heads] bool: whether no logit of the head is large, and all its values are numbers that are not. */
  readonly isBounded: Name;
  /** [chunks +, chunkLength]: the row of the token at each place. */
  readonly tokens: Name;
  /** [heads · N +]: rows as keys that are compared with queries' rows; a hidden one is
   * `hiddenKey`. Undefined where none is. */
  readonly keyRows: Name | undefined;
  /** [chunks +, chunkLength]: buckets in the round of the place. */
  readonly placeBuckets: Name | undefined;
  /** For each round [heads · N +]: the chunk of each token, counted from 0 in each round; its bucket. */
  readonly chunkOf: readonly Name[];
  readonly bucketOf: readonly Name[];
  /** [heads, R, N]: where the result of each token in each round stands. */
  readonly results: Name;
  /** [heads, N] bool; undefined where all are visible. */
  readonly visible: Name | undefined;
}

/** Exponentials of logits up to this, and their sums, are far from either end of f32. */
const MOST_LOGIT = 40;

/**
 * Sums of squares below this have not overflowed, and those of vectors times `SHORTER` do not, whatever the
 * vectors hold.
 */
const MOST_SQUARES = 2 ** 120;
const SHORTER = 2 ** -70;

/** Magnitudes of values of a head add up to this at most, so that no sum of weighed ones overflows. */
const MOST_VALUES = 1e10;

/** What fills a row or place of no token; written only where there is one. */
type Fill = () => Name;

/** What stands for hidden keys: a causal query sees none that is behind it, another none that is negative. */
function hiddenKey({ causal }: Pick<LshProblem, 'causal'>): number {
  return causal ? 2 ** 31 - 1 : -1;
}

/** Writes the tables of a group. */
export function emitTables(
  body: GraphScope,
  problem: LshProblem,
  plan: ChunkSchedule,
  given: GroupInputs,
  places: PlaceTables,
): GroupTables {
  const { model } = body;
  const { length, headDim, valueDim, rounds, chunks } = problem;
  const { heads, chunkLength } = plan;
  const zero = (): Name => model.scalar(0);
  const none = (): Name => model.scalar(heads * length, 'i32');
  const noBucket = (): Name => model.scalar(0, 'i32');

  /** Without what the mask hides, which might be NaN. */
  const shown = (name: Name): Name => {
    if (given.visible === undefined) return name;
    const isShown = body.op('Unsqueeze', [given.visible, model.integers([2])]);
    return body.op('Where', [isShown, name, zero()]);
  };
  /** [heads, N, …] as a table of rows. */
  const table = (name: Name, width: readonly number[], fill: Fill): Name => {
    const rows = body.reshape(name, [heads * length, ...width]);
    if (!plan.hasPadding && !plan.hasMissing) return rows;
    return body.op('Concat', [rows, body.op('Expand', [fill(), model.integers([1, ...width])])], { axis: 0 });
  };
  /** [heads, R, N] by place, as chunks. */
  const byChunk = (name: Name, fill: Fill): Name => {
    const filled = (shape: readonly number[]): Name => body.op('Expand', [fill(), model.integers(shape)]);
    const behind = [heads, rounds, chunks * chunkLength - length];
    const padded = plan.hasPadding ? body.op('Concat', [name, filled(behind)], { axis: 2 }) : name;
    const rows = body.reshape(padded, [heads * rounds * chunks, chunkLength]);
    if (!plan.hasMissing) return rows;
    return body.op('Concat', [rows, filled([1, chunkLength])], { axis: 0 });
  };
  /** [heads, R, N] by token, as a table for each round. */
  const byRound = (name: Name): Name[] =>
    Array.from({ length: rounds }, (_, round) =>
      table(body.op('Gather', [name, model.scalar(round, 'i64')], { axis: 1 }), [], noBucket),
    );
  const byToken = (name: Name): Name =>
    body.op('ScatterElements', [given.order, given.order, name], { axis: 2 });

  const qk = shown(given.qk);
  const ownValues = shown(given.v);
  const firstRows = Int32Array.from({ length: heads }, (_, head) => head * length);
  const tokens =
    heads === 1
      ? given.order
      : body.op('Add', [given.order, model.tensor('firstRows', i32([heads, 1, 1], firstRows))]);
  const { buckets, order } = given;
  const squares = body.op('ReduceSumSquare', [qk, model.integers([-1])], { keepdims: 1 });
  return {
    queries: table(qk, [headDim], zero),
    keys: table(emitKeys(body, problem, qk, squares), [headDim], zero),
    values: table(ownValues, [valueDim], zero),
    ownValues,
    tokens: byChunk(tokens, none),
    keyRows: emitKeyRows(body, problem, plan, given.visible, table),
    placeBuckets: buckets && byChunk(body.op('GatherElements', [buckets, order], { axis: 2 }), noBucket),
    chunkOf: places.chunks === undefined ? [] : byRound(byToken(places.chunks)),
    bucketOf: places.chunks === undefined || buckets === undefined ? [] : byRound(buckets),
    results: byToken(places.results),
    isBounded: emitIsBounded(body, problem, squares, ownValues),
    visible: given.visible,
  };
}

/**
 * Unit vectors times the scale. Where sums of squares may have overflowed, those vectors are made shorter
 * first.
 */
function emitKeys(body: GraphScope, problem: LshProblem, qk: Name, squares: Name): Name {
  const { headDim, keyNorm, scale } = problem;
  const { model } = body;
  const unitKeys = (scope: GraphScope, x: Name, sums: Name, eps: Name): Name => {
    const norm =
      keyNorm === 'rms'
        ? scope.op('Sqrt', [scope.op('Add', [sums, eps])])
        : scope.op('Max', [scope.op('Sqrt', [sums]), model.scalar(1e-12)]);
    return scope.op('Mul', [x, scope.op('Div', [model.scalar(scale), norm])]);
  };
  const eps = model.scalar(headDim * 1e-6);
  const most = model.scalar(MOST_SQUARES);
  const areShort = body.op('Less', [body.op('ReduceMax', [squares], { keepdims: 0 }), most]);
  const [keys] = emitIf(
    body,
    areShort,
    1,
    (scope) => [unitKeys(scope, qk, squares, eps)],
    (scope) => {
      const isShort = scope.op('Less', [squares, most]);
      const factor = scope.op('Where', [isShort, model.scalar(1), model.scalar(SHORTER)]);
      const shorter = scope.op('Mul', [qk, factor]);
      const sums = scope.op('ReduceSumSquare', [shorter, model.integers([-1])], { keepdims: 1 });
      return [unitKeys(scope, shorter, sums, scope.op('Mul', [eps, scope.op('Mul', [factor, factor])]))];
    },
  );
  return keys;
}

/** False for NaN as well, which a maximum may lose and a sum does not. */
function emitIsBounded(body: GraphScope, { scale }: LshProblem, squares: Name, values: Name): Name {
  const { model } = body;
  const isBelow = (reduction: string, name: Name, most: number): Name =>
    body.op('Less', [
      body.op(reduction, [name, model.integers([1, 2])], { keepdims: 0 }),
      model.scalar(most),
    ]);
  const areNumbers = isBelow('ReduceSum', squares, Infinity);
  const areShort = isBelow('ReduceMax', squares, (MOST_LOGIT / scale) ** 2);
  const areSmall = isBelow('ReduceL1', values, MOST_VALUES);
  return body.op('And', [body.op('And', [areNumbers, areShort]), areSmall]);
}

function emitKeyRows(
  body: GraphScope,
  { length, causal }: LshProblem,
  { heads, hasPadding, hasMissing }: ChunkSchedule,
  visible: Name | undefined,
  table: (name: Name, width: readonly number[], fill: Fill) => Name,
): Name | undefined {
  // The row of no token is behind all: no causal query sees it.
  const isCompared = causal || (!hasPadding && !hasMissing);
  if (visible === undefined && isCompared) return undefined;
  const { model } = body;
  const rows = model.tensor(
    'rows',
    i32(
      [heads, length],
      Int32Array.from({ length: heads * length }, (_, row) => row),
    ),
  );
  const hidden = (): Name => model.scalar(hiddenKey({ causal }), 'i32');
  return table(visible === undefined ? rows : body.op('Where', [visible, rows, hidden()]), [], hidden);
}
