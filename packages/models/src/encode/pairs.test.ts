// Pairs of texts: their ids and types are those of the originals, and their states those of a run with them.
import { createAttn, i32, type Attn, type Tensor } from '@attn/core';
import { cpu } from '@attn/cpu';
import type { Tokenizer } from '@attn/tokenizers';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { byteTokenizer } from '../byte-tokenizer.ts';
import { randomCheckpoint } from '../checkpoint/random.ts';
import { Encoder } from '../loaded/encoder.ts';
import { longformerFamily, type Longformer } from '../longformer/index.ts';
import type { TokenBatch } from '../model.ts';
import { reformerFamily } from '../reformer/index.ts';
import { readGolden } from '../testing/goldens.testing.ts';
import {
  goldenTokenizer,
  pairsOf,
  tokenizerIds,
  type GoldenPair,
} from '../testing/tokenizer-goldens.testing.ts';
import type { TextTokenizer, TokenizedText } from '../tokenizer.ts';

let attn: Attn;
beforeAll(async () => void (attn = await createAttn({ backends: [cpu()] })));
afterAll(() => attn.dispose());

/** A small Longformer of random weights that has the tokens of a tokenizer. */
async function modelFor({ vocabSize, padId }: Pick<Tokenizer, 'vocabSize' | 'padId'>, types = 2) {
  const config = {
    model_type: 'longformer',
    architectures: ['LongformerModel'],
    vocab_size: vocabSize,
    type_vocab_size: types,
    pad_token_id: padId ?? 0,
    hidden_size: 8,
    intermediate_size: 16,
    num_attention_heads: 2,
    num_hidden_layers: 2,
    attention_window: [8, 8],
    max_position_embeddings: (padId ?? 0) + 1 + 512,
  };
  return longformerFamily.load(randomCheckpoint(longformerFamily, config, { seed: 7 }));
}

/** States [tokens][hidden] of `run` with these ids and types. */
async function statesOf(
  loaded: Encoder,
  { ids, typeIds }: Pick<TokenizedText, 'ids' | 'typeIds'>,
): Promise<number[][]> {
  const tensor = (row: readonly number[]) => i32([1, row.length], row);
  const batch = { inputIds: tensor(ids), ...(typeIds && { tokenTypeIds: tensor(typeIds) }) };
  return rowsOf((await loaded.run(batch)).last_hidden_state);
}

function rowsOf({ shape, data }: Tensor): number[][] {
  const width = shape[shape.length - 1];
  return Array.from({ length: data.length / width }, (_, i) =>
    Array.from(data.subarray(i * width, (i + 1) * width)),
  );
}

function expectClose(rows: readonly (readonly number[])[], expected: readonly (readonly number[])[]): void {
  expect(rows.length).toBe(expected.length);
  const differences = rows.flatMap((row, i) => row.map((value, j) => Math.abs(value - expected[i][j])));
  expect(Math.max(0, ...differences)).toBeLessThan(2e-5);
}

const mean = (rows: readonly (readonly number[])[]): number[] =>
  rows[0].map((_, j) => rows.reduce((sum, row) => sum + row[j], 0) / rows.length);

/** The rows of a spied model's batches, without padding: ids and types. */
function rowsRun(call: {
  readonly mock: { readonly calls: readonly (readonly [TokenBatch, ...unknown[]])[] };
}) {
  return call.mock.calls.flatMap(([batch]) => {
    const { inputIds, attentionMask, tokenTypeIds } = batch as {
      readonly [name in keyof Omit<TokenBatch, 'task'>]-?: Tensor;
    };
    const [rows, length] = inputIds.shape;
    return Array.from({ length: rows }, (_, row) => {
      const range = [row * length, (row + 1) * length] as const;
      const mask = attentionMask.data.subarray(...range);
      const own = ({ data }: Tensor) => Array.from(data.subarray(...range)).filter((_, i) => mask[i] === 1);
      const ids = own(inputIds);
      return { ids, typeIds: tokenTypeIds === undefined ? ids.map(() => 0) : own(tokenTypeIds) };
    }).filter(({ ids }) => ids.length > 0);
  });
}

describe.each(tokenizerIds)('the originals’ %s', (id) => {
  const tokenizer = goldenTokenizer(id);
  let model: Longformer;
  let loaded: Encoder;
  beforeAll(async () => {
    model = await modelFor(tokenizer);
    loaded = new Encoder(model, tokenizer, attn);
  });
  afterAll(() => loaded.dispose());

  test('ids, types and texts of tokens; states of a run with them', async () => {
    // No tokens at all are no input.
    const pairs = pairsOf(id).filter(({ ids }) => ids !== undefined && ids.length > 0);
    expect(pairs.length).toBeGreaterThan(0);
    const { states, tokenized, tokens } = await loaded.encode(pairs.map(textsOf), { pooling: 'none' });
    for (const [i, golden] of pairs.entries()) {
      const { ids, typeIds, sequences, special, offsets } = tokenized[i];
      expect(ids, `line ${golden.i}`).toEqual(golden.prefer === 'slow' ? golden.slow : golden.ids);
      expect(tokens[i]).toBe(ids.length);
      if (golden.prefer !== 'slow') {
        expect([golden.typeIds, golden.slowTypeIds, golden.v5TypeIds]).toContainEqual(typeIds);
        expect(special).toEqual(golden.special);
        expect(sequences?.map((sequence) => Number(sequence === null))).toEqual(golden.special);
        expect(sequences?.filter((sequence) => sequence === 0)).toHaveLength(golden.first ?? 0);
      }
      for (const [at, span] of (offsets ?? []).entries()) {
        const text = sequences?.[at] === 0 ? golden.text : golden.pair;
        if (span !== null) expect(text.length).toBeGreaterThanOrEqual(span[1]);
        expect(span === null).toBe(sequences?.[at] === null);
      }
      expectClose(rowsOf(states[i]), await statesOf(loaded, tokenized[i]));
    }
  });

  const long = pairsOf(id).filter(({ windows, prefer }) => windows !== undefined && prefer !== 'slow');
  if (long.length === 0) return;
  test.each(long)(
    'windows of line $i: the first text whole, the second in parts that overlap',
    async (pair) => {
      const { windows = [], maxLength = 0, stride } = pair;
      const call = vi.spyOn(model, 'call');
      const onWarning = vi.fn();
      await loaded.encode(textsOf(pair), { maxLength, overlap: stride, onWarning });
      const rows = rowsRun(call);
      call.mockRestore();
      expect(rows.map(({ ids }) => ids)).toEqual(windows.map(({ ids }) => ids));
      // What the library has in windows after the first is not what the template says.
      const own = tokenizer.encode(pair.text, { pair: pair.pair, maxLength, stride }).windows;
      expect(rows.map(({ typeIds }) => typeIds)).toEqual(own.map(({ typeIds }) => typeIds));
      expect(onWarning).toHaveBeenCalledTimes(windows.length > 1 ? 1 : 0);
    },
  );
});

const textsOf = ({ text, pair }: Pick<GoldenPair, 'text' | 'pair'>) => ({ text, pair });

const bert = goldenTokenizer('bert-default');
const QUESTION = 'Who is the narrator?';
const NOVEL =
  'Call me Ishmael. Some years ago, never mind how long precisely, having little or no money. '.repeat(4);
const mine = { onWarning: () => {} };

describe('pairs', () => {
  let loaded: Encoder;
  beforeAll(async () => void (loaded = new Encoder(await modelFor(bert), bert, attn)));
  afterAll(() => loaded.dispose());

  test('beside texts and ids, each as if alone', async () => {
    const inputs = [
      { text: QUESTION, pair: NOVEL },
      'whale',
      { text: 'whale' },
      [2, 5, 3],
      { text: QUESTION, pair: '' },
    ];
    const { states, tokenized } = await loaded.encode(inputs, { pooling: 'none' });
    for (const [i, tokens] of tokenized.entries())
      expectClose(rowsOf(states[i]), await statesOf(loaded, tokens));
    expect(tokenized[2]).toEqual(tokenized[1]);
    expect(tokenized[3]).toEqual({ ids: [2, 5, 3] });
    expect(tokenized[4].ids).toEqual([...bert.encode(QUESTION).ids, bert.sepId]);
    const [first] = tokenized;
    const words = first.offsets?.flatMap((span, at) =>
      span !== null && first.sequences?.[at] === 0 ? [QUESTION.slice(...span)] : [],
    );
    expect(words?.join('')).toBe(QUESTION.replaceAll(' ', ''));
  });

  test('types reach models that have them, and no others', async () => {
    const pair = { text: QUESTION, pair: NOVEL };
    const tokens = bert.encode(QUESTION, { pair: NOVEL });
    const { embeddings } = await loaded.encode(pair);
    expectClose(rowsOf(embeddings), [mean(await statesOf(loaded, tokens))]);
    const untyped = mean(await statesOf(loaded, { ids: tokens.ids }));
    expect(Math.hypot(...rowsOf(embeddings)[0].map((value, i) => value - untyped[i]))).toBeGreaterThan(1e-3);
    const ofOneType = new Encoder(await modelFor(bert, 1), bert, attn);
    const call = vi.spyOn(ofOneType.network, 'call');
    const other = await ofOneType.encode(pair);
    expect(call.mock.calls[0][0].tokenTypeIds).toBeUndefined();
    expectClose(rowsOf(other.embeddings), [mean(await statesOf(ofOneType, { ids: tokens.ids }))]);
  });

  test('that are too long: what all windows repeat has the mean of its states', async () => {
    const options = { maxLength: 40, overlap: 6, ...mine };
    const { windows } = bert.encode(QUESTION, { pair: NOVEL, maxLength: 40, stride: 6 });
    expect(windows.length).toBeGreaterThan(3);
    const runs = await Promise.all(windows.map((window) => statesOf(loaded, window)));
    const { states, tokenized } = await loaded.encode(
      { text: QUESTION, pair: NOVEL },
      { ...options, pooling: 'none' },
    );
    const rows = rowsOf(states[0]);
    const repeated = tokenized[0].sequences?.indexOf(1) ?? 0;
    const room = 40 - repeated - 1;
    for (let at = 0; at < repeated; at++) expectClose([rows[at]], [mean(runs.map((run) => run[at]))]);
    expectClose([rows.at(-1) ?? []], [mean(runs.map((run) => run.at(-1) ?? []))]);
    // Of 6 tokens that two windows share, the first has 3 and the second 3.
    const border = repeated + room - 3;
    expectClose([rows[border - 1], rows[border]], [runs[0][border - 1], runs[1][repeated + 3]]);
    const pooled = await loaded.encode({ text: QUESTION, pair: NOVEL }, options);
    expectClose(rowsOf(pooled.embeddings), [mean(rows)]);
    const first = await loaded.encode({ text: QUESTION, pair: NOVEL }, { ...options, pooling: 'cls' });
    expectClose(rowsOf(first.embeddings), [rows[0]]);
  });

  test('a warning names them, and windows with little room overlap by half of it', async () => {
    const onWarning = vi.fn();
    const pair = { text: QUESTION, pair: NOVEL };
    const { ids } = bert.encode(QUESTION, { pair: NOVEL });
    const question = bert.encode(QUESTION).ids.length;
    const maxLength = question + 5; // A separator, and 4 tokens of the second text.
    await loaded.encode([pair, NOVEL], { maxLength, onWarning });
    expect(onWarning).toHaveBeenCalledExactlyOnceWith(
      `[attn/models] encode: pair 0 has ${ids.length} tokens, and ${maxLength} are the most: cut into windows that overlap by 2, and 1 more are cut, too`,
    );
  });

  test('report the characters of both texts', async () => {
    const totals = new Set<string>();
    await loaded.encode(
      { text: QUESTION, pair: NOVEL },
      { onProgress: ({ total, unit }) => totals.add(`${total} ${unit}`) },
    );
    expect(totals).toEqual(new Set([`${QUESTION.length + NOVEL.length} characters`, '1 windows']));
  });
});

describe('bytes', () => {
  const tokenizer = byteTokenizer(-60);

  test('have the places of their characters, those of a pair one after the other', () => {
    const { ids, offsets, sequences } = tokenizer.encode('é🐋', { pair: 'a\uD83D' });
    expect(tokenizer.decode(ids)).toBe('é🐋a\uFFFD');
    const of = (span: readonly [number, number], count: number) => new Array(count).fill(span);
    expect(offsets).toEqual([...of([0, 1], 2), ...of([1, 3], 4), ...of([0, 1], 1), ...of([1, 2], 3)]);
    expect(sequences).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
  });

  test('of a pair go through a Reformer joined', async () => {
    const model = await reformerFamily.load((await readGolden('reformer_encoder')).checkpoint);
    const loaded = new Encoder(model, tokenizer, attn);
    const [pair, joined] = await Promise.all([
      loaded.encode({ text: 'CALL', pair: 'ME' }),
      loaded.encode('CALLME'),
    ]);
    expect(pair.embeddings).toEqual(joined.embeddings);
    loaded.dispose();
  });
});

describe('refuses', () => {
  /** What 64 tokens leave of a window beside the question and two separators. */
  const ROOM = 64 - bert.encode(QUESTION).ids.length - 1;
  let model: Longformer;
  beforeAll(async () => void (model = await modelFor(bert)));
  const fails = (code: string, message: string) => ({ code, message: `[attn/models] encode: ${message}` });

  test.each<[string, unknown, object]>([
    ['a text that is none', { text: 5 }, fails('INVALID_ARGUMENT', 'text must be a string, got 5')],
    [
      'a pair without a text',
      { pair: 'b' },
      fails('INVALID_ARGUMENT', 'text must be a string, got undefined'),
    ],
    [
      'a second text that is none',
      { text: 'a', pair: null },
      fails('INVALID_ARGUMENT', 'pair must be a string, got null'),
    ],
    [
      'the same in a list',
      ['a', { text: 'a', pair: ['b'] }],
      fails('INVALID_ARGUMENT', 'pair of input 1 must be a string, got ["b"]'),
    ],
    [
      'other names',
      [{ text: 'a', text_pair: 'b' }],
      { code: 'INVALID_ARGUMENT', message: expect.stringContaining('there is no option "text_pair"') },
    ],
    [
      'an object of neither',
      {},
      { message: expect.stringContaining('a pair { text, pair }, a list of ids') },
    ],
    [
      'windows that the first text fills',
      { text: NOVEL, pair: NOVEL },
      fails(
        'INVALID_ARGUMENT',
        `a window of 64 tokens has no room beside the first text and special tokens of pair 0, which are ${bert.encode(NOVEL).ids.length + 1}`,
      ),
    ],
    [
      'an overlap beyond what the first text leaves',
      [{ text: QUESTION, pair: NOVEL }],
      fails(
        'INVALID_ARGUMENT',
        `overlap must be an integer from 0 to ${ROOM - 1}, got 55: a window of 64 tokens has room for ${ROOM} beside the first text and special tokens of pair 0`,
      ),
    ],
  ])('%s', async (_title, input, error) => {
    const loaded = new Encoder(model, bert, attn);
    const options = { maxLength: 64, overlap: 55 };
    await expect(loaded.encode(input as never, options)).rejects.toMatchObject(error);
  });

  test('pairs where they are too long to be whole, if it must', async () => {
    const loaded = new Encoder(model, bert, attn);
    const inputs = ['a', { text: QUESTION, pair: NOVEL }];
    const { length } = bert.encode(QUESTION, { pair: NOVEL }).ids;
    await expect(loaded.encode(inputs, { maxLength: 64, onLongText: 'throw' })).rejects.toMatchObject(
      fails('INVALID_ARGUMENT', `pair 1 has ${length} tokens, and 64 are the most`),
    );
  });

  const decode = (): string => '';
  test.each<[string, TextTokenizer, string, string]>([
    [
      'a tokenizer without pairs',
      { encode: () => ({ ids: [2, 5, 3], special: [1, 0, 1] }), decode },
      'UNSUPPORTED',
      'the tokenizer does not take pairs: it must say in sequences which text each token is of, got {"ids":[2, 5, 3],"special":[1, 0, 1]} for a pair',
    ],
    [
      'a tokenizer that returns nothing',
      { encode: () => undefined as never, decode },
      'INVALID_ARGUMENT',
      'the tokenizer must return an object with ids, got undefined',
    ],
    [
      'ids that the model does not have',
      { encode: () => ({ ids: [5, 805], sequences: [0, 1] }), decode },
      'INVALID_ARGUMENT',
      'the ids of the tokenizer must be integers from 0 to 804, got 805 at [1]',
    ],
    [
      'types that the model does not have',
      { encode: () => ({ ids: [5, 6], sequences: [0, 1], typeIds: [0, 2] }), decode },
      'INVALID_ARGUMENT',
      'the typeIds of the tokenizer must be integers from 0 to 1, got 2 at [1]',
    ],
    [
      'a third text',
      { encode: () => ({ ids: [5, 6], sequences: [0, 2 as never] }), decode },
      'INVALID_ARGUMENT',
      'the sequences of the tokenizer must be 0, 1 or null, got 2 at [1]',
    ],
    [
      'columns of another length',
      { encode: () => ({ ids: [5, 6], sequences: [0, 1], typeIds: [0] }), decode },
      'INVALID_ARGUMENT',
      'the typeIds of the tokenizer must have an entry for each of 2 ids, got [0]',
    ],
    [
      'places that are no list',
      { encode: () => ({ ids: [5, 6], sequences: [0, 1], offsets: {} as never }), decode },
      'INVALID_ARGUMENT',
      'the offsets of the tokenizer must be a list, got {}',
    ],
  ])('%s', async (_title, tokenizer, code, message) => {
    const loaded = new Encoder(model, tokenizer, attn);
    await expect(loaded.encode({ text: 'a', pair: 'b' })).rejects.toMatchObject(fails(code, message));
  });
});

test('a tokenizer of a few lines takes texts', async () => {
  const tokenizer: TextTokenizer = {
    encode: (text) => ({ ids: Array.from(text, (letter) => letter.charCodeAt(0)) }),
    decode: (ids) => String.fromCharCode(...ids),
  };
  const loaded = new Encoder(await modelFor(bert), tokenizer, attn);
  const { tokenized } = await loaded.encode('whale', { pooling: 'none' });
  expect(tokenized).toEqual([{ ids: [119, 104, 97, 108, 101], sequences: [0, 0, 0, 0, 0] }]);
  loaded.dispose();
});
