/**
 * Biases by offset of whole row blocks, made once in a run for each kind of row block (`block-kinds.ts`).
 * What is added to logits last becomes a factor of the weights: exp(s + b) = exp(s) · exp(b). So a window
 * with ALiBi multiplies its weights once, as one without multiplies them with a mask.
 */
import { partKey, TILE } from '@attn/core/backend';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';
import type { KindTables } from './block-kinds.ts';
import { factoredBiases, type BiasTables, type FactoredBiases } from './logits.ts';
import { emitPieceNumbers, type OffsetBias } from './offset-bias.ts';
import type { BinTables } from './tables.ts';

/** Biases below this have the factor 0. Others are far from the least numbers. */
const LEAST_BIAS = -60;

/**
 * The least sum of a row's weights over the sum of its weights before the factors. What has the factor 0 adds
 * less than exp(-60) of the latter, and counts for nothing above this.
 */
export const LEAST_SHARE = 1.5e-19;

/** The biases of a bin's row blocks. */
export interface WholeBiases extends Pick<KindTables, 'numbers' | 'numbersOfStep'> {
  readonly factored: FactoredBiases;
  /**
   * Factors of weights, 0 where a mask hides a pair: [kinds · members, 64, T · 64]. Undefined where weights
   * are only multiplied with the bin's shared mask, if any.
   */
  readonly factors: Name | undefined;
  /** Whether all biases are factors, but for a dense one. */
  readonly areFactored: boolean;
  /** The biases of all kinds from a table of pieces: [kinds · members, 64, T · 64]. */
  tableOf(pieces: OffsetBias): Name;
}

/** Adds the biases of a bin's row blocks; undefined where too few of them are alike, or without biases. */
export function emitWholeBiases(
  scope: GraphScope,
  biases: Pick<BiasTables, 'offset' | 'score'>,
  bin: Pick<BinTables, 'kinds' | 'sharedMask'>,
): WholeBiases | undefined {
  const { offset, score } = biases;
  const first = offset ?? score?.parts.values().next().value;
  if (first === undefined) return undefined;
  const kinds = bin.kinds(first.members);
  if (kinds === undefined) return undefined;
  const tables = new Map<OffsetBias, Name>();
  const tableOf = (pieces: OffsetBias): Name => {
    const table = tables.get(pieces) ?? emitWhole(scope, kinds, pieces);
    tables.set(pieces, table);
    return table;
  };
  const factored = factoredBiases(biases);
  const addends = [
    ...(factored.offset && offset !== undefined ? [tableOf(offset)] : []),
    ...(score?.sum.addends ?? []).flatMap(({ part, sign }) => {
      const pieces = score?.parts.get(partKey(part));
      if (pieces === undefined) return [];
      return sign === 1 ? [tableOf(pieces)] : [scope.op('Neg', [tableOf(pieces)])];
    }),
  ];
  const { numbers, numbersOfStep } = kinds;
  const isOnlyMasked = addends.length === 0 && bin.sharedMask !== undefined;
  const factors = isOnlyMasked ? undefined : emitFactors(scope, addends, kinds, first.members);
  const areFactored = score === undefined || score.sum.rest === 's';
  return { numbers, numbersOfStep, factored, factors, areFactored, tableOf };
}

/** Adds exp of the sum of some biases, 0 where it is too small, and where a mask hides pairs. */
function emitFactors(
  scope: GraphScope,
  addends: readonly Name[],
  { kinds, tiles, masks }: KindTables,
  members: number,
): Name | undefined {
  const mask = masks();
  const byMember = [kinds, members, TILE, tiles * TILE];
  const whole = (value: Name): Name => scope.reshape(value, [kinds * members, TILE, tiles * TILE]);
  if (addends.length === 0) return mask && whole(scope.op('Expand', [mask, scope.model.integers(byMember)]));
  const sum = addends.reduce((a, b) => scope.op('Add', [a, b]));
  const counts = scope.cast(scope.op('Greater', [sum, scope.model.scalar(LEAST_BIAS)]), 'f32');
  const factors = scope.op('Mul', [scope.op('Exp', [sum]), counts]);
  return mask === undefined ? factors : whole(scope.op('Mul', [scope.reshape(factors, byMember), mask]));
}

function emitWhole(scope: GraphScope, { kinds, tiles, distances }: KindTables, pieces: OffsetBias): Name {
  const { members, size, table } = pieces;
  const member = scope.model.array(
    'members',
    { dtype: 'i32', shape: [members, 1, 1] },
    Int32Array.from({ length: members }, (_, index) => index),
  );
  const numbers = emitPieceNumbers(scope, pieces, distances(size), member);
  return scope.reshape(scope.op('Gather', [table, numbers]), [kinds * members, TILE, tiles * TILE]);
}
