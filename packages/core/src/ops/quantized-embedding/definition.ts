/** The `quantizedEmbedding` op: one row of a quantised table for each id. */
import { integer } from '../../check/kinds.ts';
import type { CodeFormat } from '../../quantize/codes.ts';
import type { OpDefinition } from '../op.ts';
import { CODE_KINDS, checkCodes } from '../quantized-linear/definition.ts';
import { checkDtype } from '../validate.ts';

/** Attributes of `quantizedEmbedding`. */
export interface QuantizedEmbeddingAttributes extends CodeFormat {
  /** The length of a row, which the codes may fill up. */
  readonly dim: number;
}

/**
 * Inputs `ids` (i32 or u32, any shape) and a table [rows, dim] as `codes`, `scales?` and `zeroPoints?`, as in
 * `quantizedLinear`; output f32 `[...ids.shape, dim]`: scale · (code − zero point), rounded once, or the
 * half. An id outside of [0, rows) is an error when the graph runs. Errors: `INVALID_SHAPE`,
 * `INVALID_DTYPE`, `INVALID_ARGUMENT`.
 */
export const quantizedEmbeddingDefinition: OpDefinition<QuantizedEmbeddingAttributes> = {
  required: ['ids', 'codes'],
  optional: ['scales', 'zeroPoints'],
  attributes: {
    ...CODE_KINDS,
    dim: { ...integer(0), isRequired: true },
  },
  flops: () => 0,
  infer(inputs, { bits, block, float, dim }) {
    const { ids, codes } = inputs;
    checkDtype('quantizedEmbedding', inputs, 'ids', ['i32', 'u32']);
    checkCodes('quantizedEmbedding', inputs, codes.shape[0] ?? 0, dim, { bits, block, float });
    return [{ dtype: 'f32', shape: [...ids.shape, dim] }];
  },
};
