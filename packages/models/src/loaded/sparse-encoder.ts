/** Models that weigh the words of a vocabulary. */
import type { Tensor } from '@attn/core';
import type { EncodeSparseOptions, SparseEmbeddings } from '../encode/encode-sparse.ts';
import type { EncodeInput } from '../encode/inputs.ts';
import { LoadedModel, runnableOf } from '../loaded-model.ts';
import { similarity, type ComparedVectors } from '../sentence/similarity.ts';
import { checkAbility } from './abilities.ts';

/**
 * A model that makes sparse vectors of texts: a folder of sentence-transformers with a `SpladePooling`.
 *
 * @example
 * const splade = await loadModel('naver/splade-v3', { attn, for: 'encodeSparse' });
 * const { vectors } = await splade.encodeSparse('Who narrates?', { as: 'query' });
 */
export class SparseEncoder extends LoadedModel {
  /**
   * Errors: `UNSUPPORTED` (a model that is none), `INVALID_ARGUMENT`. The arguments are those of
   * `LoadedModel`.
   */
  constructor(...parts: ConstructorParameters<typeof LoadedModel>) {
    super(...parts);
    checkAbility('models/SparseEncoder', 'encodeSparse', this);
  }

  /**
   * Computes a sparse vector for each text: SPLADE's weights of the tokens that the text is about, of a
   * folder of sentence-transformers with a `SpladePooling`. The indices are ids of tokens. Inputs are those
   * of `encode`.
   *
   * Errors: `UNSUPPORTED` (any other model), `INVALID_ARGUMENT`, `MISSING_INPUT`, `ABORTED`, and those of the
   * backends.
   *
   * @example
   * const [{ indices, values }] = (await splade.encodeSparse('Who narrates?', { as: 'query' })).vectors;
   * for (const [i, id] of indices.entries()) console.log(splade.tokenizer?.idToToken?.(id), values[i]);
   */
  async encodeSparse(
    inputs: EncodeInput | readonly EncodeInput[],
    options: EncodeSparseOptions = {},
  ): Promise<SparseEmbeddings> {
    const runnable = runnableOf(this);
    const { encodeSparse } = await import('../encode/encode-sparse.ts');
    return encodeSparse(runnable, inputs, options);
  }

  /**
   * How alike each vector of `a` is to each of `b`, by the measure of the folder's files
   * (`similarity_fn_name`), else by cosine: [vectors of a, vectors of b]. Vectors are tensors [vectors,
   * dimensions] or [dimensions], or sparse ones.
   *
   * Errors: `INVALID_ARGUMENT`, `INVALID_SHAPE`, `INVALID_DTYPE`.
   *
   * @example
   * const { embeddings: queries } = await model.encode(['Who narrates?'], { as: 'query' });
   * const { embeddings: documents } = await model.encode(['Call me Ishmael.'], { as: 'document' });
   * const scores = model.similarity(queries, documents); // [1, 1]
   */
  similarity(a: ComparedVectors, b: ComparedVectors): Tensor<'f32'> {
    return similarity(a, b, this.settings.sentence?.similarity);
  }
}
