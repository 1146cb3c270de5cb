// Weights of 8 bits and halves: the logits are those of f32, nearly.
import type { JsonObject, Tensor } from '@attn/core';
import { describe, expect, test } from 'vitest';
import { bartFamily } from '../bart/index.ts';
import { BART_PRESETS } from '../bart/presets.ts';
import { randomCheckpoint } from '../checkpoint/random.ts';
import { ledFamily } from '../led/index.ts';
import { LED_PRESETS } from '../led/presets.ts';
import { referenceOutputs } from '../testing/goldens.testing.ts';

const SMALL = {
  d_model: 64,
  encoder_layers: 1,
  decoder_layers: 1,
  encoder_attention_heads: 2,
  decoder_attention_heads: 2,
  encoder_ffn_dim: 64,
  decoder_ffn_dim: 64,
  vocab_size: 40,
};
const BATCH = { inputIds: [[0, 5, 9, 11, 30, 2]], decoderInputIds: [[2, 7, 12]] };

/** The cosine between two lists of numbers. */
function cosine(a: Tensor, b: Tensor): number {
  const dot = (x: Tensor, y: Tensor): number =>
    Array.from(x.data, Number).reduce((sum, value, i) => sum + value * Number(y.data[i]), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

describe.each([
  ['LED', ledFamily, { ...LED_PRESETS['led-base'], ...SMALL, attention_window: 4 }],
  ['BART', bartFamily, { ...BART_PRESETS['bart-base'], ...SMALL }],
] as const)('of %s', (_, family, config: JsonObject) => {
  test.each(['q8', 'bf16', 'f16'] as const)('%s', async (dtype) => {
    const logits = async (form?: typeof dtype): Promise<Tensor> => {
      const model = await family.load(randomCheckpoint(family, config), form && { dtype: form });
      const { graph, inputs } = model.call(BATCH);
      return referenceOutputs(graph, inputs).logits;
    };
    const [plain, other] = [await logits(), await logits(dtype)];
    expect(cosine(plain, other)).toBeGreaterThan(0.99);
    expect(other.data).not.toEqual(plain.data);
  });
});
