// Generation against its definition: the likeliest token of the
// reference's logits, again and again.
import { bool, createAttn, i32, type Attn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { byteTokenizer } from '../byte-tokenizer.ts';
import { readGolden, referenceOutputs } from '../testing/goldens.testing.ts';
import { TextGenerator } from '../loaded/text-generator.ts';
import type { GeneratedSequence } from './options.ts';
import { longformerFamily } from '../longformer/index.ts';
import { reformerFamily, type Reformer } from '../reformer/index.ts';

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
    max_new_tokens: 8,
    eos_token_id: [],
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
    (
      await loaded.generate(prompt(5), {
        max_new_tokens: 6,
        do_sample: true,
        temperature: 1.5,
        seed,
        eos_token_id: [],
      })
    ).ids;
  expect(await draw(1)).toEqual(await draw(1));
  expect(await draw(1)).not.toEqual(await draw(2));
});

test('a text, its tokens as they come, and where it stops', async () => {
  const tokens: number[] = [];
  const options = { max_new_tokens: 4, onToken: (id: number) => void tokens.push(id), eos_token_id: [] };
  const all = await loaded.generate('QUEEQUEG', options);
  expect(all).toMatchObject({ promptTokens: 8, ids: tokens, text: byteTokenizer(-60).decode(tokens) });
  const pieces: string[] = [];
  await loaded.generate('QUEEQUEG', { ...options, onText: (piece) => void pieces.push(piece) });
  expect(pieces.join('')).toBe(all.text);
  const stopped = await loaded.generate('QUEEQUEG', { max_new_tokens: 4, eos_token_id: [tokens[0]] });
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
  const { ids, text } = await loaded.generate('QUEEQUEG', { max_new_tokens: 4, eos_token_id: [] });
  const decode = vi.fn(byteTokenizer(-60).decode);
  const idToToken = (id: number) => (id === ids[0] ? undefined : 'a token');
  const fewer = new TextGenerator(model, { encode: byteTokenizer(-60).encode, decode, idToToken }, attn);
  const other = await fewer.generate('QUEEQUEG', { max_new_tokens: 4, eos_token_id: [] });
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
  const options = { max_new_tokens: 20, eos_token_id: [], signal: controller.signal, onToken };
  await expect(loaded.generate(prompt(5), options)).rejects.toMatchObject({ code: 'ABORTED' });
  expect(count).toBe(2);
});

test('several prompts, each as it would be alone', async () => {
  const options = { max_new_tokens: 4, do_sample: true, temperature: 1.5, seed: 2 };
  const places: number[] = [];
  const all = await loaded.generate(['QUEEQUEG', [5, 6, 7]], {
    ...options,
    onToken: (_, input) => void places.push(input),
  });
  expect(all).toEqual([
    await loaded.generate('QUEEQUEG', options),
    await loaded.generate([5, 6, 7], options),
  ]);
  expect(places).toEqual(all.flatMap(({ ids }, input) => ids.map(() => input)));
});

test('several draws of one prompt, the first of which is that of one', async () => {
  const options = { max_new_tokens: 6, do_sample: true, temperature: 2, eos_token_id: [], seed: 4 };
  const heardTokens: number[][] = [[], [], []];
  const { ids, sequences } = await loaded.generate(prompt(5), {
    ...options,
    num_return_sequences: 3,
    onToken: (id, _, text) => void heardTokens[text].push(id),
  });
  expect(sequences.map((sequence) => sequence.ids)).toEqual(heardTokens);
  expect(new Set(heardTokens.map(String)).size).toBe(3);
  expect(ids).toEqual((await loaded.generate(prompt(5), options)).ids);
});

test('beams: the best text of all, at the end', async () => {
  const options = { max_new_tokens: 2, num_beams: 71, eos_token_id: [], early_stopping: true };
  const pieces: string[] = [];
  const { ids, score, text } = await loaded.generate('QUEEQUEG', {
    ...options,
    onText: (piece) => void pieces.push(piece),
  });
  // With a beam for every word, nothing is missed.
  const logOf = (logits: Float32Array): readonly number[] => {
    const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
    return Array.from(logits, (logit) => logit - total);
  };
  const start = byteTokenizer(-60).encode('QUEEQUEG').ids;
  let best = { score: -Infinity, ids: [0, 0] };
  for (const [first, log] of logOf(lastLogits(start)).entries()) {
    const seconds = logOf(lastLogits([...start, first]));
    const second = argmax(Float32Array.from(seconds));
    const sum = (log + seconds[second]) / 2;
    if (sum > best.score) best = { score: sum, ids: [first, second] };
  }
  expect(ids).toEqual(best.ids);
  expect(score).toBeCloseTo(best.score, 4);
  expect(pieces.join('')).toBe(text);
});

test('a text ends before another', async () => {
  const options = { max_new_tokens: 12, eos_token_id: [] };
  const whole = await loaded.generate('QUEEQUEG', options);
  const text = String(whole.text);
  const stop = text.slice(4, 6);
  const pieces: string[] = [];
  const onText = (piece: string): void => void pieces.push(piece);
  const stopped = await loaded.generate('QUEEQUEG', { ...options, stop: ['~', stop], onText });
  expect(stopped).toMatchObject({ end: 'stop', text: text.slice(0, text.indexOf(stop)) });
  expect(pieces.join('')).toBe(stopped.text);
  expect(whole.ids.slice(0, stopped.ids.length)).toEqual(stopped.ids);
  expect(stopped.ids.length).toBeLessThan(12);
});

test('beams end before a text', async () => {
  const options = { max_new_tokens: 6, eos_token_id: [], num_beams: 3, num_return_sequences: 3 };
  const { decode } = byteTokenizer(-60);
  const whole = await loaded.generate('QUEEQUEG', options);
  // A token is a byte, so that a text of one letter ends a beam where its token would.
  const stop = decode([whole.ids[2]]);
  const stopped = await loaded.generate('QUEEQUEG', { ...options, stop });
  const ended = await loaded.generate('QUEEQUEG', { ...options, eos_token_id: [whole.ids[2]] });
  const plain = ({ ids, end, score }: GeneratedSequence): unknown => ({ ids, end, score });
  expect(stopped.sequences.map(plain)).toEqual(ended.sequences.map(plain));
  expect(stopped.sequences.map(({ end }) => end)).toContain('stop');
  for (const { ids, end, text } of stopped.sequences)
    expect(text).toBe(decode(end === 'stop' ? ids.slice(0, -1) : [...ids]));
});

describe('refuses', () => {
  test('models that do not continue texts', async () => {
    const other = await longformerFamily.load((await readGolden('longformer_short')).checkpoint);
    expect(() => new TextGenerator(other, undefined, attn)).toThrow(
      'generate needs a model of language, such as LEDForConditionalGeneration; LongformerModel gives last_hidden_state',
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
    [[1], { max_new_tokens: 0 }, 'max_new_tokens must be a positive integer, got 0'],
    [[1], { max_new_tokens: 128 }, 'must be at most 128 tokens together, got 1 + 128'],
    [[1], { temperature: -1 }, 'temperature must be a finite number above 0, got -1'],
    [[1], { top_k: -1 }, 'top_k must be a non-negative integer, got -1'],
    [[1], { top_p: 0 }, 'top_p must be above 0 and at most 1, got 0'],
    [[1], { top_p: NaN }, 'top_p must be above 0 and at most 1, got NaN'],
    [[1], { seed: 0.5 }, 'seed must be a non-negative integer, got 0.5'],
    [[1], { decoder_input_ids: [2] }, 'has no encoder, so decoder_input_ids must be absent, got [2]'],
    [[1], { decoder_start_token_id: 2 }, 'has no encoder, so decoder_start_token_id must be absent, got 2'],
    [[1], { globalTokens: [0] }, 'reads no global tokens, so globalTokens must be absent, got [0]'],
    [[1], { stop: '' }, 'stop must be a text or texts, got ""'],
    [[1], { eos_token_id: 71 }, 'eos_token_id must be integers from 0 to 70, got 71 at [0]'],
    [[71], {}, 'the prompt must be integers from 0 to 70, got 71 at [0]'],
  ])('%j with %j', async (prompt, options, message) => {
    await expect(loaded.generate(prompt, options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
  });
});
