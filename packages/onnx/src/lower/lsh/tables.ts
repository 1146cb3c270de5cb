/**
 * Tables that the steps of a group of heads read: of the group's tokens (rows [heads · N], head by head) and
 * of its places (chunk by chunk). Where some places have no token, the tables have one more row for them:
 * zeros, which no query sees.
 */
import { i32 } from '@attn/core';
import { type LshProblem } from '@attn/core/backend';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';
import { emitIf } from '../attention/softmax.ts';
import type { PlaceTables } from './lists.ts';
import type { ChunkSchedule } from './schedule.ts';

/** The inputs of a group. */
export interface GroupInputs {
  /** [heads, N, D]. */
  readonly qk: Name;
  /** [heads, N, Dv]. */
  readonly v: Name;
  /** [heads, R, N]: the token at each place of each round. */
  readonly order: Name;
  /** [heads, R, N]: the bucket of each token in each round. Undefined where it does not matter. */
  readonly buckets: Name | undefined;
  /** [heads, N] bool: the mask, if there is one. */
  readonly visible: Name | undefined;
}

/** The tables of a group. `+` is the row for places without a token, where there are any. */
export interface GroupTables {
  /** [heads · N +, D]: queries. Masked tokens are zeros. */
  readonly queries: Name;
  /** [heads · N +, D]: unit keys times the scale. Masked tokens are zeros. */
  readonly keys: Name;
  /** [heads · N +, Dv]: values. Masked tokens are zeros. */
  readonly values: Name;
  /** [heads, N, Dv]: values in the shape of results. */
  readonly ownValues: Name;
  /** [heads] bool: whether all logits and all values of the head are small numbers. */
  readonly isBounded: Name;
  /** [chunks +, chunkLength]: the row of the token at each place. */
  readonly tokens: Name;
  /**
   * [heads · N +]: the row of each key, to compare with rows of queries; `hiddenKey` for masked ones.
   * Undefined where rows themselves tell which keys are hidden.
   */
  readonly keyRows: Name | undefined;
  /**
   * [chunks +, chunkLength]: the bucket of the token at each place, in that round. Undefined where it does
   * not matter.
   */
  readonly placeBuckets: Name | undefined;
  /**
   * For each round [heads · N +]: the chunk of each token, counted from 0 in each round. Empty unless it
   * matters.
   */
  readonly chunkOf: readonly Name[];
  /** For each round [heads · N +]: the bucket of each token. Empty unless it matters. */
  readonly bucketOf: readonly Name[];
  /** [heads, R, N]: the index of each token's result in each round. */
  readonly results: Name;
  /** [heads, N] bool: the mask. Undefined where all tokens are visible. */
  readonly visible: Name | undefined;
}

/**
 * Most magnitude of a logit in the bounded form: its exponentials and their sums are far from either end of
 * f32.
 */
const MOST_LOGIT = 40;

/** A sum of squares below this has not overflowed. */
const MOST_SQUARES = 2 ** 120;

/** Factor for longer vectors, so that their sums of squares do not overflow. */
const SHORTER = 2 ** -70;

/**
 * Most sum of magnitudes of a head's values in the bounded form, so that no sum of weighted values overflows.
 */
const MOST_VALUES = 1e10;

/** Adds the contents of a row or place without a token. It is called only where there is one. */
type Fill = () => Name;

/**
 * The row of masked keys: a causal query sees no key after it, any other query no key with a negative row.
 */
function hiddenKey({ causal }: Pick<LshProblem, 'causal'>): number {
  return causal ? 2 ** 31 - 1 : -1;
}

/** Adds the tables of a group. */
export function emitTables(
  body: GraphScope,
  problem: LshProblem,
  plan: ChunkSchedule,
  inputs: GroupInputs,
  places: PlaceTables,
): GroupTables {
  const { model } = body;
  const { length, headDim, valueDim, rounds, chunks } = problem;
  const { heads, chunkLength } = plan;
  const zero = (): Name => model.scalar(0);
  const none = (): Name => model.scalar(heads * length, 'i32');
  const noBucket = (): Name => model.scalar(0, 'i32');

  /** Zeros for masked tokens, which might be NaN. */
  const zeroMasked = (name: Name): Name => {
    if (inputs.visible === undefined) return name;
    const isVisible = body.op('Unsqueeze', [inputs.visible, model.integers([2])]);
    return body.op('Where', [isVisible, name, zero()]);
  };
  /** [heads, N, …] as a table of rows, with the row for places without a token. */
  const table = (name: Name, width: readonly number[], fill: Fill): Name => {
    const rows = body.reshape(name, [heads * length, ...width]);
    if (!plan.hasPadding && !plan.hasMissing) return rows;
    return body.op('Concat', [rows, body.op('Expand', [fill(), model.integers([1, ...width])])], { axis: 0 });
  };
  /** [heads, R, N] by place, as a table of chunks. */
  const byChunk = (name: Name, fill: Fill): Name => {
    const filled = (shape: readonly number[]): Name => body.op('Expand', [fill(), model.integers(shape)]);
    const padding = [heads, rounds, chunks * chunkLength - length];
    const padded = plan.hasPadding ? body.op('Concat', [name, filled(padding)], { axis: 2 }) : name;
    const rows = body.reshape(padded, [heads * rounds * chunks, chunkLength]);
    if (!plan.hasMissing) return rows;
    return body.op('Concat', [rows, filled([1, chunkLength])], { axis: 0 });
  };
  /** [heads, R, N] by token, as one table for each round. */
  const byRound = (name: Name): Name[] =>
    Array.from({ length: rounds }, (_, round) =>
      table(body.op('Gather', [name, model.scalar(round, 'i64')], { axis: 1 }), [], noBucket),
    );
  const { buckets, order, visible } = inputs;
  /** [heads, R, N] from the order of places to the order of tokens. */
  const byToken = (name: Name): Name => body.op('ScatterElements', [order, order, name], { axis: 2 });

  const qk = zeroMasked(inputs.qk);
  const ownValues = zeroMasked(inputs.v);
  const firstRows = Int32Array.from({ length: heads }, (_, head) => head * length);
  const tokens =
    heads === 1 ? order : body.op('Add', [order, model.tensor('firstRows', i32([heads, 1, 1], firstRows))]);
  const squares = body.op('ReduceSumSquare', [qk, model.integers([-1])], { keepdims: 1 });
  return {
    queries: table(qk, [headDim], zero),
    keys: table(emitKeys(body, problem, qk, squares), [headDim], zero),
    values: table(ownValues, [valueDim], zero),
    ownValues,
    tokens: byChunk(tokens, none),
    keyRows: emitKeyRows(body, problem, plan, visible, table),
    placeBuckets: buckets && byChunk(body.op('GatherElements', [buckets, order], { axis: 2 }), noBucket),
    chunkOf: places.chunks === undefined ? [] : byRound(byToken(places.chunks)),
    bucketOf: places.chunks === undefined || buckets === undefined ? [] : byRound(buckets),
    results: byToken(places.results),
    isBounded: emitIsBounded(body, problem, squares, ownValues),
    visible,
  };
}

/** Adds unit vectors times the scale. Vectors whose sums of squares may overflow are made shorter first. */
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
  const [keys] = emitIf(body, {
    condition: areShort,
    outputs: 1,
    whenTrue: (scope) => [unitKeys(scope, qk, squares, eps)],
    whenFalse: (scope) => {
      const isShort = scope.op('Less', [squares, most]);
      const factor = scope.op('Where', [isShort, model.scalar(1), model.scalar(SHORTER)]);
      const shorter = scope.op('Mul', [qk, factor]);
      const sums = scope.op('ReduceSumSquare', [shorter, model.integers([-1])], { keepdims: 1 });
      return [unitKeys(scope, shorter, sums, scope.op('Mul', [eps, scope.op('Mul', [factor, factor])]))];
    },
  });
  return keys;
}

/** Adds `isBounded`, which is false for NaN, too: a maximum may lose NaN, but a sum does not. */
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

/** Adds `keyRows`, where the mask or places without a token hide keys. */
function emitKeyRows(
  body: GraphScope,
  { length, causal }: LshProblem,
  { heads, hasPadding, hasMissing }: ChunkSchedule,
  visible: Name | undefined,
  table: (name: Name, width: readonly number[], fill: Fill) => Name,
): Name | undefined {
  // The row for places without a token comes after all others: no causal query sees it.
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
