/**
 * Biases that depend on how far a key is from its query: ALiBi, relative biases, and parts of scores. A step
 * reads them as pieces of consecutive keys, from a table of all pieces: a copy of a piece costs little more
 * than a number.
 */
import type { AttentionProblem } from '@attn/core/backend';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';
import type { OffsetRange } from './positions.ts';

/** Pieces of biases by offset, that is, position of the key less position of the query. */
export interface OffsetBias {
  /** [members · count, size]: for each member and offset of a piece's first key, the biases of the piece. */
  readonly table: Name;
  /** Number of keys of a piece. */
  readonly size: number;
  /** The least offset of the table. Pieces further away are all like the first. */
  readonly least: number;
  /** Number of offsets. Pieces further away than the last are all like it. */
  readonly count: number;
  /** Number of members: B·H, or H where all batch rows share the biases. */
  readonly members: number;
}

/** Biases as a function of the offset. */
export interface OffsetFunction {
  /** Offsets further than this in either direction have the biases of the furthest. Default: none does. */
  readonly radius?: number;
  /** Adds the biases of some offsets: [members, offsets]. */
  emit(scope: GraphScope, offsets: Int32Array): Name;
}

/** The pairs whose biases a table holds. */
export interface OffsetPairs {
  readonly members: number;
  /** The least and greatest offset of a pair that is computed. */
  readonly range: OffsetRange;
  /** Most keys of a piece: a power of two, up to which keys of a tile are consecutive. */
  readonly run: number;
}

/** Most numbers of a table: 32 MB. Long ranges are cut into shorter pieces. */
export const MOST_NUMBERS: number = 2 ** 23;

/** Adds the table of a function of the offset. */
export function emitOffsetBias(
  scope: GraphScope,
  { emit, radius }: OffsetFunction,
  { members, range, run }: OffsetPairs,
): OffsetBias {
  let size = run;
  while (size > 1 && members * spanOf(range, radius, size).count * size > MOST_NUMBERS) size /= 2;
  const { least, count } = spanOf(range, radius, size);
  const width = count + size - 1;
  const offsets = Int32Array.from({ length: width }, (_, i) => least + i);
  const biases = emit(scope, offsets);
  return { table: emitPieces(scope, biases, { members, width, size }), size, least, count, members };
}

/** ALiBi and relative biases. */
export interface PositionBiases {
  readonly problem: AttentionProblem;
  /** Number of members of the result. */
  readonly members: number;
  /** ALiBi slopes that broadcast to [B, H], and their shape. */
  readonly slopes: { readonly name: Name; readonly shape: readonly number[] } | undefined;
  /** Relative biases [H, 2R + 1], and R. */
  readonly relative: { readonly name: Name; readonly radius: number } | undefined;
}

/** ALiBi and relative biases as a function of the offset; undefined where the call has neither. */
export function positionBiases({
  problem: { batch, heads },
  members,
  slopes,
  relative,
}: PositionBiases): OffsetFunction | undefined {
  if (slopes === undefined && relative === undefined) return undefined;
  const emit = (scope: GraphScope, offsets: Int32Array): Name => {
    const { model } = scope;
    const width = offsets.length;
    const parts: Name[] = [];
    if (slopes !== undefined) {
      const distances = model.array(
        'distances',
        { dtype: 'f32', shape: [width] },
        Float32Array.from(offsets, (x) => -Math.abs(x)),
      );
      const shape = members === heads ? [heads] : [batch, heads];
      const expanded = scope.op('Expand', [slopes.name, model.integers(shape)]);
      parts.push(scope.op('Mul', [scope.reshape(expanded, [members, 1]), distances]));
    }
    if (relative !== undefined) {
      const { name, radius } = relative;
      const columns = offsets.map((x) => Math.min(Math.max(x, -radius), radius) + radius);
      const index = model.array('offsets', { dtype: 'i32', shape: [width] }, columns);
      const biases = scope.op('Gather', [name, index], { axis: 1 });
      const ofAllRows = (): Name => scope.op('Expand', [biases, model.integers([batch, heads, width])]);
      parts.push(members === heads ? biases : scope.reshape(ofAllRows(), [members, width]));
    }
    return parts.length === 1 ? parts[0] : scope.op('Add', [parts[0], parts[1]]);
  };
  return { emit, radius: slopes === undefined ? relative?.radius : undefined };
}

/** The offsets of pieces that differ: beyond a radius, pieces are all alike. */
function spanOf(
  range: OffsetRange,
  radius: number | undefined,
  size: number,
): { readonly least: number; readonly count: number } {
  let { least, greatest } = range;
  if (radius !== undefined) {
    greatest = Math.max(Math.min(greatest, radius), -radius - size + 1);
    least = Math.min(Math.max(least, -radius - size + 1), greatest);
  }
  return { least, count: greatest - least + 1 };
}

/**
 * Adds the numbers of a table's pieces.
 * @param distances offsets of the first keys of pieces, i32
 * @param member numbers of members, i32 of a shape that broadcasts with them
 */
export function emitPieceNumbers(
  scope: GraphScope,
  { least, count }: OffsetBias,
  distances: Name,
  member: Name,
): Name {
  const int = (value: number): Name => scope.model.scalar(value, 'i32');
  const place = scope.op('Sub', [distances, int(least)]);
  const clipped = scope.op('Min', [scope.op('Max', [place, int(0)]), int(count - 1)]);
  return scope.op('Add', [clipped, scope.op('Mul', [member, int(count)])]);
}

/**
 * [members, width] → [members · (width − size + 1), size]: the pieces that begin at each place. Row i of a
 * list that is repeated in rows of one more than its length is the list from its i-th element on.
 */
function emitPieces(
  scope: GraphScope,
  biases: Name,
  { members, width, size }: { readonly members: number; readonly width: number; readonly size: number },
): Name {
  if (size === 1) return scope.reshape(biases, [-1, 1]);
  const { model } = scope;
  const repeated = scope.op('Expand', [
    scope.reshape(biases, [members, 1, width]),
    model.integers([members, size + 1, width]),
  ]);
  const flat = scope.slice(
    scope.reshape(repeated, [members, (size + 1) * width]),
    [0, size * (width + 1)],
    1,
  );
  const skewed = scope.slice(scope.reshape(flat, [members, size, width + 1]), [0, width - size + 1], 2);
  return scope.reshape(scope.op('Transpose', [skewed], { perm: [0, 2, 1] }), [-1, size]);
}
