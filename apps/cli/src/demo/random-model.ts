/**
 * The demo's own Longformer, for machines that have downloaded nothing. Its weights are random; otherwise
 * it is a real model, small enough to encode a novel in seconds. It has no tokenizer: each word is a token.
 */
import type { Attn, JsonObject } from '@attn/core';
import {
  Encoder,
  longformerFamily,
  LONGFORMER_PRESETS,
  randomCheckpoint,
  type ReadProgress,
} from '@attn/models/node';

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

/** Makes the model. Errors: `ABORTED`. */
export async function randomModel(
  attn: Attn,
  signal: AbortSignal,
  onProgress: (progress: ReadProgress) => void,
): Promise<Encoder> {
  const checkpoint = randomCheckpoint(longformerFamily, CONFIG);
  return new Encoder(await longformerFamily.load(checkpoint, { signal, onProgress }), undefined, attn);
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
