// Causal models with a cache, against the same models that compute the whole text for each token.
import { createAttn, type Attn, type Backend, type Graph } from '@attn/core';
import { sizeOf } from '@attn/core/backend';
import { cpu } from '@attn/cpu';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';
import { webgpu } from '@attn/webgpu';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { smallGemma3, smallQwen3, withoutCache } from '../cached/models.testing.ts';
import { GraphRuns } from '../graph/graph-runs.ts';
import { TextGenerator } from '../loaded/text-generator.ts';
import type { CachedDecoding, Model } from '../model.ts';
import type { RunnableModel } from '../runnable-model.ts';
import { CachedDecoder, type DecoderRoom } from './cached-decoder.ts';
import { ENDED, type Decoder } from './decoder.ts';
import type { GenerateOptions } from './options.ts';
import type { StepLogits } from './step-logits.ts';
import { WholeTextDecoder } from './whole-text-decoder.ts';

const [qwen3, gemma3] = await Promise.all([smallQwen3(), smallGemma3()]);
const MODELS = { 'Qwen 3': qwen3, 'Gemma 3': gemma3 };
const WORDS = 61;

const STATEFUL = { cpu, wasm, onnx, webgpu };
const BACKENDS: Readonly<Record<string, () => Backend>> = {
  ...STATEFUL,
  'a backend without state'() {
    const { createState: _, ...others } = cpu();
    return others;
  },
};
const ALL = Object.keys(BACKENDS);
const LONG_BACKENDS = process.env.ATTN_SUITE === 'whole' ? ALL : ['wasm'];

/** Tokens of a text, none of which is padding. */
const text = (length: number): number[] => Array.from({ length }, (_, i) => 1 + ((i * 37 + (i >> 3)) % 60));

const runnableOf = (model: Model, attn: Attn): RunnableModel => ({
  model,
  tokenizer: undefined,
  graphs: new GraphRuns(attn, model),
  settings: {},
});

const cachedOf = ({ generation }: Model): CachedDecoding => generation?.cached ?? expect.fail('no cache');

let reference: Attn;
const attns = new Map<string, Attn>();
beforeAll(async () => {
  reference = await createAttn({ backends: [wasm()] });
  for (const [name, make] of Object.entries(BACKENDS))
    attns.set(name, await createAttn({ backends: [make()] }));
});
afterAll(() => Promise.all([reference, ...attns.values()].map((attn) => attn.dispose())));

const attnOn = (backend: string): Attn => attns.get(backend) ?? expect.fail(backend);

/** The logits of all tokens. */
function allOf(step: StepLogits): Float32Array {
  return 'ids' in step ? expect.fail('only the best logits') : step;
}

/** A step: the token of each row, and the rows that these follow. */
type Step = readonly [tokens: readonly number[], sources: readonly number[]];

/** Runs both decoders side by side. */
async function compare(
  model: Model,
  backend: string,
  prompts: readonly (readonly number[])[],
  steps: readonly Step[],
  room: Partial<DecoderRoom> = {},
): Promise<void> {
  const whole = {
    rows: steps[0][0].length / prompts.length,
    maxLength: prompts[0].length + steps.length,
    ...room,
  };
  await using cached = new CachedDecoder(runnableOf(model, attnOn(backend)), [], whole, {});
  await using other = new WholeTextDecoder(runnableOf(model, reference), {});
  const expectEqual = async (
    live: readonly boolean[],
    run: (decoder: Decoder) => Promise<StepLogits>,
  ): Promise<void> => {
    const [got, expected] = [allOf(await run(cached)), allOf(await run(other))];
    expect(got).toHaveLength(live.length * WORDS);
    for (const [row, isLive] of live.entries()) {
      if (!isLive) continue;
      for (let id = row * WORDS; id < (row + 1) * WORDS; id++)
        expect(Math.abs(got[id] - expected[id]), `row ${row}, id ${id % WORDS}`).toBeLessThan(2e-6);
    }
  };
  await expectEqual(
    prompts.map(() => true),
    (decoder) => decoder.start(prompts),
  );
  for (const [tokens, sources] of steps)
    await expectEqual(
      tokens.map((token) => token !== ENDED),
      (decoder) => decoder.step(Int32Array.from(tokens), Int32Array.from(sources)),
    );
  expect([...cached.backends]).toEqual([backend in STATEFUL ? backend : 'cpu']);
}

/** Rows that fork, follow others, and end. */
const FORKS: readonly Step[] = [
  [
    [4, 5, 6],
    [0, 0, 0],
  ],
  [
    [8, 9, 10],
    [2, 0, 0],
  ],
  [
    [11, ENDED, 12],
    [1, 1, 2],
  ],
  [
    [13, ENDED, 3],
    [2, 1, 0],
  ],
];

describe.each(ALL)('on %s', (backend) => {
  test('a short prompt, and room that doubles', () =>
    compare(
      gemma3,
      backend,
      [[5, 6]],
      text(6).map((token) => [[token], [0]]),
      { firstCapacity: 3 },
    ));

  test('a prompt longer than the window, and rows that fork, follow others and end', () =>
    compare(qwen3, backend, [text(20)], FORKS));

  const options: Readonly<Record<string, GenerateOptions>> = {
    greedy: {},
    beams: { num_beams: 3, num_return_sequences: 3 },
    draws: { do_sample: true, top_k: 0, num_return_sequences: 3, seed: 4 },
  };
  test.each(Object.entries(options))('generate: %s', async (_, own) => {
    const all = { ...own, max_new_tokens: 5, eos_token_id: [] };
    const [got, expected] = await Promise.all([
      new TextGenerator(qwen3, undefined, attnOn(backend)).generate(text(20), all),
      new TextGenerator(withoutCache(qwen3), undefined, reference).generate(text(20), all),
    ]);
    const ids = expected.sequences.map((sequence) => sequence.ids);
    expect(got.sequences.map((sequence) => sequence.ids)).toEqual(ids);
    expect(new Set(ids.map(String)).size).toBe(ids.length);
    for (const [i, { score = 0 }] of expected.sequences.entries())
      expect(got.sequences[i].score ?? 0).toBeCloseTo(score, 5);
  });
});

describe.each(LONG_BACKENDS)('long texts on %s', (backend) => {
  test.each(Object.entries(MODELS))('%s: a prompt of several pieces', (_, model) =>
    compare(model, backend, [text(300)], FORKS),
  );

  // The rings of these windows have 256 and 384 places.
  test.each([
    [253, qwen3],
    [381, gemma3],
  ])('two prompts of %i, and steps around the end of a ring', (length, model) =>
    compare(
      model,
      backend,
      [text(length), text(length + 9).slice(9)],
      [5, 9, 13, 17, 21].map((token) => [
        [token, token + 1],
        [0, 1],
      ]),
    ),
  );
});

// On a GPU of software it takes minutes.
test.each(LONG_BACKENDS.filter((name) => name !== 'webgpu'))(
  'a prompt for which the room doubles, and pieces around the end of a ring, on %s',
  (backend) => compare(qwen3, backend, [text(2100)], [[[5], [0]]]),
);

describe('what a step costs', () => {
  /** Numbers in the largest tensor that a graph computes. */
  const largest = ({ nodes, values }: Graph): number => {
    const written = nodes.filter(({ op }) => op === 'writeRows').flatMap(({ outputs }) => outputs);
    const computed = nodes.flatMap(({ outputs }) => outputs).filter((id) => !written.includes(id));
    return Math.max(...computed.map((id) => sizeOf(values[id].shape)));
  };
  const rowsOf = (graph: Graph): number[] =>
    graph.nodes
      .filter(({ op }) => op === 'linear')
      .map(({ outputs: [out] }) => sizeOf(graph.values[out].shape.slice(0, -1)));

  test('no graph a step, and layers that compute the new token alone', async () => {
    const runnable = runnableOf(qwen3, attnOn('wasm'));
    const run = vi.spyOn(runnable.graphs, 'run');
    await using decoder = new CachedDecoder(runnable, [], { rows: 1, maxLength: 300 }, {});
    await decoder.start([text(200)]);
    const [prompt] = run.mock.calls[0];
    expect(run.mock.calls.map(([graph]) => graph)).toEqual([prompt, prompt]);
    expect(new Set(rowsOf(prompt))).toEqual(new Set([128, 1])); // 1: the head, of the last token
    run.mockClear();
    for (let i = 0; i < 100; i++) await decoder.step(Int32Array.of(7), Int32Array.of(0));
    const [step] = run.mock.calls[0];
    expect(run.mock.calls).toHaveLength(100);
    expect(new Set(run.mock.calls.map(([graph]) => graph))).toEqual(new Set([step]));
    expect(new Set(rowsOf(step))).toEqual(new Set([1]));
  });

  test('a piece of a prompt holds no more than its own logits, and a window no more than it sees', () => {
    const { step, rowStates } = cachedOf(gemma3);
    const capacity = 65_536;
    const graph = step({ rows: 1, length: 128, capacity });
    expect(largest(graph)).toBe(128 * capacity);
    expect(largest(step({ rows: 1, capacity }))).toBe(capacity);
    const lengths = rowStates.map((name) => graph.values[graph.states.get(name) ?? -1].shape[2]);
    expect(lengths).toEqual([384, 384, capacity, capacity, 384, 384]);
  });
});

test('an abort ends a prompt between its pieces', async () => {
  const runnable = runnableOf(qwen3, attnOn('wasm'));
  const controller = new AbortController();
  const { run } = runnable.graphs;
  const pieces = vi.spyOn(runnable.graphs, 'run').mockImplementation(async (...call) => {
    const result = await run.apply(runnable.graphs, call);
    if (pieces.mock.calls.length === 2) controller.abort();
    return result;
  });
  const room = { rows: 1, maxLength: 1100 };
  await using decoder = new CachedDecoder(runnable, [], room, { signal: controller.signal });
  await expect(decoder.start([text(1000)])).rejects.toMatchObject({ code: 'ABORTED' });
  expect(pieces).toHaveBeenCalledTimes(3);
});

test('impossible steps are refused', () => {
  const { step, inputs } = cachedOf(qwen3);
  const texts = { count: 1, length: 4, padding: false };
  expect(() => step({ rows: 1, capacity: 4, texts })).toThrow(
    'texts must be absent, because the model has no encoder',
  );
  expect(() => step({ rows: 1, length: 129, capacity: 200 })).toThrow('length must be');
  const ids = [text(100)];
  expect(() => inputs({ rows: 1, length: 100, capacity: 512 }, { ids, position: 200 })).toThrow(
    'a step of 100 tokens must not go around the 256 places of a window, got position 200',
  );
  const padded = { rows: 2, capacity: 8, padding: true };
  const tokens = { ids: [[1], [2]], position: 4 };
  expect(() => inputs(padded, tokens)).toThrow('starts must be there for rows with padding, got undefined');
  expect(() => inputs(padded, { ...tokens, starts: [0, 8] })).toThrow('starts must be integers from 0 to 7');
  expect(() => inputs({ rows: 2, capacity: 8 }, { ...tokens, starts: [0, 1] })).toThrow(
    'starts must be absent for rows without padding, got [0, 1]',
  );
});
