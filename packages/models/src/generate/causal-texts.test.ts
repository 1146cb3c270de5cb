// Prompts of causal models that run together give what each gives alone, whatever their lengths are.
import { createAttn, type Attn, type Backend } from '@attn/core';
import { cpu } from '@attn/cpu';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';
import { webgpu } from '@attn/webgpu';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { smallGemma3, smallQwen3 } from '../cached/models.testing.ts';
import { GraphRuns } from '../graph/graph-runs.ts';
import { TextGenerator } from '../loaded/text-generator.ts';
import type { Model } from '../model.ts';
import type { GenerateOptions } from './options.ts';
import { planSearch } from './plan-search.ts';
import { searchGroups } from './search-groups.ts';
import { expectSameTogether } from './together.testing.ts';

const [qwen3, gemma3] = await Promise.all([smallQwen3(), smallGemma3()]);
const MODELS = { 'Qwen 3': qwen3, 'Gemma 3': gemma3 };

const BACKENDS: Readonly<Record<string, () => Backend>> = {
  cpu,
  wasm,
  onnx,
  webgpu,
  'a backend without state'() {
    const { createState: _, ...others } = cpu();
    return others;
  },
};
const IS_WHOLE = process.env.ATTN_SUITE === 'whole';

/** Tokens of a text, none of which is padding. */
const text = (length: number, from = 0): number[] =>
  Array.from({ length }, (_, i) => 1 + (((i + from) * 37 + ((i + from) >> 3)) % 60));

/** Shorter than the window of 5 and longer, and in one piece. */
const SHORT = [text(9), text(3, 5), text(16, 2), text(1, 7), text(12, 4)];
/** In several pieces; one begins behind the first piece of the longest. */
const LONG = [text(300), text(160, 5), text(290, 3)];

const attns = new Map<string, Attn>();
beforeAll(async () => {
  for (const [name, make] of Object.entries(BACKENDS))
    attns.set(name, await createAttn({ backends: [make()] }));
});
afterAll(() => Promise.all([...attns.values()].map((attn) => attn.dispose())));
const attnOn = (backend: string): Attn => attns.get(backend) ?? expect.fail(backend);

/** Rows of each run of a graph. */
function watchRows(): { readonly rows: number[]; restore(): void } {
  const rows: number[] = [];
  const { run } = GraphRuns.prototype;
  const spy = vi.spyOn(GraphRuns.prototype, 'run').mockImplementation(function (this: GraphRuns, ...call) {
    rows.push(call[1].input_ids.shape[0]);
    return run.apply(this, call);
  });
  return { rows, restore: () => spy.mockRestore() };
}

/** Compares prompts that run together with each alone. Returns the rows of all runs, those together first. */
async function expectSame(
  model: Model,
  backend: string,
  prompts: readonly (readonly number[])[],
  own: GenerateOptions,
): Promise<readonly number[]> {
  const generator = new TextGenerator(model, undefined, attnOn(backend));
  const { rows, restore } = watchRows();
  await expectSameTogether(generator, prompts, { max_new_tokens: 8, eos_token_id: [3, 17, 29, 40], ...own });
  restore();
  return rows;
}

const SEARCHES: Readonly<Record<string, GenerateOptions>> = {
  greedy: {},
  'greedy with rules': { no_repeat_ngram_size: 2, min_new_tokens: 4, forced_eos_token_id: 3 },
  'a length of all tokens': { max_new_tokens: undefined, max_length: 18 },
  draws: { do_sample: true, temperature: 2, num_return_sequences: 2, seed: 5 },
  beams: { num_beams: 3, num_return_sequences: 2 },
  'beams that are drawn': { num_beams: 3, do_sample: true, temperature: 2, num_return_sequences: 2 },
};

/** What runs without the whole suite. A GPU of software compiles the steps of beams for long. */
function isQuick(backend: string, name: string): boolean {
  return backend === 'cpu' || name === 'greedy' || (name === 'beams that are drawn' && backend !== 'webgpu');
}

describe.each(Object.keys(BACKENDS))('on %s', (backend) => {
  const names = Object.keys(SEARCHES).filter((name) => IS_WHOLE || isQuick(backend, name));
  test.each(names)('%s', async (name) => {
    const rows = await expectSame(qwen3, backend, SHORT, SEARCHES[name]);
    expect(rows[0]).toBe(5);
  });
});

test.each(IS_WHOLE ? Object.keys(BACKENDS) : ['wasm'])('prompts of several pieces on %s', async (backend) => {
  for (const model of Object.values(MODELS)) {
    const rows = await expectSame(model, backend, LONG, { max_new_tokens: 4 });
    expect(rows.slice(0, 3)).toEqual([3, 3, 3]);
  }
});

test('texts that have ended leave the steps', async () => {
  const prompts = [text(4), text(6, 1), text(5, 2), text(3, 3)];
  const generator = new TextGenerator(qwen3, undefined, attnOn('cpu'));
  const whole = await generator.generate(prompts, { max_new_tokens: 9, eos_token_id: [] });
  // The second and the third text end with their first token.
  const eos = [1, 2].map((i) => whole[i].ids[0]);
  const { rows, restore } = watchRows();
  const results = await generator.generate(prompts, { max_new_tokens: 9, eos_token_id: eos });
  restore();
  const lengths = results.map(({ ids }) => ids.length);
  expect(lengths.slice(1, 3)).toEqual([1, 1]);
  expect(rows[0]).toBe(4);
  expect(rows.at(-1)).toBeLessThanOrEqual(2);
  for (const [i, { ids }] of results.entries()) expect(ids).toEqual(whole[i].ids.slice(0, ids.length));
});

test('an abort ends all', async () => {
  const generator = new TextGenerator(gemma3, undefined, attnOn('wasm'));
  const controller = new AbortController();
  const inputs: number[] = [];
  const call = generator.generate(SHORT, {
    max_new_tokens: 20,
    eos_token_id: [],
    signal: controller.signal,
    onToken(_, input) {
      inputs.push(input);
      if (inputs.length === 7) controller.abort();
    },
  });
  await expect(call).rejects.toMatchObject({ code: 'ABORTED' });
  expect(inputs.slice(0, 7)).toEqual([0, 1, 2, 3, 4, 0, 1]);
});

describe('which prompts run together', () => {
  const groups = (model: Model, lengths: readonly number[], options = {}): readonly (readonly number[])[] => {
    const inputs = lengths.map((length) => ({
      source: { prompt: text(length), text: undefined },
      plan: planSearch(options, {}, { where: 'test', eos: [2], promptLength: length, room: 40_000 }),
    }));
    return searchGroups(model, inputs);
  };

  test('those of similar lengths, and all short ones, of at most sixteen rows', () => {
    expect(groups(qwen3, [10, 300, 64, 200, 1, 140])).toEqual([[0, 2, 4], [1, 3], [5]]);
    expect(groups(qwen3, [5, 5, 5, 5, 5], { num_beams: 4 })).toEqual([[0, 1, 2, 3], [4]]);
    expect(groups(qwen3, new Array<number>(18).fill(9)).map(({ length }) => length)).toEqual([16, 2]);
  });

  test('no more than their caches have room for', () => {
    // Together at most 16,384 places.
    expect(groups(qwen3, [8000, 8000, 8000], { max_new_tokens: 192 })).toEqual([[0, 1], [2]]);
    // A place of this model takes 192 kB, so that 512 MB are 2,730 of them.
    const model = Object.create(qwen3, {
      generation: {
        value: {
          cached: {
            ...qwen3.generation?.cached,
            step: ({ capacity }: { readonly capacity: number }) => ({
              states: new Map([['self.0.key', 0]]),
              values: [{ dtype: 'f32', shape: [1, 48, capacity, 1024] }],
            }),
          },
        },
      },
    }) as Model;
    expect(groups(model, [900, 900, 900], { max_new_tokens: 100 })).toEqual([[0, 1], [2]]);
    expect(groups(model, [30_000])).toEqual([[0]]);
  });
});
