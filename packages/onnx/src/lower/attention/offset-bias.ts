/**
 * Biases that depend on how far a key is from its query: ALiBi and relative biases. A step reads them as
 * pieces of consecutive keys, from a table of all pieces: a copy of a piece costs little more than a number.
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

/** What an offset bias is made of. */
export interface OffsetBiasOperands {
  readonly problem: AttentionProblem;
  /** ALiBi slopes that broadcast to [B, H], and their shape. */
  readonly slopes: { readonly name: Name; readonly shape: readonly number[] } | undefined;
  /** Relative biases [H, 2R + 1], and R. */
  readonly relative: { readonly name: Name; readonly radius: number } | undefined;
  /** The least and greatest offset of a pair that is computed. */
  readonly range: OffsetRange;
  /** Most keys of a piece: a power of two, up to which keys of a tile are consecutive. */
  readonly run: number;
}

/** Most numbers of a table: 32 MB. Long ranges are cut into shorter pieces. */
const MOST_NUMBERS = 2 ** 23;

/** Adds the table of an offset bias; undefined where the call has none. */
export function emitOffsetBias(scope: GraphScope, operands: OffsetBiasOperands): OffsetBias | undefined {
  const { problem, slopes, relative, run } = operands;
  if (slopes === undefined && relative === undefined) return undefined;
  const { batch, heads } = problem;
  const { model } = scope;
  const members = (slopes?.shape.length ?? 0) > 1 && batch > 1 ? batch * heads : heads;
  let size = run;
  while (size > 1 && members * spanOf(operands, size).count * size > MOST_NUMBERS) size /= 2;
  const { least, count } = spanOf(operands, size);
  const width = count + size - 1;
  const offsets = Int32Array.from({ length: width }, (_, i) => least + i);

  // [members, width]: a bias for each offset.
  const parts: Name[] = [];
  if (slopes !== undefined) {
    const distances = model.array(
      'distances',
      { dtype: 'f32', shape: [width] },
      Float32Array.from(offsets, (x) => -Math.abs(x)),
    );
    const expanded = scope.op('Expand', [
      slopes.name,
      model.integers(members === heads ? [heads] : [batch, heads]),
    ]);
    parts.push(scope.op('Mul', [scope.reshape(expanded, [members, 1]), distances]));
  }
  if (relative !== undefined) {
    const { name, radius } = relative;
    const columns = offsets.map((x) => Math.min(Math.max(x, -radius), radius) + radius);
    const index = model.array('offsets', { dtype: 'i32', shape: [width] }, columns);
    const biases = scope.op('Gather', [name, index], { axis: 1 });
    parts.push(
      members === heads
        ? biases
        : scope.reshape(scope.op('Expand', [biases, model.integers([batch, heads, width])]), [
            members,
            width,
          ]),
    );
  }
  const biases = parts.length === 1 ? parts[0] : scope.op('Add', [parts[0], parts[1]]);
  return { table: emitPieces(scope, biases, { members, width, size }), size, least, count, members };
}

/** The offsets of pieces that differ: beyond the radius of a relative bias alone, pieces are all alike. */
function spanOf(
  { slopes, relative, range }: OffsetBiasOperands,
  size: number,
): { readonly least: number; readonly count: number } {
  let { least, greatest } = range;
  if (slopes === undefined && relative !== undefined) {
    greatest = Math.max(Math.min(greatest, relative.radius), -relative.radius - size + 1);
    least = Math.min(Math.max(least, -relative.radius - size + 1), greatest);
  }
  return { least, count: greatest - least + 1 };
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
  const cut = (name: Name, axis: number, end: number): Name =>
    scope.op('Slice', [name, model.integers([0]), model.integers([end]), model.integers([axis])]);
  const repeated = scope.op('Expand', [
    scope.reshape(biases, [members, 1, width]),
    model.integers([members, size + 1, width]),
  ]);
  const flat = cut(scope.reshape(repeated, [members, (size + 1) * width]), 1, size * (width + 1));
  const skewed = cut(scope.reshape(flat, [members, size, width + 1]), 2, width - size + 1);
  return scope.reshape(scope.op('Transpose', [skewed], { perm: [0, 2, 1] }), [-1, size]);
}
