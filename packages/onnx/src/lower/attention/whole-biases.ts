/** Biases by offset of whole row blocks, made once in a run for each kind of row block (`block-kinds.ts`). */
import { TILE } from '@attn/core/backend';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';
import type { KindTables } from './block-kinds.ts';
import type { BiasTables } from './logits.ts';
import { emitPieceNumbers, type OffsetBias } from './offset-bias.ts';
import type { BinTables } from './tables.ts';

/** The biases of a bin's row blocks. */
export interface WholeBiases extends Pick<KindTables, 'numbers' | 'numbersOfStep'> {
  /** The biases of all kinds from a table of pieces: [kinds · members, 64, T · 64]. */
  tableOf(pieces: OffsetBias): Name;
}

/** Adds the biases of a bin's row blocks; undefined where too few of them are alike, or without biases. */
export function emitWholeBiases(
  scope: GraphScope,
  { offset, score }: Pick<BiasTables, 'offset' | 'score'>,
  bin: Pick<BinTables, 'kinds'>,
): WholeBiases | undefined {
  const all = [...(offset === undefined ? [] : [offset]), ...(score?.parts.values() ?? [])];
  const kinds = all.length === 0 ? undefined : bin.kinds(all[0].members);
  if (kinds === undefined) return undefined;
  const tables = new Map(all.map((pieces) => [pieces, emitWhole(scope, kinds, pieces)]));
  const { numbers, numbersOfStep } = kinds;
  return { numbers, numbersOfStep, tableOf: (pieces) => tables.get(pieces) ?? '' };
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
