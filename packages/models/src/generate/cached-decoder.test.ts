// The decoder with a cache, against the decoder that sees all its tokens at once.
import { createAttn, i32, type Attn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { wasm } from '@attn/wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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

const { checkpoint, architecture } = await goldenCalled('heads', 'led', 'led_generation');
const model = await ledFamily.load(checkpoint, { architecture });
const text = { ids: [0, 5, 9, 11, 3, 8, 2], globalTokens: [0, 3] };
const WORDS = model.vocabSize;

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
    logits: Float32Array,
    rows: readonly (readonly number[] | undefined)[],
  ): Promise<void> {
    for (const [i, row] of rows.entries()) {
      if (row === undefined) continue;
      const own = logits.subarray(i * WORDS, (i + 1) * WORDS);
      for (const [id, logit] of (await expected(row)).entries())
        expect(Math.abs(own[id] - logit), `row ${i}, id ${id}`).toBeLessThan(2e-5);
    }
  }

  test('a prompt, rows that follow others, rows that end, and more tokens than there was room for', async () => {
    await using decoder = new CachedDecoder(runnable, text, { rows: 3, maxLength: 9, firstCapacity: 3 }, {});
    const first = await decoder.start([[2, 7]]);
    expect(first).toHaveLength(WORDS);
    await expectRows(first, [[2, 7]]);
    let rows: readonly (readonly number[])[] = [[2, 7]];
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
  });

  test('a text that is alone or padded gives equal logits', async () => {
    const long = { ids: Array.from({ length: 20 }, (_, i) => 3 + (i % 19)), globalTokens: [0] };
    await using decoder = new CachedDecoder(runnable, long, { rows: 1, maxLength: 4 }, {});
    const own = await decoder.start([[2]]);
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

test('a model without a decoder', async () => {
  await using attn = await createAttn({ backends: [cpu()] });
  const other = await reformerFamily.load((await readGolden('reformer_lm_odd')).checkpoint);
  const runnable = { model: other, tokenizer: undefined, graphs: new GraphRuns(attn, other), settings: {} };
  const open = (): CachedDecoder => new CachedDecoder(runnable, text, { rows: 1, maxLength: 2 }, {});
  expect(open).toThrow('ReformerModelWithLMHead has no decoder');
});
