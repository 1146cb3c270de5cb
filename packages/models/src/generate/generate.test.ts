// Generation against its definition: the likeliest token of the
// reference's logits, again and again; and the drawing of tokens.
import { bool, createAttn, i32, type Attn } from '@attn/core';
import { cpu } from '@attn/cpu';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { byteTokenizer } from '../byte-tokenizer.ts';
import { readGolden, referenceOutputs } from '../testing/goldens.testing.ts';
import { TextGenerator } from '../loaded/text-generator.ts';
import { longformerFamily } from '../longformer/index.ts';
import { reformerFamily, type Reformer } from '../reformer/index.ts';
import { tokenChoices, sample, uniform } from './sample.ts';

let attn: Attn;
let model: Reformer;
let loaded: TextGenerator;
beforeAll(async () => {
  attn = await createAttn({ backends: [cpu()] });
  model = await reformerFamily.load((await readGolden('reformer_lm_odd')).checkpoint);
  loaded = new TextGenerator(model, byteTokenizer(-60), attn);
});
afterAll(() => attn.dispose());

const prompt = (length: number): number[] => Array.from({ length }, (_, i) => 3 + ((i * 11) % 60));
const lastLogits = (ids: readonly number[]): Float32Array => {
  const { graph, inputs } = model.call({ inputIds: i32([1, ids.length], ids) });
  const { data } = referenceOutputs(graph, inputs).logits;
  return Float32Array.from(data.slice(-71));
};
const argmax = (logits: Float32Array): number => logits.indexOf(Math.max(...logits));

// Shorter than a chunk, across the shortest chunk, across a multiple of both.
test.each([1, 5, 28])('greedy: the likeliest token after %i and more', async (length) => {
  const ids = prompt(length);
  const {
    ids: got,
    promptTokens,
    end,
    backends,
  } = await loaded.generate(ids, {
    maxNewTokens: 8,
    stopTokens: [],
  });
  expect([promptTokens, end, backends, got.length]).toEqual([length, 'length', ['cpu'], 8]);
  for (const id of got) {
    expect(id).toBe(argmax(lastLogits(ids)));
    ids.push(id);
  }
});

test('padding up to the length of a graph gives the numbers of the row alone', () => {
  for (const length of [1, 3, 7, 8, 9, 20, 33, 51]) {
    const to = model.graphLength(length);
    expect(to).toBeGreaterThanOrEqual(length);
    const row = new Int32Array(to);
    row.set(prompt(length));
    const mask = new Uint8Array(to).fill(1, 0, length);
    const { graph, inputs } = model.call({ inputIds: i32([1, to], row), attentionMask: bool([1, to], mask) });
    const { data } = referenceOutputs(graph, inputs).logits;
    const expected = lastLogits(prompt(length));
    for (const [i, logit] of expected.entries()) expect(data[(length - 1) * 71 + i]).toBeCloseTo(logit, 6);
  }
});

test('few graphs for many lengths', () => {
  const lengths = new Set(Array.from({ length: 64 }, (_, i) => model.graphLength(i + 1)));
  expect([...lengths]).toEqual([8, 16, 32, 48, 64]);
});

test('draws follow from the seed', async () => {
  const draw = async (seed: number) =>
    (await loaded.generate(prompt(5), { maxNewTokens: 6, temperature: 1.5, seed, stopTokens: [] })).ids;
  expect(await draw(1)).toEqual(await draw(1));
  expect(await draw(1)).not.toEqual(await draw(2));
});

test('a text, its tokens as they come, and where it stops', async () => {
  const tokens: number[] = [];
  const options = { maxNewTokens: 4, onToken: (id: number) => void tokens.push(id), stopTokens: [] };
  const all = await loaded.generate('QUEEQUEG', options);
  expect(all).toMatchObject({ promptTokens: 8, ids: tokens, text: byteTokenizer(-60).decode(tokens) });
  const pieces: string[] = [];
  await loaded.generate('QUEEQUEG', { ...options, onText: (piece) => void pieces.push(piece) });
  expect(pieces.join('')).toBe(all.text);
  const stopped = await loaded.generate('QUEEQUEG', { maxNewTokens: 4, stopTokens: [tokens[0]] });
  expect(stopped).toMatchObject({ ids: [tokens[0]], end: 'stop' });
});

test('goes on from a text, not from behind its end', async () => {
  const inner = byteTokenizer(-60);
  const ending = {
    decode: inner.decode,
    encode: (text: string) => {
      const { ids } = inner.encode(text);
      return { ids: [1, ...ids, 2], special: [1, ...ids.map(() => 0), 1] };
    },
  };
  const { promptTokens, ids } = await new TextGenerator(model, ending, attn).generate('QUEEQUEG');
  const same = await loaded.generate([1, ...inner.encode('QUEEQUEG').ids]);
  expect([promptTokens, ids]).toEqual([9, same.ids]);
});

test('ids that the tokenizer does not have are no text', async () => {
  const { ids, text } = await loaded.generate('QUEEQUEG', { maxNewTokens: 4, stopTokens: [] });
  const decode = vi.fn(byteTokenizer(-60).decode);
  const idToToken = (id: number) => (id === ids[0] ? undefined : 'a token');
  const fewer = new TextGenerator(model, { encode: byteTokenizer(-60).encode, decode, idToToken }, attn);
  const other = await fewer.generate('QUEEQUEG', { maxNewTokens: 4, stopTokens: [] });
  expect(other.ids).toEqual(ids);
  for (const [tokens] of decode.mock.calls) expect(tokens).not.toContain(ids[0]);
  expect(other.text).toBe(byteTokenizer(-60).decode(ids.filter((id) => id !== ids[0])));
  expect(text).toBe(byteTokenizer(-60).decode(ids));
});

test('can be aborted', async () => {
  const controller = new AbortController();
  let count = 0;
  const onToken = (): void => {
    count += 1;
    if (count === 2) controller.abort();
  };
  const options = { maxNewTokens: 20, stopTokens: [], signal: controller.signal, onToken };
  await expect(loaded.generate(prompt(5), options)).rejects.toMatchObject({ code: 'ABORTED' });
  expect(count).toBe(2);
});

describe('refuses', () => {
  test('models that do not continue texts', async () => {
    const other = await longformerFamily.load((await readGolden('longformer_short')).checkpoint);
    expect(() => new TextGenerator(other, undefined, attn)).toThrow(
      'generate needs a causal language model, such as ReformerModelWithLMHead; LongformerModel gives last_hidden_state',
    );
  });
  test('texts without a tokenizer, and everything without an attn', async () => {
    const bare = new TextGenerator(model, undefined, attn);
    await expect(bare.generate('a')).rejects.toMatchObject({ code: 'MISSING_INPUT' });
    await expect(new TextGenerator(model).generate([1])).rejects.toMatchObject({ code: 'MISSING_INPUT' });
  });
  test.each([
    [[], {}, 'the prompt must be a list of at least one id, got []'],
    ['', {}, 'the prompt must have at least one token, got ""'],
    [[1, 0.5], {}, 'the prompt must be integers from 0 to 70, got 0.5 at [1]'],
    [[1], { maxNewTokens: 0 }, 'maxNewTokens must be a positive integer, got 0'],
    [[1], { maxNewTokens: 128 }, 'must be at most 128 tokens together, got 1 + 128'],
    [[1], { temperature: -1 }, 'temperature must be a number ≥ 0, got -1'],
    [[1], { topK: 0 }, 'topK must be a positive integer, got 0'],
    [[1], { topP: 0 }, 'topP must be above 0 and at most 1, got 0'],
    [[1], { topP: NaN }, 'topP must be above 0 and at most 1, got NaN'],
    [[1], { seed: 0.5 }, 'seed must be a non-negative integer, got 0.5'],
    [[71], {}, 'the prompt must be integers from 0 to 70, got 71 at [0]'],
  ])('%j with %j', async (prompt, options, message) => {
    await expect(loaded.generate(prompt, options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
  });
});

describe('drawing', () => {
  const logits = fc.array(fc.float({ min: -30, max: 30, noNaN: true }), { minLength: 1, maxLength: 40 });

  test('only from the top k, and only from the fewest that reach p', () => {
    const topP = fc.double({ min: 0.01, max: 1, noNaN: true });
    const temperature = fc.double({ min: 0.1, max: 5, noNaN: true });
    fc.assert(
      fc.property(
        logits,
        fc.integer({ min: 1, max: 50 }),
        topP,
        temperature,
        fc.nat(),
        (values, k, p, t, seed) => {
          const nucleus = tokenChoices(values, { temperature: t, topK: k, topP: p });
          const best = tokenChoices(values, { temperature: t, topK: k });
          expect(best).toHaveLength(Math.min(k, values.length));
          const least = Math.min(...best.map(({ id }) => values[id]));
          const ids = new Set(best.map(({ id }) => id));
          expect(values.every((logit, id) => ids.has(id) || logit <= least)).toBe(true);
          const sum = (of: typeof best): number =>
            of.reduce((total, { probability }) => total + probability, 0);
          expect(sum(best)).toBeCloseTo(1, 9);
          expect(sum(nucleus)).toBeCloseTo(1, 9);
          expect(nucleus.map(({ id }) => id)).toEqual(best.slice(0, nucleus.length).map(({ id }) => id));
          expect(sum(best.slice(0, nucleus.length))).toBeGreaterThanOrEqual(p - 1e-9);
          if (nucleus.length > 1 && p < 1) expect(sum(best.slice(0, nucleus.length - 1))).toBeLessThan(p);
          const token = sample(values, { temperature: t, topK: k, topP: p }, uniform(seed));
          expect(nucleus.map(({ id }) => id)).toContain(token);
        },
      ),
    );
  });

  test('as often as softmax says', () => {
    const random = uniform(3);
    const counts = [0, 0, 0];
    for (let i = 0; i < 20_000; i++) {
      counts[sample([Math.log(1), Math.log(2), Math.log(5)], { temperature: 1 }, random)] += 1;
    }
    for (const [i, share] of [1 / 8, 2 / 8, 5 / 8].entries())
      expect(counts[i] / 20_000).toBeCloseTo(share, 1.5);
  });

  test('at temperature 0 and of one token the likeliest, the first of equal ones', () => {
    expect(sample([1, 3, 3], { temperature: 0 }, uniform(0))).toBe(1);
    expect(sample([1, 3, 3], { temperature: 1, topK: 1 }, uniform(0))).toBe(1);
  });

  test.each([0, 1])('never NaN, and the infinite one, at temperature %i', (temperature) => {
    const draw = (logits: readonly number[]): number => sample(logits, { temperature }, () => 0.4);
    expect([draw([NaN, 3, NaN]), draw([0, Infinity, 5]), draw([-Infinity, NaN, 2])]).toEqual([1, 1, 2]);
    expect(draw([-Infinity, -Infinity])).toBe(0);
    expect(() => draw([NaN, NaN])).toThrow('the model must give a logit that is a number, got 2 NaN');
  });
});
