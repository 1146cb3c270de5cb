/** A single call of Linformer's attention. */
import type { Value } from '../graph/builder.ts';
import { buildLinformer } from '../systems/linformer/linformer.ts';
import {
  checkSeesAll,
  LINFORMER_OPERANDS,
  LINFORMER_OPTIONS,
  type LinformerInputs,
  type LinformerOptions,
} from '../systems/linformer/options.ts';
import type { Tensor } from '../tensor.ts';
import type { AttentionResult } from './attention.ts';
import { defineCall, type Call } from './call.ts';

/**
 * Tensors and options of a call; `LinformerInputs` has the shapes. Keys that are values as well are one
 * object in both places.
 */
export interface LinformerCall<Lse extends boolean = boolean>
  extends LinformerInputs<Tensor>, Omit<LinformerOptions, 'returnLse'> {
  /** Whether the result has the log-sum-exp of each row of scores. Default false. */
  readonly returnLse?: Lse;
}

const call = defineCall<LinformerCall, LinformerInputs<Value>, AttentionResult>({
  name: 'linformer',
  ...LINFORMER_OPERANDS,
  options: LINFORMER_OPTIONS,
  sameAs: { v: 'k' },
  check: checkSeesAll,
  build: (builder, values, options) => ({ ...buildLinformer(builder, values, options) }),
});

/**
 * Linformer's attention as a call for `Attn.run`: keys and values are projected along the sequence to a
 * fixed length, and queries attend to what is left. Tensors: q, k, v [batch, heads, tokens, headDim], E
 * [projected, tokens] or a list by head; see `LinformerCall` for the others. Errors: `INVALID_ARGUMENT`,
 * `MISSING_INPUT` at once; those of shapes and dtypes when it is run.
 *
 * Wang et al. 2020, section 4 (https://arxiv.org/abs/2006.04768).
 *
 * @example
 * const { out } = await attn.run(linformer({ q, k, v, E }));
 */
export function linformer<Lse extends boolean = false>(
  options: LinformerCall<Lse>,
): Call<AttentionResult<Lse>> {
  return call(options) as Call<AttentionResult<Lse>>;
}
