/**
 * fairseq's `linformer_roberta` written anew: a state dict with PyTorch's names and shapes, and the
 * computation of the model, row by row in plain loops over float64. It does not use this package's graphs.
 */
import { f32, type JsonObject, type Tensor } from '@attn/core';
import { mulberry32, sizeOf } from '@attn/core/backend';

/** Options in which the models of these tests differ. */
export interface FairseqVariant {
  readonly sharedKeyValue?: boolean;
  readonly layerwise?: boolean;
  readonly normBefore?: boolean;
  readonly untied?: boolean;
}

export const SIZES = {
  vocab: 23,
  width: 12,
  heads: 3,
  wide: 20,
  layers: 2,
  positions: 18,
  k: 6,
  labels: 4,
  pad: 1,
};

const ENCODER = 'encoder.sentence_encoder';

/** Names and shapes of all tensors. The names of one list belong to one tensor. */
function entries({ sharedKeyValue, layerwise, normBefore, untied }: FairseqVariant): [string[], number[]][] {
  const { vocab, width, wide, layers, positions, k, labels, pad } = SIZES;
  const words = `${ENCODER}.embed_tokens.weight`;
  const linear = (name: string, out: number, inner: number): [string[], number[]][] => [
    [[`${name}.weight`], [out, inner]],
    [[`${name}.bias`], [out]],
  ];
  const norm = (name: string): [string[], number[]][] => [
    [[`${name}.weight`], [width]],
    [[`${name}.bias`], [width]],
  ];
  const ofLayers = (...ends: string[]): string[] =>
    Array.from({ length: layers }, (_, i) => ends.map((end) => `${ENCODER}.layers.${i}.${end}`)).flat();
  const users = (part: string): string[] =>
    ofLayers(
      `shared_compress_layer.${part}`,
      `self_attn.compress_k.${part}`,
      ...(sharedKeyValue ? [] : [`self_attn.compress_v.${part}`]),
    );
  const layer = (i: number): [string[], number[]][] => {
    const name = `${ENCODER}.layers.${i}`;
    return [
      ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].flatMap((part) =>
        linear(`${name}.self_attn.${part}`, width, width),
      ),
      ...(layerwise ? [] : sharedKeyValue ? ['compress_k'] : ['compress_k', 'compress_v']).map(
        (part): [string[], number[]] => [[`${name}.self_attn.${part}.weight`], [k, positions]],
      ),
      ...norm(`${name}.self_attn_layer_norm`),
      ...linear(`${name}.fc1`, wide, width),
      ...linear(`${name}.fc2`, width, wide),
      ...norm(`${name}.final_layer_norm`),
    ];
  };
  return [
    [untied ? [words] : [words, 'encoder.lm_head.weight'], [vocab, width]],
    ...(untied ? [[['encoder.lm_head.weight'], [vocab, width]] as [string[], number[]]] : []),
    [[`${ENCODER}.embed_positions.weight`], [positions + pad + 1, width]],
    ...norm(`${ENCODER}.${normBefore ? 'layernorm_embedding' : 'emb_layer_norm'}`),
    ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
    ...(layerwise
      ? ([
          [
            [`${ENCODER}.compress_layer.weight`, ...users('weight')],
            [k, positions],
          ],
          [[`${ENCODER}.compress_layer.bias`, ...users('bias')], [k]],
        ] as [string[], number[]][])
      : []),
    ...(normBefore ? norm(`${ENCODER}.layer_norm`) : []),
    ...linear('encoder.lm_head.dense', width, width),
    ...norm('encoder.lm_head.layer_norm'),
    [['encoder.lm_head.bias'], [vocab]],
    [['encoder.version'], [1]],
    ...linear('classification_heads.mood.dense', width, width),
    ...linear('classification_heads.mood.out_proj', labels, width),
  ];
}

/**
 * A state dict that holds shared tensors under `all` names, or only
 * under the alphabetically first, as safetensors' `save_model` does.
 */
export function stateDict(variant: FairseqVariant, names: 'all' | 'first'): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [seed, [aliases, shape]] of entries(variant).entries()) {
    const random = mulberry32(seed + 1);
    // Large enough that attention is far from even.
    const spread = shape.length === 1 ? 0.5 : 2 / Math.sqrt(shape[1]);
    const centre = /norm.*weight$/.test(aliases[0]) ? 1 : 0;
    const next = (): number => centre + spread * ((random() / 2 ** 32) * 2 - 1);
    const tensor = f32(shape, Float32Array.from({ length: sizeOf(shape) }, next));
    for (const name of names === 'all' ? aliases : [...aliases].sort().slice(0, 1)) tensors.set(name, tensor);
  }
  return tensors;
}

/** The config.json of a variant. */
export function configOf({ sharedKeyValue, layerwise, normBefore, untied }: FairseqVariant): JsonObject {
  return {
    model_type: 'linformer_roberta',
    vocab_size: SIZES.vocab,
    encoder_embed_dim: SIZES.width,
    encoder_attention_heads: SIZES.heads,
    encoder_ffn_embed_dim: SIZES.wide,
    encoder_layers: SIZES.layers,
    max_positions: SIZES.positions,
    compressed: 3,
    shared_kv_compressed: sharedKeyValue ? 1 : 0,
    shared_layer_kv_compressed: layerwise ? 1 : 0,
    freeze_compress: 1,
    encoder_normalize_before: normBefore ?? false,
    untie_weights_roberta: untied ?? false,
    classification_head_name: 'mood',
    num_classes: SIZES.labels,
  };
}

type Matrix = number[][];

/**
 * The outputs of the model for one row of ids: states [n][width],
 * logits of words [n][vocab], and logits of the classifier [labels].
 */
export function direct(
  variant: FairseqVariant,
  tensors: ReadonlyMap<string, Tensor>,
  ids: readonly number[],
): { readonly states: Matrix; readonly words: Matrix; readonly classes: number[] } {
  const { width, layers, pad } = SIZES;
  const matrix = (name: string): Matrix => {
    const { shape, data } = tensors.get(name) ?? missing(name);
    const columns = shape[shape.length - 1];
    return Array.from({ length: data.length / columns }, (_, row) =>
      Array.from(data.subarray(row * columns, (row + 1) * columns)),
    );
  };
  const vector = (name: string): number[] => matrix(name)[0];
  const linear = (x: Matrix, name: string): Matrix => {
    const [weight, bias] = [matrix(`${name}.weight`), vector(`${name}.bias`)];
    return x.map((row) => weight.map((weightRow, o) => dot(row, weightRow) + bias[o]));
  };
  const norm = (x: Matrix, name: string): Matrix => {
    const [weight, bias] = [vector(`${name}.weight`), vector(`${name}.bias`)];
    return x.map((row) => {
      const mean = row.reduce((sum, value) => sum + value, 0) / width;
      const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
      return row.map((value, c) => ((value - mean) / Math.sqrt(variance + 1e-5)) * weight[c] + bias[c]);
    });
  };
  const part = (x: Matrix, name: string, f: (x: Matrix) => Matrix): Matrix => {
    const sum = (change: Matrix): Matrix => x.map((row, i) => row.map((value, c) => value + change[i][c]));
    return variant.normBefore ? sum(f(norm(x, name))) : norm(sum(f(x)), name);
  };

  let position = pad;
  const embedded = ids.map((id) => {
    if (id !== pad) position += 1;
    const place = matrix(`${ENCODER}.embed_positions.weight`)[id === pad ? pad : position];
    return matrix(`${ENCODER}.embed_tokens.weight`)[id].map((value, c) => value + place[c]);
  });
  const embeddingNorm = variant.normBefore ? 'layernorm_embedding' : 'emb_layer_norm';
  let x = norm(embedded, `${ENCODER}.${embeddingNorm}`).map((row, i) =>
    ids[i] === pad ? row.map(() => 0) : row,
  );
  for (let i = 0; i < layers; i++) {
    const layer = `${ENCODER}.layers.${i}`;
    x = part(x, `${layer}.self_attn_layer_norm`, (y) => {
      const keys = variant.layerwise ? `${ENCODER}.compress_layer` : `${layer}.self_attn.compress_k`;
      const isShared = variant.layerwise || variant.sharedKeyValue;
      const values = isShared ? keys : `${layer}.self_attn.compress_v`;
      // E has a column for each possible position. Columns after the row's end are not used, nor is a bias.
      const shortened = (name: string): Matrix =>
        matrix(`${name}.weight`).map((weights) =>
          y[0].map((_, c) => y.reduce((sum, row, n) => sum + weights[n] * row[c], 0)),
        );
      const q = linear(y, `${layer}.self_attn.q_proj`);
      const k = linear(shortened(keys), `${layer}.self_attn.k_proj`);
      const v = linear(shortened(values), `${layer}.self_attn.v_proj`);
      return linear(attend(q, k, v), `${layer}.self_attn.out_proj`);
    });
    x = part(x, `${layer}.final_layer_norm`, (y) =>
      linear(
        linear(y, `${layer}.fc1`).map((row) => row.map(gelu)),
        `${layer}.fc2`,
      ),
    );
  }
  const states = variant.normBefore ? norm(x, `${ENCODER}.layer_norm`) : x;
  const transformed = norm(
    linear(states, 'encoder.lm_head.dense').map((row) => row.map(gelu)),
    'encoder.lm_head.layer_norm',
  );
  const decoder = matrix(variant.untied ? 'encoder.lm_head.weight' : `${ENCODER}.embed_tokens.weight`);
  const bias = vector('encoder.lm_head.bias');
  const [pooled] = linear(states.slice(0, 1), 'classification_heads.mood.dense');
  return {
    states,
    words: transformed.map((row) => decoder.map((word, o) => dot(row, word) + bias[o])),
    classes: linear([pooled.map(Math.tanh)], 'classification_heads.mood.out_proj')[0],
  };
}

/** Attention of each head: softmax(q kᵀ / √d) v. */
function attend(q: Matrix, k: Matrix, v: Matrix): Matrix {
  const { width, heads } = SIZES;
  const d = width / heads;
  return q.map((query) => {
    const out: number[] = [];
    for (let at = 0; at < width; at += d) {
      const own = query.slice(at, at + d);
      const weights = k.map((key) => Math.exp(dot(own, key.slice(at, at + d)) / Math.sqrt(d)));
      const sum = weights.reduce((total, weight) => total + weight, 0);
      for (let c = at; c < at + d; c++)
        out.push(weights.reduce((total, weight, j) => total + weight * v[j][c], 0) / sum);
    }
    return out;
  });
}

/** x Φ(x), by the power series of erf, which is accurate enough for the values here. */
function gelu(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  let [term, sum] = [z, z];
  for (let n = 1; n < 120; n++) {
    term *= -(z * z) / n;
    sum += term / (2 * n + 1);
  }
  const erf = z > 5 ? 1 : (2 / Math.sqrt(Math.PI)) * sum;
  return 0.5 * x * (1 + Math.sign(x) * erf);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

function missing(name: string): never {
  throw new Error(`the state dict has no ${name}`);
}
