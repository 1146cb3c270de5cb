/** How `question-answering` is called, and contexts that the goldens do not have. */
import type { Attn, Tensors } from '@attn/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bertFamily } from '../../bert/index.ts';
import { bigBirdFamily } from '../../bigbird/index.ts';
import { randomCheckpoint } from '../../checkpoint/random.ts';
import { LoadedModel } from '../../loaded-model.ts';
import { longformerFamily } from '../../longformer/index.ts';
import type { ModelFamily } from '../../model.ts';
import { modernBertFamily } from '../../modernbert/index.ts';
import { loadTokenizer, pipeline } from '../../node.ts';
import { goldenCalled } from '../../testing/golden-sets.testing.ts';
import { readGolden } from '../../testing/goldens.testing.ts';
import { attnOn, taskFolders } from '../golden-tasks.testing.ts';
import type { Pipeline } from '../pipeline.ts';
import type { QuestionInput } from './input.ts';
import type { QuestionAnswer, QuestionAnsweringOptions } from './options.ts';

const folders = taskFolders('question-answering');
const folder = folders.find(({ name }) => name === 'qa-bert')!;
const QUESTION = 'Where did they sail to?';
const { context: CONTEXT } = folder.cases[0].input as unknown as QuestionInput;

let attn: Attn;
let ask: Pipeline<'question-answering'>;
beforeAll(async () => {
  attn = await attnOn('cpu');
  ask = await pipeline('question-answering', folder.path, { attn });
});
afterAll(() => attn.dispose());

describe('the ways to ask', () => {
  const other = 'The Pequod sailed from Nantucket.';

  test('give the same answers', async () => {
    const [first, second] = [await ask(QUESTION, CONTEXT), await ask('Who?', other)];
    expect(first.answer).toBe(CONTEXT.slice(first.start, first.end));
    expect(first).not.toHaveProperty('windows');
    const near = (answer: QuestionAnswer): QuestionAnswer => ({
      ...answer,
      score: expect.closeTo(answer.score, 6) as number,
      noAnswer: expect.closeTo(answer.noAnswer, 6) as number,
    });
    const both = [near(first), near(second)];
    expect(await ask({ question: QUESTION, context: CONTEXT })).toEqual(near(first));
    expect(await ask([QUESTION, 'Who?'], [CONTEXT, other])).toEqual(both);
    expect(
      await ask([
        { question: QUESTION, context: CONTEXT },
        { question: 'Who?', context: other },
      ]),
    ).toEqual(both);
    expect((await ask([QUESTION, 'Who?'], CONTEXT))[0]).toEqual(near(first));
    expect((await ask('Who?', [CONTEXT, other]))[1]).toEqual(near(second));
    expect(await ask([QUESTION], [CONTEXT])).toEqual([near(first)]);
    expect(await ask([])).toEqual([]);
    expect(await ask([], [])).toEqual([]);
    expect(await ask([], CONTEXT)).toEqual([]);
  });

  test('options stand last, and several answers are a list', async () => {
    const options = { top_k: 3, max_answer_len: 4 } as const;
    const answers = await ask(QUESTION, CONTEXT, options);
    expect(answers).toHaveLength(3);
    const [a, b, c] = answers.map(({ score }) => score);
    expect(a).toBeGreaterThan(b);
    expect(b).toBeGreaterThan(c);
    expect(await ask({ question: QUESTION, context: CONTEXT }, options)).toEqual(answers);
    const [[best]] = await ask([QUESTION], CONTEXT, options);
    expect(best.start).toBe(answers[0].start);
  });

  test('a stream has an answer for each input', async () => {
    const streamed: unknown[] = [];
    const inputs = Array.from({ length: 70 }, (_, i) => ({ question: `Who is ${i}?`, context: other }));
    for await (const answer of ask.stream(inputs)) streamed.push(answer);
    expect(streamed).toHaveLength(70);
    expect(streamed[3]).toMatchObject({ start: (await ask(inputs[3])).start });
  });
});

describe('there is no answer', () => {
  test('has a score in every answer, and is an answer itself if it may', async () => {
    const answers = await ask(QUESTION, CONTEXT, { top_k: 400, handle_impossible_answer: true });
    const none = answers.find(({ answer }) => answer === '');
    expect(none).toEqual({ answer: '', start: 0, end: 0, score: none?.noAnswer, noAnswer: none?.noAnswer });
    expect(answers.every(({ noAnswer }) => noAnswer === none?.noAnswer)).toBe(true);
    const without = await ask(QUESTION, CONTEXT, { top_k: 400 });
    expect(without.some(({ answer }) => answer === '')).toBe(false);
    // Different places are different probabilities of start and end, which sum to 1.
    const single = await ask(QUESTION, CONTEXT, {
      top_k: 10_000,
      max_answer_len: 200,
      align_to_words: false,
    });
    const sum = single.reduce((total, { score }) => total + score, 0) + single[0].noAnswer;
    expect(sum).toBeLessThan(1);
  });

  test('is the answer of a context without tokens', async () => {
    expect(await ask(QUESTION, ' \n ')).toEqual({
      answer: '',
      score: 0,
      start: 0,
      end: 0,
      noAnswer: expect.closeTo(1, 6) as number,
    });
    expect(await ask(QUESTION, ' \n ', { truncation: true })).toMatchObject({ answer: '', score: 0 });
  });
});

describe('a context that is longer than the model', () => {
  const long = Array.from(
    { length: 40 },
    (_, i) => `On day ${i} 🐋 Captain Ahab — naïve or not — nailed a doubloon to mast ${i} of the Pequod. `,
  ).join('');

  test('has the best answers of all its windows, as single windows by hand have them', async () => {
    const [maxLength, overlap, maxTokens] = [64, 20, 6];
    const options = {
      maxLength,
      overlap,
      max_answer_len: maxTokens,
      align_to_words: false,
      top_k: 5,
    } as const;
    const answers = await ask(QUESTION, long, options);
    const tokens = ask.model.tokenizer!.encode(QUESTION, { pair: long });
    const { ids, sequences = [], offsets = [], typeIds = [] } = tokens;
    const first = sequences.indexOf(1);
    const end = ids.length - 1;
    const room = maxLength - first - 1;
    const sums = new Map<string, number>();
    const [starts, ends] = [new Map<number, number>(), new Map<number, number>()];
    let none = { sum: Infinity, start: 0, end: 0 };
    let count = 0;
    for (let from = first; ; from += room - overlap) {
      const to = Math.min(from + room, end);
      const row = <T>(column: readonly T[]): T[] => [
        ...column.slice(0, first),
        ...column.slice(from, to),
        ...column.slice(end),
      ];
      const batch = { inputIds: [row(ids)], tokenTypeIds: [row(typeIds)] };
      const outputs: Tensors = await ask.model.run(batch, { backend: 'cpu' });
      const [s, e] = [outputs.start_logits.data, outputs.end_logits.data].map((data) =>
        Array.from(data, Number),
      );
      if (s[0] + e[0] < none.sum) none = { sum: s[0] + e[0], start: s[0], end: e[0] };
      for (let i = first; i < first + to - from; i++) {
        const token = from + i - first;
        starts.set(token, Math.max(s[i], starts.get(token) ?? -Infinity));
        ends.set(token, Math.max(e[i], ends.get(token) ?? -Infinity));
        for (let j = i; j < Math.min(i + maxTokens, first + to - from); j++) {
          const key = `${offsets[token]?.[0]}-${offsets[token + j - i]?.[1]}`;
          sums.set(key, Math.max(s[i] + e[j], sums.get(key) ?? -Infinity));
        }
      }
      count += 1;
      if (to === end) break;
    }
    const sum = (logits: Iterable<number>): number =>
      Array.from(logits).reduce((total, logit) => total + Math.exp(logit), 0);
    const all = sum([...starts.values(), none.start]) * sum([...ends.values(), none.end]);
    const expected = [...sums].toSorted(([, a], [, b]) => b - a).slice(0, 5);
    expect(count).toBeGreaterThan(20);
    expect(answers.map(({ start, end: stop }) => `${start}-${stop}`)).toEqual(expected.map(([key]) => key));
    for (const [i, { score, windows, answer, start, end: stop, noAnswer }] of answers.entries()) {
      expect(score).toBeCloseTo(Math.exp(expected[i][1]) / all, 5);
      expect(noAnswer).toBeCloseTo(Math.exp(none.sum) / all, 5);
      expect(windows).toBe(count);
      expect(answer).toBe(long.slice(start, stop));
    }
  });

  test('has an answer at a seam as in one pass: each answer is whole in some window', async () => {
    const longformer = folders.find(({ name }) => name === 'qa-longformer')!;
    await using answers = await pipeline('question-answering', longformer.path, { attn });
    // Neighbours share as many tokens as an answer may have, so seams lose none.
    const places = await answers(QUESTION, CONTEXT, {
      maxLength: 80,
      max_answer_len: 20,
      top_k: 10_000,
      align_to_words: false,
    });
    const whole = await answers(QUESTION, CONTEXT, {
      max_answer_len: 20,
      top_k: 10_000,
      align_to_words: false,
    });
    expect(places[0].windows).toBeGreaterThan(2);
    const placesOf = (answers: readonly QuestionAnswer[]): string[] =>
      answers.map(({ start, end }) => `${start}-${end}`).toSorted();
    expect(placesOf(places)).toEqual(placesOf(whole));
  });

  test('separators in the texts are text', async () => {
    const longformer = folders.find(({ name }) => name === 'qa-longformer')!;
    await using answers = await pipeline('question-answering', longformer.path, { attn });
    const context = 'The tag </s> ends a sentence, and <s> begins one.';
    const answer = await answers('What does </s> end?', context);
    expect(answer.answer).toBe(context.slice(answer.start, answer.end));
    // Who names global tokens has those.
    const own = await answers(QUESTION, CONTEXT, { globalTokens: [0] });
    expect(own.score).not.toBeCloseTo((await answers(QUESTION, CONTEXT)).score, 6);
  });

  test('abort and progress', async () => {
    const done: string[] = [];
    await ask(QUESTION, long, {
      maxLength: 64,
      onProgress: ({ unit, done: count, total }) => done.push(`${unit} ${count === total}`),
    });
    expect(done[0]).toBe('characters false');
    expect(done.at(-1)).toBe('windows true');
    const signal = AbortSignal.abort();
    await expect(ask(QUESTION, long, { signal })).rejects.toMatchObject({ code: 'ABORTED' });
    const stop = new AbortController();
    const options = { signal: stop.signal, batchTokens: 64, onProgress: () => stop.abort() };
    await expect(ask(QUESTION, long, options)).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test('windows by the names of the original, with scores of the whole', async () => {
    const names = { max_seq_len: 64, doc_stride: 20, truncation: false, top_k: 2 };
    const own = await ask(QUESTION, long, { maxLength: 64, overlap: 20, top_k: 2 });
    expect(await ask(QUESTION, long, names)).toEqual(own);
    const original = await ask(QUESTION, long, { max_seq_len: 64, doc_stride: 20 });
    expect(original).toEqual(
      await ask(QUESTION, long, { max_seq_len: 64, doc_stride: 20, truncation: true }),
    );
  });
});

describe('every model that says where answers start and end', () => {
  const small = {
    hidden_size: 16,
    num_attention_heads: 2,
    intermediate_size: 16,
    max_position_embeddings: 80,
  };
  test.each<readonly [string, string, () => Promise<readonly [ModelFamily, object]>]>([
    [
      'BertForQuestionAnswering',
      'qa-bert',
      async () => [
        bertFamily,
        (await goldenCalled('classic', 'bert', 'bert_masked_lm_untied')).checkpoint.config,
      ],
    ],
    [
      'ModernBertForQuestionAnswering',
      'qa-bert',
      async () => [modernBertFamily, (await readGolden('today/models/mb_silu')).checkpoint.config],
    ],
    [
      'BigBirdForQuestionAnswering',
      'qa-bert',
      async () => [
        bigBirdFamily,
        (await goldenCalled('classic', 'bigbird', 'bigbird_just_long')).checkpoint.config,
      ],
    ],
    [
      'LongformerForQuestionAnswering',
      'qa-longformer',
      async () => [longformerFamily, (await readGolden('longformer_short')).checkpoint.config],
    ],
  ])('%s', async (architecture, name, open) => {
    const [family, config] = await open();
    const { path } = folders.find((each) => each.name === name)!;
    const tokenizer = (await loadTokenizer(path))!;
    const checkpoint = randomCheckpoint(
      family,
      { ...config, ...small, vocab_size: tokenizer.vocabSize, sep_token_id: tokenizer.sepId! },
      { architecture, seed: 3 },
    );
    const model = new LoadedModel(await family.load(checkpoint, { architecture }), tokenizer, attn);
    const answer = await pipeline('question-answering', model);
    const options: QuestionAnsweringOptions & { top_k: 3 } = { maxLength: 48, top_k: 3 };
    const answers = await answer([QUESTION, 'Who?', 'Why?'], CONTEXT, options);
    for (const { answer: text, start, end, score, windows } of answers.flat()) {
      expect(windows).toBeGreaterThan(1);
      expect(text).toBe(CONTEXT.slice(start, end));
      expect(text).not.toBe('');
      expect(score).toBeGreaterThan(0);
    }
    model.dispose();
  });
});

describe('what cannot be', () => {
  const wrong = (message: string) =>
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message) as string,
    });

  test.each<readonly [string, readonly unknown[], string]>([
    ['nothing', [], 'the input must be { question, context }, got undefined'],
    ['no context', ['Who?'], 'the question "Who?" needs a context: a text or a list of texts, got undefined'],
    ['an empty question', ['', 'Ahab'], 'question of the input must be a text that is not empty, got ""'],
    [
      'an empty context',
      [
        [
          { question: 'a', context: 'b' },
          { question: 'a', context: '' },
        ],
      ],
      'context of input 1 must be',
    ],
    ['a number', [{ question: 1, context: 'a' }], 'must be a text that is not empty, got 1'],
    ['a text in a list of inputs', [['Who?']], 'the input must be { question, context }, got "Who?"'],
    ['a strange field', [{ question: 'a', context: 'b', text: 'c' }], 'there is no option "text"'],
    ['lists of two lengths', [['a', 'b'], ['c']], 'there must be as many contexts as questions, got 1 for 2'],
    ['no answers', ['a', 'b', { top_k: 0 }], 'top_k must be a positive integer, got 0'],
    ['answers of no tokens', ['a', 'b', { max_answer_len: 0 }], 'max_answer_len must be'],
    ['windows that no model has', ['a', 'b', { max_seq_len: 161 }], 'max_seq_len must be'],
    ['an option twice', ['a', 'b', { max_seq_len: 64, maxLength: 48 }], 'are one option, got 64 and 48'],
    ['too much stride', [QUESTION, CONTEXT, { max_seq_len: 32, doc_stride: 30 }], 'doc_stride must be'],
    ['no room', [QUESTION.repeat(9), CONTEXT, { max_seq_len: 32 }], 'has no room beside the first text'],
  ])('%s', async (_, parameters, message) => {
    const call = ask as unknown as (...args: readonly unknown[]) => Promise<unknown>;
    await expect(call(...parameters)).rejects.toEqual(wrong(message));
  });

  test('a model of another task, no tokenizer, a tokenizer without places', async () => {
    const masked = `${import.meta.dirname}/../../../goldens/bert_masked_lm`;
    await expect(pipeline('question-answering', masked, { attn })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('needs a model for question answering, got BertForMaskedLM') as string,
    });
    const { network } = ask.model;
    const bare = new LoadedModel(network, undefined, attn);
    await expect(pipeline('question-answering', bare)).rejects.toMatchObject({ code: 'MISSING_INPUT' });
    const placeless = new LoadedModel(
      network,
      { encode: () => ({ ids: [1, 2], sequences: [0, 1] }), decode: () => '' },
      attn,
    );
    const answer = await pipeline('question-answering', placeless);
    await expect(answer('a', 'b')).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('its results must have offsets') as string,
    });
  });

  test('a tokenizer of your own without words or [CLS] has answers of tokens', async () => {
    const letters = (text: string) => Array.from(text, (letter) => 5 + (letter.charCodeAt(0) % 90));
    const plain = new LoadedModel(
      ask.model.network,
      {
        encode: (text, { pair = '' } = {}) => ({
          ids: letters(text + pair),
          sequences: Array.from(text + pair, (_, i) => (i < text.length ? 0 : 1)),
          offsets: Array.from(text + pair, (_, i) => {
            const start = i < text.length ? i : i - text.length;
            return [start, start + 1] as const;
          }),
        }),
        decode: () => '',
      },
      attn,
    );
    const answer = await pipeline('question-answering', plain);
    const own = await answer('who', 'ahab and ishmael', { max_answer_len: 3 });
    expect(own.answer).toBe('ahab and ishmael'.slice(own.start, own.end));
    expect(own.answer.length).toBeLessThanOrEqual(3);
    expect(own.noAnswer).toBe(0);
  });
});
