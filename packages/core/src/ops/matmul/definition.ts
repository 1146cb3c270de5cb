/**
 * The `matmul` op: a·b over the last two axes, for projections along the sequence (Linformer) and for logits.
 */
import { aBoolean } from '../../check/kinds.ts';
import { show } from '../../errors.ts';
import { sizeOf } from '../../tensor.ts';
import { broadcastShape } from '../broadcast.ts';
import type { OpDefinition } from '../op.ts';
import { checkMinRank, fail, sharedFloat } from '../validate.ts';

/** Attributes of `matmul`. */
export interface MatmulAttributes {
  /** `a` has the shape [..., k, m]. Default false. */
  readonly transposeA?: boolean;
  /** `b` has the shape [..., n, k]. Default false. */
  readonly transposeB?: boolean;
}

/**
 * Inputs `a [..., m, k]` and `b [..., k, n]`, both f32 or both f16, at least two axes each; the axes before
 * the last two broadcast like NumPy. Output `[..., m, n]`. Errors: `INVALID_SHAPE`, `INVALID_DTYPE`.
 */
export const matmulDefinition: OpDefinition<MatmulAttributes> = {
  required: ['a', 'b'],
  attributes: { transposeA: aBoolean, transposeB: aBoolean },
  flops: ({ a, b }, attributes) => {
    const { batch, m, n, k } = matmulSizes(a.shape, b.shape, attributes);
    return 2 * sizeOf(batch) * m * n * k;
  },
  infer(inputs, attributes) {
    const dtype = sharedFloat('matmul', inputs, ['a', 'b']);
    checkMinRank('matmul', inputs, 'a', 2);
    checkMinRank('matmul', inputs, 'b', 2);
    const { a, b } = inputs;
    const { batch, m, n, k, kOfB } = matmulSizes(a.shape, b.shape, attributes);
    if (k !== kOfB) {
      const shapes = `${show(a.shape)} and ${show(b.shape)}`;
      fail('INVALID_SHAPE', 'matmul', `reduction lengths must be equal, got ${k} and ${kOfB} in ${shapes}`);
    }
    return [{ dtype, shape: [...batch, m, n] }];
  },
};

/** Extents of a product. */
export interface MatmulSizes {
  /** The broadcast axes before the last two. */
  readonly batch: readonly number[];
  readonly m: number;
  readonly n: number;
  /** Reduction length, as `a` has it. */
  readonly k: number;
  /** Reduction length, as `b` has it; equal to `k` in valid products. */
  readonly kOfB: number;
}

/**
 * Reads the extents of a product off the shapes. Errors: `INVALID_SHAPE` when the batch axes do not
 * broadcast.
 */
export function matmulSizes(
  a: readonly number[],
  b: readonly number[],
  { transposeA = false, transposeB = false }: MatmulAttributes,
): MatmulSizes {
  const [rowsOfA, columnsOfA] = a.slice(-2);
  const [rowsOfB, columnsOfB] = b.slice(-2);
  return {
    batch: broadcastShape('matmul', a.slice(0, -2), b.slice(0, -2)),
    m: transposeA ? columnsOfA : rowsOfA,
    k: transposeA ? rowsOfA : columnsOfA,
    kOfB: transposeB ? columnsOfB : rowsOfB,
    n: transposeB ? rowsOfB : columnsOfB,
  };
}
