// The decoder with a cache, against the decoder that sees all its tokens at once.
import { createAttn, f32, i32, type Attn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { wasm } from '@attn/wasm';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bartFamily } from '../bart/index.ts';
import { GraphRuns } from '../graph/graph-runs.ts';
import { ledFamily } from '../led/index.ts';
import { TextGenerator } from '../loaded/text-generator.ts';
import { reformerFamily } from '../reformer/index.ts';
import type { RunnableModel } from '../runnable-model.ts';
import { goldenCalled } from '../testing/golden-sets.testing.ts';
import { readGolden } from '../testing/goldens.testing.ts';
import { CachedDecoder } from './cached-decoder.ts';
import { ENDED } from './decoder.ts';
import type { StepLogits } from './step-logits.ts';

const { checkpoint, architecture } = await goldenCalled('heads', 'led', 'led_generation');
const model = await ledFamily.load(checkpoint, { architecture });
const text = { ids: [0, 5, 9, 11, 3, 8, 2], globalTokens: [0, 3] };
const WORDS = model.vocabSize;

/** The logits of all tokens. */
function allOf(step: StepLogits): Float32Array {
  return 'ids' in step ? expect.fail('only the best logits') : step;
}

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  let attn: Attn;
  let runnable: RunnableModel;
  beforeAll(async () => {
    attn = await createAttn({ backends: [backend === 'cpu' ? cpu() : wasm()] });
    runnable = { model, tokenizer: undefined, graphs: new GraphRuns(attn, model), settings: {} };
  });
  afterAll(() => attn.dispose());

  /** The logits behind a row. */
  async function expected(row: readonly number[]): Promise<Float32Array> {
    const { graph, inputs } = model.call({
      inputIds: i32([1, 7], text.ids),
      globalAttentionMask: i32([1, 7], [1, 0, 0, 1, 0, 0, 0]),
      decoderInputIds: i32([1, row.length], row),
    });
    const { logits } = await attn.run(graph, inputs, { backend });
    return (logits.data as Float32Array).subarray(-WORDS);
  }

  async function expectRows(
    step: StepLogits,
    rows: readonly (readonly number[] | undefined)[],
  ): Promise<void> {
    const logits = allOf(step);
    for (const [i, row] of rows.entries()) {
      if (row === undefined) continue;
      const own = logits.subarray(i * WORDS, (i + 1) * WORDS);
      for (const [id, logit] of (await expected(row)).entries())
        expect(Math.abs(own[id] - logit), `row ${i}, id ${id}`).toBeLessThan(2e-5);
    }
  }

  // The second is computed in one run, and its last row is cut off.
  test.each([[[2, 7]], [[2, 7, 4, 12, 9, 3, 20, 6, 8, 5, 11, 4, 7]]])(
    'the prompt %j, rows that follow others, rows that end, and more tokens than there was room for',
    async (prompt) => {
      const room = { rows: 3, maxLength: prompt.length + 7, firstCapacity: 3 };
      await using decoder = new CachedDecoder(runnable, [text], room, {});
      const run = vi.spyOn(runnable.graphs, 'run');
      const first = await decoder.start([prompt]);
      // The encoder, and two steps or one.
      expect(run).toHaveBeenCalledTimes(prompt.length === 2 ? 3 : 2);
      run.mockRestore();
      expect(allOf(first)).toHaveLength(WORDS);
      await expectRows(first, [prompt]);
      let rows: readonly (readonly number[])[] = [prompt];
      const add = async (tokens: readonly number[], sources: readonly number[]): Promise<void> => {
        rows = sources.map((source, i) => [...rows[source], tokens[i]]);
        const logits = await decoder.step(Int32Array.from(tokens), Int32Array.from(sources));
        await expectRows(
          logits,
          rows.map((row) => (row.includes(ENDED) ? undefined : row)),
        );
      };
      await add([4, 5, 6], [0, 0, 0]);
      await add([8, 9, 10], [2, 0, 0]);
      await add([11, ENDED, 12], [1, 1, 2]);
      await add([13, ENDED, 3], [2, 1, 0]);
      await add([14, ENDED, 4], [0, 1, 2]);
      expect([...decoder.backends]).toEqual([backend]);
    },
  );

  test('the best logits of each row, which are all logits where these are no numbers', async () => {
    const prompt = [2, 7];
    const logits = await expected(prompt);
    const order = Array.from(logits, (logit, id) => ({ logit, id })).toSorted((a, b) => b.logit - a.logit);
    const room = { rows: 2, maxLength: 9, best: { count: 3, sums: true } };
    await using decoder = new CachedDecoder(runnable, [text], room, {});
    const best = await decoder.start([prompt]);
    if (!('ids' in best)) expect.fail('all logits');
    expect([...best.ids]).toEqual(order.slice(0, 3).map(({ id }) => id));
    for (const [i, logit] of best.logits.entries()) expect(logit).toBeCloseTo(order[i].logit, 4);
    expect(best.sums).toHaveLength(1);
    expect(best.sums[0]).toBeCloseTo(
      logits.reduce((sum, own) => sum + Math.exp(own - order[0].logit), 0),
      3,
    );

    const { run } = runnable.graphs;
    const broken = vi.spyOn(runnable.graphs, 'run').mockImplementation(async (...call) => {
      const result = await run.apply(runnable.graphs, call);
      const { outputs } = result;
      return outputs.ids
        ? { ...result, outputs: { ...outputs, logits: f32([2, 3], [1, 0, 0, NaN, 0, 0]) } }
        : result;
    });
    const all = await decoder.step(Int32Array.of(4, 5), Int32Array.of(0, 0));
    broken.mockRestore();
    await expectRows(all, [
      [2, 7, 4],
      [2, 7, 5],
    ]);
    const next = await decoder.step(Int32Array.of(8, 9), Int32Array.of(1, 0));
    const last = await expected([2, 7, 5, 8]);
    expect('ids' in next && next.ids[0]).toBe(last.indexOf(Math.max(...last)));
  });

  test('several texts, which leave when half of them have ended', async () => {
    const others = [
      { ids: [0, 6, 7, 2], globalTokens: [0] },
      { ids: [0, 12, 13, 14, 15, 16, 17, 18, 2], globalTokens: [0, 5] },
    ];
    const texts = [text, ...others, { ids: [0, 4, 2], globalTokens: [] }];
    const open = (own: typeof texts): CachedDecoder =>
      new CachedDecoder(runnable, own, { rows: 2, maxLength: 9, firstCapacity: 4 }, {});
    await using together = open(texts);
    await using stack = new AsyncDisposableStack();
    const alone = texts.map((own) => stack.use(open([own])));
    const expectSame = (all: StepLogits, each: readonly (StepLogits | undefined)[]): void => {
      const logits = allOf(all);
      const rows = logits.length / WORDS / texts.length;
      for (const [i, own] of each.entries())
        for (const [at, logit] of (own ? allOf(own) : []).entries())
          expect(Math.abs(logits[i * rows * WORDS + at] - logit), `text ${i}`).toBeLessThan(2e-5);
    };
    const prompts = [[2], [2], [7], [2]];
    const begins = alone.map((decoder, i) => decoder.start([prompts[i]]));
    expectSame(await together.start(prompts), await Promise.all(begins));
    const E = ENDED;
    const gone: readonly [tokens: number[], sources: number[]] = [
      [E, E],
      [0, 1],
    ];
    // Tokens and sources of the rows of each text. In the third step, half of the texts are there no more.
    const steps: readonly (readonly [tokens: number[], sources: number[]])[][] = [
      [
        [
          [4, 5],
          [0, 0],
        ],
        [
          [6, 7],
          [0, 0],
        ],
        [
          [8, 9],
          [0, 0],
        ],
        [
          [10, 11],
          [0, 0],
        ],
      ],
      [
        [
          [5, E],
          [1, 1],
        ],
        gone,
        [
          [8, 12],
          [1, 0],
        ],
        [
          [3, 4],
          [1, 1],
        ],
      ],
      [
        [
          [6, E],
          [0, 1],
        ],
        gone,
        [
          [9, 13],
          [0, 0],
        ],
        gone,
      ],
      [
        [
          [7, E],
          [0, 1],
        ],
        gone,
        [
          [10, 14],
          [1, 0],
        ],
        gone,
      ],
      [
        gone,
        gone,
        [
          [11, 15],
          [1, 0],
        ],
        gone,
      ],
      [
        gone,
        gone,
        [
          [12, 16],
          [1, 1],
        ],
        gone,
      ],
    ];
    const run = vi.spyOn(runnable.graphs, 'run');
    for (const [at, step] of steps.entries()) {
      const tokens = Int32Array.from(step.flatMap(([own]) => own));
      const sources = Int32Array.from(
        step.flatMap(([, own], i) => own.map((source) => (at === 0 ? i : 2 * i + source))),
      );
      const all = allOf(await together.step(tokens, sources));
      const live = step.map(([own], i) =>
        own.includes(E) && own[0] === E
          ? undefined
          : alone[i].step(Int32Array.from(own), Int32Array.from(step[i][1])),
      );
      const expectedRows = await Promise.all(live);
      expectSame(
        all,
        expectedRows.map((rows, i) => {
          if (rows === undefined) return undefined;
          return step[i][0].includes(E) ? allOf(rows).subarray(0, WORDS) : rows;
        }),
      );
    }
    const sizes = run.mock.calls.map(([, { decoder_input_ids: ids }]) => ids.shape[0]);
    run.mockRestore();
    expect(sizes.filter((rows) => rows > 2)).toEqual([8, 8, 4, 4]);
  });

  test('a text that is alone or padded gives equal logits', async () => {
    const long = { ids: Array.from({ length: 20 }, (_, i) => 3 + (i % 19)), globalTokens: [0] };
    await using decoder = new CachedDecoder(runnable, [long], { rows: 1, maxLength: 4 }, {});
    const own = allOf(await decoder.start([[2]]));
    const { graph, inputs } = model.call({
      inputIds: i32([1, 20], long.ids),
      globalAttentionMask: i32(
        [1, 20],
        long.ids.map((_, at) => Number(at === 0)),
      ),
      decoderInputIds: [[2]],
    });
    const { logits } = await attn.run(graph, inputs, { backend });
    for (const [id, logit] of Array.from(logits.data, Number).entries())
      expect(own[id]).toBeCloseTo(logit, 4);
  });
});

test('generate: the likeliest token of what a BART sees, again and again', async () => {
  await using attn = await createAttn({ backends: [cpu()] });
  const golden = await goldenCalled('heads', 'bart', 'bart_generation');
  const bart = await bartFamily.load(golden.checkpoint, { architecture: golden.architecture });
  const ids = Array.from(golden.batch.inputIds.data, Number).slice(0, golden.batch.inputIds.shape[1]);
  const options = { max_new_tokens: 5, eos_token_id: [], forced_eos_token_id: [] };
  const { ids: written } = await new TextGenerator(bart, undefined, attn).generate(ids, options);
  const row = [bart.generation?.decoder?.startTokenId ?? expect.fail('no decoder')];
  for (const id of written) {
    const { graph, inputs } = bart.call({ inputIds: [ids], decoderInputIds: [row] });
    const { logits } = await attn.run(graph, inputs);
    const last = Array.from(logits.data.subarray(-bart.vocabSize), Number);
    expect(id).toBe(last.indexOf(Math.max(...last)));
    row.push(id);
  }
  expect(written).toHaveLength(5);
});

test('a model without a cache', async () => {
  await using attn = await createAttn({ backends: [cpu()] });
  const other = await reformerFamily.load((await readGolden('reformer_lm_odd')).checkpoint);
  const runnable = { model: other, tokenizer: undefined, graphs: new GraphRuns(attn, other), settings: {} };
  const open = (): CachedDecoder => new CachedDecoder(runnable, [text], { rows: 1, maxLength: 2 }, {});
  expect(open).toThrow('ReformerModelWithLMHead decodes without a cache');
});
