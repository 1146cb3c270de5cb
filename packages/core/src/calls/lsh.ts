/** A single call of Reformer's LSH attention. */
import { aBoolean } from '../check/kinds.ts';
import type { Value } from '../graph/builder.ts';
import {
  buildLsh,
  LSH_OPERANDS,
  LSH_OPTIONS,
  type LshOperands,
  type LshOptions,
} from '../systems/reformer/lsh.ts';
import type { Tensor } from '../tensor.ts';
import { defineCall, type Call } from './call.ts';
import type { With } from './results.ts';

/** Tensors and options of a call; `LshOperands` has the shapes. */
export interface LshCall<Lse extends boolean = boolean, Order extends boolean = boolean>
  extends LshOperands<Tensor>, Omit<LshOptions, 'returnLse'> {
  /** Whether the result has the log-sum-exp of each row of scores. Default false. */
  readonly returnLse?: Lse;
  /**
   * Whether the result has `order` and, where something was hashed, `buckets`, to look at or to give to a
   * later call. Default false.
   */
  readonly returnOrder?: Order;
}

/** The result of LSH attention. */
export type LshResult<Lse extends boolean = boolean, Order extends boolean = boolean> = {
  /** [batch, heads, tokens, valueDim] in the layout of the call. */
  readonly out: Tensor;
} & With<
  Lse,
  {
    /** [batch, heads, tokens], f32, with `returnLse`. */
    readonly lse: Tensor;
  }
> &
  With<
    Order,
    {
      /**
       * [batch, heads, rounds, tokens], i32, with `returnOrder`: the tokens of each round in the order of
       * their buckets.
       */
      readonly order: Tensor;
      /** [batch, heads, rounds, tokens], i32, with `returnOrder`; absent where nothing was hashed. */
      readonly buckets?: Tensor;
    }
  >;

const call = defineCall<LshCall, LshOperands<Value>, LshResult>({
  name: 'lsh',
  ...LSH_OPERANDS,
  options: { ...LSH_OPTIONS, returnOrder: aBoolean },
  build(builder, values, { returnOrder = false, ...options }) {
    const { out, lse, buckets, order } = buildLsh(builder, values, options);
    return returnOrder ? { out, lse, buckets, order } : { out, lse };
  },
});

/**
 * Reformer's LSH attention as a call for `Attn.run`: tokens are hashed into buckets, sorted by bucket, and
 * attend within chunks of the sorted sequence. Tensors: q [batch, heads, tokens, headDim], which is query
 * and key, v [batch, heads, tokens, valueDim]; see `LshCall` for the others. Errors: `INVALID_ARGUMENT`,
 * `MISSING_INPUT` at once; those of shapes and dtypes when it is run.
 *
 * Kitaev et al. 2020, section 2 (https://arxiv.org/abs/2001.04451).
 *
 * @example
 * const { out } = await attn.run(lsh({ q, v, rounds: 4, causal: true }));
 */
export function lsh<Lse extends boolean = false, Order extends boolean = false>(
  options: LshCall<Lse, Order>,
): Call<LshResult<Lse, Order>> {
  return call(options) as Call<LshResult<Lse, Order>>;
}
