/**
 * A small Longformer of random weights, made in the page: something to try before anything is downloaded. It
 * tells words apart, and knows nothing of what they mean.
 */
import { f32, type Attn, type JsonObject } from '@attn/core';
import {
  Encoder,
  longformerFamily,
  LONGFORMER_PRESETS,
  randomCheckpoint,
  type Checkpoint,
  type ReadProgress,
  type TextTokenizer,
} from '@attn/models';

const LAYERS = 2;
const HIDDEN = 128;
const WORDS = 8192;

/** Ids below this are special tokens. */
const FIRST_WORD = 4;

const CONFIG: JsonObject = {
  ...LONGFORMER_PRESETS['longformer-base'],
  vocab_size: WORDS,
  hidden_size: HIDDEN,
  intermediate_size: 2 * HIDDEN,
  num_attention_heads: HIDDEN / 64,
  num_hidden_layers: LAYERS,
  attention_window: new Array<number>(LAYERS).fill(256),
};

/** Words and marks; each id is a hash of its word in small letters. */
export const wordTokenizer: TextTokenizer = {
  encode(text) {
    const matches = [...text.matchAll(/\p{L}+|\p{N}+|[^\s\p{L}\p{N}]/gu)];
    return {
      ids: matches.map(([word]) => idOf(word.toLowerCase())),
      offsets: matches.map(({ index, 0: word }): [number, number] => [index, index + word.length]),
      words: matches.map((_, word) => word),
    };
  },
  decode: (ids) => ids.join(' '),
};

/** FNV-1a over UTF-16 units. */
function idOf(word: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  return FIRST_WORD + ((hash >>> 0) % (WORDS - FIRST_WORD));
}

/** Queries and keys are so many times larger than at random: a word then looks at its equals. */
const SHARPNESS = 4;

/** Vectors of words are so many times larger than at random, so that they count for more than positions. */
const WORD_WEIGHT = 20;

/**
 * Random weights in which queries and keys come from one matrix: the score of two words is how alike they
 * are,
 * and equal words look at each other.
 */
function alikeWeights(): Checkpoint {
  const random = randomCheckpoint(longformerFamily, CONFIG);
  return {
    ...random,
    tensor: async (name) => {
      const tensor = await random.tensor(name.replace(/\.key(?=[._])/, '.query'));
      const factor = /\.(query|key)\.weight$/.test(name)
        ? SHARPNESS
        : name.endsWith('word_embeddings.weight')
          ? WORD_WEIGHT
          : 1;
      if (factor === 1 || !(tensor.data instanceof Float32Array)) return tensor;
      return f32(
        tensor.shape,
        tensor.data.map((value) => factor * value),
      );
    },
  };
}

/** Makes the model. Errors: `ABORTED`. */
export async function makeWordModel(
  attn: Attn,
  options: { readonly signal: AbortSignal; readonly onProgress: (progress: ReadProgress) => void },
): Promise<Encoder> {
  return new Encoder(await longformerFamily.load(alikeWeights(), options), wordTokenizer, attn);
}
