/** A tiny LED of the original with random weights, and a tokenizer for it: each letter is a token. */
import type { Attn, JsonObject } from '@attn/core';
import { generationDefaults } from '../generate/generation-config.ts';
import { ledFamily } from '../led/index.ts';
import { TextGenerator } from '../loaded/text-generator.ts';
import { goldenCalled } from '../testing/golden-sets.testing.ts';
import type { TextTokenizer } from '../tokenizer.ts';

/** Letters `a` to `s` are ids from 3 on, later ones begin again; texts stand between 0 and 2, as BART's. */
export const LETTERS: TextTokenizer = {
  encode(text) {
    const ids = Array.from(text, (letter) => (letter === '\n' ? 22 : 3 + ((letter.charCodeAt(0) - 97) % 19)));
    return { ids: [0, ...ids, 2], sequences: [null, ...ids.map(() => 0 as const), null] };
  },
  decode: (ids) =>
    ids
      .filter((id) => id > 2)
      .map((id) => (id === 22 ? '\n' : String.fromCharCode(id + 94)))
      .join(''),
};

/** An LED that reads 32 letters and writes 20. `config` are fields of its config.json about generation. */
export async function letterModel(attn: Attn, config: JsonObject = {}): Promise<TextGenerator> {
  const golden = await goldenCalled('heads', 'led', 'led_generation');
  const model = await ledFamily.load(golden.checkpoint, { architecture: golden.architecture });
  const settings = { config, generation: generationDefaults(config, undefined) };
  return new TextGenerator(model, LETTERS, attn, undefined, settings);
}
