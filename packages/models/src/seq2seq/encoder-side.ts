/** What a family says of the encoder of its models. */
import type { Tensor, Tensors } from '@attn/core';
import type { EncodedText } from '../encoder/encoded-text.ts';
import type { ModelBuilder } from '../graph/model-builder.ts';
import type { FixedCall, TokenBatch } from '../model.ts';

/** A batch, as the graph of an encoder takes it. `S` is plain data that says all that graphs differ by. */
export interface EncoderBatch<S> {
  readonly ids: Tensor<'i32'>;
  readonly shape: S;
  readonly inputs: Tensors;
}

/** An encoder with its weights. */
export interface EncoderSide<S> {
  /** Most tokens of a row. */
  readonly maxLength: number;
  readonly takesGlobalTokens: boolean;
  /** Reads a batch. Errors: those of `Model.call`. */
  read(batch: TokenBatch): EncoderBatch<S>;
  /** The shape of a checked call of `Model.fixedGraph`. Errors: `INVALID_ARGUMENT`. */
  fixedShape(call: FixedCall): S;
  /** Adds the embeddings and all layers, with the inputs that the shape names. */
  build(builder: ModelBuilder, shape: S): EncodedText;
}
