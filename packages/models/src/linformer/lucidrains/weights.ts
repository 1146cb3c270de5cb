/**
 * Names and shapes of the tensors in a state dict of lucidrains'
 * `linformer`. `LinformerLM` holds a `Linformer` under `linformer.`.
 */
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import {
  linearSlots,
  matrixSlots,
  normSlots,
  Slot,
  sensitive,
  type LinearSlots,
  type MatrixSlots,
  type NormSlots,
  type Weight,
  type Weights,
} from '../../checkpoint/layout.ts';
import { readWeights, type ReadOptions } from '../../checkpoint/read-weights.ts';
import type { LucidrainsConfig } from './config.ts';

/** Slots of one layer: attention and feed-forward, each with the normalisation before it. */
interface LayerSlots {
  readonly attentionNorm: NormSlots;
  readonly query: MatrixSlots;
  readonly key: MatrixSlots;
  /** Undefined when values are keys. */
  readonly value: MatrixSlots | undefined;
  /** Eᵀ [n, K] as stored; E once it has been read. */
  readonly projectKeys: Slot;
  /** Fᵀ [n, K] as stored; F once it has been read. Undefined when values are keys. */
  readonly projectValues: Slot | undefined;
  readonly output: LinearSlots;
  readonly feedForwardNorm: NormSlots;
  readonly widen: LinearSlots;
  readonly narrow: LinearSlots;
}

/** Slots of all tensors. */
export interface LucidrainsSlots {
  /** Undefined in a model of vectors. */
  readonly embeddings: { readonly words: Slot; readonly positions: Slot } | undefined;
  readonly layers: readonly LayerSlots[];
  /** Undefined without a head. */
  readonly logits: LinearSlots | undefined;
}

/** All weights of a model, E and F as [K, n]. */
export type LucidrainsWeights = Weights<LucidrainsSlots>;

/** Weights of one layer. */
export type LucidrainsLayer = Weights<LayerSlots>;

/** Reads the weights of a model. Errors: those of `readWeights`. */
export async function readLucidrainsWeights(
  checkpoint: Checkpoint,
  config: LucidrainsConfig,
  options: ReadOptions = {},
): Promise<LucidrainsWeights> {
  const ignored = config.architecture === 'Linformer' ? [/^to_logits\./] : [];
  const weights = await readWeights(checkpoint, lucidrainsLayout(config), { ...options, ignored });
  const layers = weights.layers.map((layer) => ({
    ...layer,
    projectKeys: transpose(layer.projectKeys),
    projectValues: layer.projectValues && transpose(layer.projectValues),
  }));
  return { ...weights, layers };
}

/** Slots of the tensors that a model takes from a checkpoint. */
export function lucidrainsLayout(config: LucidrainsConfig): LucidrainsSlots {
  const { architecture, vocabSize, width, maxLength, layers } = config;
  const prefix = vocabSize === undefined ? '' : 'linformer.';
  return {
    embeddings:
      vocabSize === undefined
        ? undefined
        : {
            words: new Slot('token_emb.weight', [vocabSize, width], 'embeddings'),
            positions: new Slot('pos_emb.weight', [maxLength, width]),
          },
    layers: Array.from({ length: layers }, (_, i) => layerSlots(config, `${prefix}net`, i)),
    logits:
      architecture === 'LinformerLM' && vocabSize !== undefined
        ? linearSlots('to_logits', vocabSize, width)
        : undefined,
  };
}

function layerSlots(config: LucidrainsConfig, net: string, i: number): LayerSlots {
  const { width, heads, headDim, keyHeads, maxLength, projectedLength, sharedKeyValue, reversible } = config;
  const [first, second] = reversible
    ? [`${net}.blocks.${i}.f.net`, `${net}.blocks.${i}.g.net`]
    : [`${net}.layers.${i}.0`, `${net}.layers.${i}.1`];
  const matrix = (name: string, outFeatures: number): MatrixSlots =>
    matrixSlots(`${first}.fn.${name}`, outFeatures, width);
  const projection = (name: string): Slot => new Slot(`${first}.fn.${name}`, [maxLength, projectedLength]);
  return {
    attentionNorm: normSlots(`${first}.norm`, width),
    query: matrix('to_q', heads * headDim),
    key: matrix('to_k', keyHeads * headDim),
    value: sharedKeyValue ? undefined : sensitive(matrix('to_v', keyHeads * headDim)),
    projectKeys: projection('proj_k'),
    projectValues: sharedKeyValue ? undefined : projection('proj_v'),
    output: linearSlots(`${first}.fn.to_out`, width, heads * headDim),
    feedForwardNorm: normSlots(`${second}.norm`, width),
    widen: linearSlots(`${second}.fn.w1`, 4 * width, width),
    narrow: linearSlots(`${second}.fn.w2`, width, 4 * width),
  };
}

/** Transposes a matrix while it is read, so that no run has to. */
function transpose({ name, tensor: { dtype, shape, data } }: Weight): Weight {
  const [rows, columns] = shape;
  const values = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      values[column * rows + row] = data[row * columns + column];
  }
  return { name, tensor: { dtype, shape: [columns, rows], data: values } };
}
