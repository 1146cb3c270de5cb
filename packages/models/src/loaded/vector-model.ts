/** What models that make vectors have in common: the measure by which their vectors are compared. */
import type { Tensor } from '@attn/core';
import { LoadedModel } from '../loaded-model.ts';
import { similarity, type ComparedVectors } from '../sentence/similarity.ts';

/** A model whose vectors can be compared. */
export abstract class VectorModel extends LoadedModel {
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
