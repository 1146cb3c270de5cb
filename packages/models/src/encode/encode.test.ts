// Encoding: batches, padding and cuts do not change the vector of a text.
import { createAttn, type Tensor, type Tensors } from '@attn/core';
import { cpu } from '@attn/cpu';
import { describe, expect, test, vi } from 'vitest';
import { readGolden } from '../testing/goldens.testing.ts';
import { Encoder } from '../loaded/encoder.ts';
import type { EncodeProgress } from './options.ts';
import { longformerFamily } from '../longformer/index.ts';
import {
  alone,
  attn,
  close,
  idsOf,
  loaded,
  mean,
  model,
  rowsOf,
  useLongformer,
} from '../testing/encoding.testing.ts';

useLongformer();

const TEXTS = ['a', 'the whale', 'call me ishmael. some years ago', 'never mind how long precisely', ''];

describe('a text’s vector is that of the text alone', () => {
  test.each(['mean', 'cls'] as const)('%s', async (pooling) => {
    const { embeddings, tokens } = await loaded.encode(TEXTS, { pooling });
    expect(embeddings.shape).toEqual([5, 64]);
    expect(tokens).toEqual(TEXTS.map((text) => text.length + 2));
    for (const [i, text] of TEXTS.entries()) {
      const states = await alone(idsOf(text));
      close(rowsOf(embeddings, 5)[i], pooling === 'mean' ? mean(states) : states[0]);
    }
  });
  test('none: the states of all tokens', async () => {
    const { states } = await loaded.encode(TEXTS, { pooling: 'none' });
    for (const [i, text] of TEXTS.entries()) {
      expect(states[i].shape).toEqual([text.length + 2, 64]);
      const expected = await alone(idsOf(text));
      rowsOf(states[i], text.length + 2).forEach((row, at) => close(row, expected[at]));
    }
  });
  test('with global tokens', async () => {
    const { embeddings } = await loaded.encode(TEXTS, { globalTokens: [0, 3] });
    const n = TEXTS[1].length + 2;
    const data = Uint8Array.from({ length: n }, (_, i) => Number(i === 0 || i === 3));
    close(
      rowsOf(embeddings, 5)[1],
      mean(await alone(idsOf(TEXTS[1]), { dtype: 'bool', shape: [1, n], data })),
    );
  });
  test('normalized: of length 1, and in the same direction', async () => {
    const { embeddings } = await loaded.encode(TEXTS);
    const { embeddings: normalized } = await loaded.encode(TEXTS, { normalize: true });
    for (const [i, row] of rowsOf(normalized, 5).entries()) {
      const raw = rowsOf(embeddings, 5)[i];
      expect(Math.hypot(...row)).toBeCloseTo(1, 6);
      close(
        row.map((value) => value * Math.hypot(...raw)),
        raw,
      );
    }
    const { states } = await loaded.encode(TEXTS[1], { normalize: true, pooling: 'none' });
    for (const row of rowsOf(states[0], TEXTS[1].length + 2)) expect(Math.hypot(...row)).toBeCloseTo(1, 6);
  });
  test('ids, and one input by itself', async () => {
    const [a, b, c] = await Promise.all([
      loaded.encode(TEXTS[1]),
      loaded.encode(idsOf(TEXTS[1])),
      loaded.encode([idsOf(TEXTS[1]), TEXTS[0]]),
    ]);
    expect(a.embeddings.shape).toEqual([1, 64]);
    close(Array.from(a.embeddings.data), Array.from(b.embeddings.data));
    close(Array.from(a.embeddings.data), rowsOf(c.embeddings, 2)[0]);
  });
});

describe('texts that are too long', () => {
  const long = Array.from({ length: 150 }, (_, i) => 'abcdefghij klmnop'[i % 17]).join('');

  test('are cut into windows that agree with the windows alone', async () => {
    const onWarning = vi.fn();
    const { states } = await loaded.encode(long, {
      pooling: 'none',
      maxLength: 42,
      overlap: 8,
      onWarning,
    });
    expect(onWarning).toHaveBeenCalledWith(
      '[attn/models] encode: text 0 has 152 tokens, and 42 are the most: cut into windows that overlap by 8',
    );
    expect(states[0].shape).toEqual([152, 64]);
    const rows = rowsOf(states[0], 152);
    // Windows of 40 tokens of the text begin at 0, 32, 64, 96, 128;
    // token 36 is the 37th of the first window or the 5th of the second.
    const windows = await Promise.all(
      [0, 32, 64, 96, 128].map((start) => alone(idsOf(long.slice(start, start + 40)))),
    );
    const [first, second] = windows;
    close(rows[1 + 36], second[1 + 4]);
    close(rows[1 + 67], second[1 + 35]);
    close(rows[1 + 35], first[1 + 35]);
    // Special tokens, which every window has, have the mean of their states.
    close(rows[0], mean(windows.map((window) => window[0])));
    close(rows[151], mean(windows.map((window) => window.at(-1) ?? [])));
    const options = { maxLength: 42, overlap: 8, onWarning };
    close(Array.from((await loaded.encode(long, options)).embeddings.data), mean(rows));
    const { embeddings } = await loaded.encode(long, { ...options, pooling: 'cls' });
    close(Array.from(embeddings.data), rows[0]);
  });
  test('or refused', async () => {
    await expect(loaded.encode(['a', long], { onLongText: 'throw' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: '[attn/models] encode: text 1 has 152 tokens, and 102 are the most',
    });
  });
});

describe('batches', () => {
  test('equal shapes are compiled once, and calls again not at all', async () => {
    const backend = cpu();
    const compile = vi.spyOn(backend, 'compile');
    await using own = await createAttn({ backends: [backend], cache: false });
    const fresh = new Encoder(model, undefined, own);
    const ids = (n: number): number[] => new Array<number>(n).fill(7);
    await fresh.encode([ids(20), ids(24), ids(22), ids(40), ids(41)], { batchTokens: 48 });
    expect(compile).toHaveBeenCalledTimes(3); // [2, 24], [1, 24], [1, 48]
    await fresh.encode([ids(17), ids(33)], { batchTokens: 48 });
    expect(compile).toHaveBeenCalledTimes(3);
    fresh.dispose(); // Releases what was compiled.
    await fresh.encode([ids(17)], { batchTokens: 48 });
    expect(compile).toHaveBeenCalledTimes(4);
  });
});

describe('a call', () => {
  test('reports its progress and who computed', async () => {
    const reports: string[] = [];
    const { backends } = await loaded.encode(TEXTS, {
      onProgress: ({ done, total, unit }) => reports.push(`${done}/${total} ${unit}`),
    });
    const characters = TEXTS.reduce((sum, { length }) => sum + length, 0);
    expect(reports[0]).toBe(`0/${characters} characters`);
    expect(reports).toContain(`${characters}/${characters} characters`);
    expect(reports).toContain('0/5 windows');
    expect(reports.at(-1)).toBe('5/5 windows');
    expect(backends).toEqual(['cpu']);
  });
  test('can be aborted, before and in the middle', async () => {
    await expect(loaded.encode('a', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    const controller = new AbortController();
    const onProgress = (): void => controller.abort();
    await expect(loaded.encode(TEXTS, { signal: controller.signal, onProgress })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });
  test('takes ids in whatever holds integers', async () => {
    const ids = idsOf('the whale');
    const expected = (await loaded.encode(ids)).embeddings;
    const big = ids.map(BigInt);
    const tensor: Tensor = { dtype: 'i32', shape: [ids.length], data: Int32Array.from(ids) };
    for (const input of [Int32Array.from(ids), BigInt64Array.from(big), Uint8Array.from(ids), big, tensor])
      expect((await loaded.encode(input)).embeddings).toEqual(expected);
    const rows: Tensor = { dtype: 'i32', shape: [1, ids.length], data: Int32Array.from(ids) };
    const foreign = { dims: [1, ids.length], data: BigInt64Array.from(big) };
    const inputs: Parameters<Encoder['encode']>[0][] = [
      rows,
      foreign,
      [Int32Array.from(ids)],
      [tensor],
      [big],
    ];
    for (const input of inputs) expect((await loaded.encode(input)).embeddings).toEqual(expected);
  });
  test('whose callback throws ends with that error', async () => {
    const error = new Error('mine');
    const wrong = (): never => {
      throw error;
    };
    await expect(loaded.encode(TEXTS, { onProgress: wrong })).rejects.toBe(error);
    await expect(loaded.encode(TEXTS, { onProgress: async () => wrong() })).rejects.toBe(error);
    await expect(loaded.encode('abcdefgh', { maxLength: 6, overlap: 1, onWarning: wrong })).rejects.toBe(
      error,
    );
    await expect(loaded.run({ inputIds: [[0, 5, 2]] }, { onProgress: wrong })).rejects.toBe(error);
    expect((await loaded.encode(TEXTS)).tokens).toHaveLength(5);
  });
  test('lets the event loop turn while texts become ids, and stops there when it is aborted', async () => {
    const text = 'call me ishmael some years ago '.repeat(80_000);
    const controller = new AbortController();
    let turns = 0;
    // However fast the machine is: at the third turn, which only comes if the loop turns.
    const timer = setInterval(() => {
      turns += 1;
      if (turns === 3) controller.abort();
    }, 1);
    const units = new Set<string>();
    let share = 0;
    const onProgress = ({ unit, done, total }: EncodeProgress): void => {
      units.add(unit);
      share = done / total;
    };
    const failed = loaded.encode(text, { signal: controller.signal, onProgress, maxLength: 100 });
    await expect(failed).rejects.toMatchObject({ code: 'ABORTED' });
    clearInterval(timer);
    expect(units).toEqual(new Set(['characters']));
    expect(turns).toBeGreaterThan(2);
    expect(share).toBeLessThan(0.9);
  });
  test('of nothing gives no vector, of the model’s width', async () => {
    expect((await loaded.encode([])).embeddings.shape).toEqual([0, 64]);
    expect(await loaded.encode([], { pooling: 'none' })).toEqual({
      states: [],
      tokenized: [],
      tokens: [],
      backends: [],
    });
  });
  test('a failed run is not kept', async () => {
    const { AttnError } = await import('@attn/core');
    const backend = cpu();
    const compile = vi.spyOn(backend, 'compile').mockImplementation(async () => ({
      run: (): Promise<Tensors> => Promise.reject(new AttnError('DEVICE_LOST', 'gone/run', 'gone')),
      dispose: () => {},
    }));
    const lost = await createAttn({ backends: [backend], cache: false });
    const fresh = new Encoder(model, undefined, lost);
    for (const times of [1, 2]) {
      await expect(fresh.encode([[0, 5, 2]])).rejects.toMatchObject({ code: 'DEVICE_LOST' });
      expect(compile).toHaveBeenCalledTimes(times);
    }
    await lost.dispose();
  });

  test.each<[string, Parameters<Encoder['encode']>, object]>([
    [
      'no ids',
      [[[]]],
      {
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('ids of input 0 must be a list of at least one id, got []'),
      },
    ],
    ['an id beyond the vocabulary', [[[0, 5000]]], { code: 'INVALID_ARGUMENT' }],
    [
      'ids that are none',
      [[0, NaN, 2]],
      {
        code: 'INVALID_ARGUMENT',
        message: '[attn/models] encode: ids must be integers from 0 to 98, got NaN at [1]',
      },
    ],
    [
      'fractions',
      [
        [
          [0, 5],
          [0, 1.5, 2],
        ],
      ],
      { message: expect.stringContaining('ids of input 1 must be integers from 0 to 98, got 1.5 at [1]') },
    ],
    [
      'floats',
      [[Float32Array.of(0, 5)] as never],
      { message: expect.stringContaining('must be integers, got a Float32Array [0, 5]') },
    ],
    [
      'nothing',
      [undefined as never],
      {
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('a list of ids, or a list of these, got undefined'),
      },
    ],
    [
      'a list of nothing',
      [[undefined] as never],
      { message: expect.stringContaining('ids of input 0 must be a text or a list of ids, got undefined') },
    ],
    [
      'one global token',
      ['a', { globalTokens: 0 as never }],
      { message: expect.stringContaining('globalTokens must be a list of integers, got 0') },
    ],
    [
      'global tokens beyond all rows',
      ['a', { globalTokens: [0, 102] }],
      { message: expect.stringContaining('globalTokens must be integers from 0 to 101, got 102 at [1]') },
    ],
    [
      'names of Python',
      ['a', { global_tokens: [0] } as object],
      { message: expect.stringContaining('did you mean globalTokens?') },
    ],
    [
      'names in another case',
      ['a', { maxlength: 8 } as object],
      { message: expect.stringContaining('did you mean maxLength?') },
    ],
    [
      'names that are not known',
      ['a', { truncate: true } as object],
      { message: expect.stringContaining('there is no option "truncate"; known are pooling') },
    ],
    [
      'an unknown pooling',
      ['a', { pooling: 'maximum' as 'mean' }],
      { message: expect.stringContaining('got "maximum"') },
    ],
    [
      'more than the model’s length',
      ['a', { maxLength: 103 }],
      { message: expect.stringContaining('from 1 to 102, got 103') },
    ],
    [
      'an overlap of all',
      ['abcdefgh', { maxLength: 6, overlap: 4 }],
      {
        message: expect.stringContaining(
          'overlap must be an integer from 0 to 3, got 4: a window of 6 tokens has room for 4 beside the special tokens of text 0',
        ),
      },
    ],
    [
      'windows of special tokens only',
      ['abcdefgh', { maxLength: 2 }],
      {
        code: 'INVALID_ARGUMENT',
        message:
          '[attn/models] encode: a window of 2 tokens has no room beside the special tokens of text 0, which are 2',
      },
    ],
  ])('refuses %s', async (_title, [input, options], error) => {
    await expect(loaded.encode(input, options)).rejects.toMatchObject(error);
  });
  test('refuses a model with a head, a model without a tokenizer, a model without an attn', async () => {
    const { checkpoint } = await readGolden('longformer_masked_lm');
    const withHead = await longformerFamily.load(checkpoint);
    expect(() => new Encoder(withHead, undefined, attn)).toThrow(
      'encode needs a model that gives the states of tokens: the model without a head; LongformerForMaskedLM gives logits',
    );
    await expect(new Encoder(model, undefined, attn).encode('a')).rejects.toMatchObject({
      code: 'MISSING_INPUT',
    });
    await expect(new Encoder(model).encode([[0, 2]])).rejects.toMatchObject({ code: 'MISSING_INPUT' });
  });
});

test('the tokenizer says where special tokens stand, and reads ids back', () => {
  const special = [1, 0, 0, 0, 0, 1];
  expect(loaded.tokenizer?.encode('ab c')).toMatchObject({ ids: idsOf('ab c'), special });
  expect(loaded.tokenizer?.decode(idsOf('ab c'))).toBe('ab c');
});
