// Texts that are searched together are those that each gives alone.
import { createAttn, type Attn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';
import { webgpu } from '@attn/webgpu';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bartFamily } from '../bart/index.ts';
import { ledFamily } from '../led/index.ts';
import { TextGenerator } from '../loaded/text-generator.ts';
import { goldenCalled } from '../testing/golden-sets.testing.ts';
import type { GenerateOptions } from './options.ts';
import { planSearch } from './plan-search.ts';
import { searchGroups } from './search-groups.ts';
import { expectSameTogether } from './together.testing.ts';

const [led, bart] = await Promise.all([
  goldenCalled('heads', 'led', 'led_generation'),
  goldenCalled('heads', 'bart', 'bart_generation'),
]);
const models = {
  LED: await ledFamily.load(led.checkpoint, { architecture: led.architecture }),
  BART: await bartFamily.load(bart.checkpoint, { architecture: bart.architecture }),
};
/** Texts of different lengths, most of which are padded to one. */
const TEXTS = [
  [0, 5, 9, 11, 3, 8, 2],
  [0, 12, 7, 2],
  [0, ...Array.from({ length: 17 }, (_, i) => 3 + ((7 * i) % 10)), 2],
  [0, 12, 4, 6, 2],
  [0, 10, 10, 2],
];

let attn: Attn;
beforeAll(async () => {
  attn = await createAttn({ backends: [cpu(), wasm(), onnx(), webgpu()] });
});
afterAll(() => attn.dispose());

const SEARCHES: readonly GenerateOptions[] = [
  {},
  { no_repeat_ngram_size: 2, min_length: 4 },
  { do_sample: true, temperature: 2, num_return_sequences: 3, seed: 5 },
  { num_beams: 3, num_return_sequences: 2, length_penalty: 0.5 },
];

const RUNS = (['LED', 'BART'] as const).flatMap((name) =>
  ['cpu', 'wasm'].flatMap((backend) => SEARCHES.map((search) => ({ name, backend, search }))),
);
const MORE = ['onnx', 'webgpu'].map((backend) => ({ name: 'LED' as const, backend, search: SEARCHES[3] }));

test.each(process.env.ATTN_SUITE === 'whole' ? [...RUNS, ...MORE] : RUNS)(
  '$name on $backend, $search',
  async ({ name, backend, search }) => {
    const model = models[name];
    const texts = TEXTS.filter(({ length }) => length <= model.maxLength);
    const generator = new TextGenerator(model, undefined, attn);
    const options = { max_new_tokens: 10, eos_token_id: [2, 5], backend, ...search };
    await expectSameTogether(generator, texts, options);
  },
);

test('which texts are searched together', () => {
  const plan = planSearch({ num_beams: 4 }, {}, { where: 'test', eos: [2], promptLength: 1, room: 20 });
  const inputs = (lengths: readonly (number | undefined)[]) =>
    lengths.map((length) => ({
      source: {
        prompt: [2],
        text: length === undefined ? undefined : { ids: new Array<number>(length).fill(5), globalTokens: [] },
      },
      plan,
    }));
  const groups = (...lengths: readonly (number | undefined)[]) =>
    searchGroups({ maxLength: 16_384 }, inputs(lengths));
  expect(groups()).toEqual([]);
  expect(groups(20, 100, 24, 17)).toEqual([[0, 2, 3], [1]]);
  // Sixteen rows at most.
  expect(groups(5, 5, 5, 5, 5)).toEqual([[0, 1, 2, 3], [4]]);
  expect(groups(16_000, 16_000, 8_000, 8_000)).toEqual([[0], [1], [2, 3]]);
  // Models without an encoder.
  expect(groups(undefined, undefined)).toEqual([[0], [1]]);
});
