/**
 * The demo's own Longformer, for machines that have downloaded nothing. Its weights are random; otherwise
 * it is a real model, small enough to encode a novel in seconds. It has no tokenizer: each word is a token.
 */
import type { Attn, JsonObject } from '@attn/core';
import {
  Encoder,
  longformerFamily,
  LONGFORMER_PRESETS,
  quantizeCheckpoint,
  randomCheckpoint,
  type Checkpoint,
  type ReadProgress,
} from '@attn/models/node';
import type { readWeightOptions } from '../weights.ts';

/** Sizes of the model; Longformer-base has 12 layers that are 768 wide. */
const LAYERS = 4;
const HIDDEN = 256;

const CONFIG: JsonObject = {
  ...LONGFORMER_PRESETS['longformer-base'],
  hidden_size: HIDDEN,
  intermediate_size: 4 * HIDDEN,
  num_attention_heads: HIDDEN / 64,
  num_hidden_layers: LAYERS,
  attention_window: new Array<number>(LAYERS).fill(512),
};

/** The model, and how many bytes its weights take. */
export interface RandomModel {
  readonly model: Encoder;
  readonly weightBytes: number;
}

/** Makes the model, with weights of this form. Errors: `INVALID_ARGUMENT` for an unknown form, `ABORTED`. */
export async function randomModel(
  attn: Attn,
  { dtype = 'auto', activations }: ReturnType<typeof readWeightOptions>,
  signal: AbortSignal,
  onProgress: (progress: ReadProgress) => void,
): Promise<RandomModel> {
  const exact = randomCheckpoint(longformerFamily, CONFIG);
  // So small a model is one of f32 where nobody says more.
  const checkpoint = dtype === 'auto' ? exact : await quantizeCheckpoint(exact, { dtype });
  const network = await longformerFamily.load(checkpoint, { activations, signal, onProgress });
  return { model: new Encoder(network, undefined, attn), weightBytes: bytesOf(checkpoint) };
}

function bytesOf({ names, spec }: Checkpoint): number {
  return names.reduce((sum, name) => sum + spec(name).byteLength, 0);
}

/** Ids below this are special tokens. */
const FIRST_WORD = 4;

/**
 * An id for each word and each punctuation mark. Equal words have
 * equal ids, in any case; few different words do.
 */
export function wordIds(text: string, vocabSize: number): readonly number[] {
  const words = text.toLowerCase().match(/\p{L}+|[^\s\p{L}]/gu) ?? [];
  return words.map((word) => {
    let hash = 0x811c9dc5; // FNV-1a
    for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
    return FIRST_WORD + ((hash >>> 0) % (vocabSize - FIRST_WORD));
  });
}
