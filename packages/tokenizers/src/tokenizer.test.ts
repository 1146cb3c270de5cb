// What a tokenizer is asked, and what it refuses.
import { describe, expect, test } from 'vitest';
import { ownFiles } from './goldens.testing.ts';
import { tokenizerFileNames, tokenizerFromFiles } from './index.ts';

const roberta = tokenizerFromFiles(ownFiles('longformer-plain'));
const bert = tokenizerFromFiles(ownFiles('bert-default'));
const reformer = tokenizerFromFiles(ownFiles('reformer-plain'));

const fails = (message: string | RegExp) =>
  expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) as string });

function errorOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

test('a token is where its text is', () => {
  const text = 'Call me Ishmael — 🐋!';
  const { ids, offsets, special, sequences } = roberta.encode(text);
  expect(ids.map((id) => roberta.idToToken(id))[0]).toBe('<s>');
  expect(offsets[0]).toBeNull();
  expect(special[0]).toBe(1);
  expect(sequences[0]).toBeNull();
  expect(offsets.slice(1, 3).map((span) => text.slice(...span!))).toEqual(['C', 'all']);
});

test('each token of a pair says whose text it is of', () => {
  const { sequences, typeIds } = bert.encode('a', { pair: 'b' });
  expect(sequences).toEqual([null, 0, null, 1, null]);
  expect(typeIds).toEqual([0, 0, 0, 1, 1]);
});

test('each token says of which word of its text it is', () => {
  const { ids, words } = roberta.encode("Ishmael's whale<mask>!", { pair: 'Ahab' });
  const wordOf = (word: number): string =>
    ids
      .flatMap((id, i) => (words[i] === word && i < words.lastIndexOf(4) + 1 ? [roberta.idToToken(id)] : []))
      .join('');
  expect([0, 1, 2, 3, 4].map(wordOf)).toEqual(['Ishmael', "'s", 'Ġwhale', '<mask>', '!']);
  // The second text counts for itself.
  expect(new Set(words.slice(words.lastIndexOf(4) + 1))).toEqual(new Set([null, 0]));
  expect(bert.encode('Call me, Ishmael').words).toEqual([null, ...bertWords('Call me, Ishmael'), null]);
  const { windows } = bert.encode('Call me, Ishmael', { maxLength: 4, stride: 1 });
  expect(windows[1].words[1]).toBe(bertWords('Call me, Ishmael')[1]);
});

/** Words by hand: a piece that does not begin with `##` begins one. */
function bertWords(text: string): readonly number[] {
  const { ids } = bert.encode(text, { addSpecialTokens: false });
  let word = -1;
  return ids.map((id) => (bert.idToToken(id)?.startsWith('##') ? word : ++word));
}

test('texts in lower case first: places stay, and special tokens are found before', () => {
  const lower = tokenizerFromFiles(ownFiles('longformer-plain'), { lowerCase: true });
  const text = 'CALL Me</s>İSH';
  const { ids, offsets } = lower.encode(text);
  expect(ids).toEqual(roberta.encode('call me</s>i̇sh').ids);
  expect(ids).not.toEqual(roberta.encode(text).ids);
  expect(offsets.at(-2)?.[1]).toBe(text.length);
  const again = tokenizerFromFiles(ownFiles('bert-default'), { lowerCase: true });
  expect(again.encode(text)).toEqual(bert.encode(text));
});

test('special tokens by their roles', () => {
  expect([roberta.bosId, roberta.padId, roberta.eosId, roberta.unkId]).toEqual([0, 1, 2, 3]);
  expect(roberta.maskId).toBe(roberta.tokenToId('<mask>'));
  expect(roberta.clsId).toBe(0);
  expect(roberta.sepId).toBe(2);
  expect(reformer.padId).toBeUndefined();
  expect(roberta.vocabSize).toBe(845);
  expect(roberta.tokenToId('no such token')).toBeUndefined();
  expect(roberta.idToToken(845)).toBeUndefined();
  expect(roberta.idToToken(-1)).toBeUndefined();
});

test('the mark of tokens that go on a word', () => {
  expect(bert.continuingPrefix).toBe('##');
  expect(roberta.continuingPrefix).toBeUndefined();
  expect(reformer.continuingPrefix).toBeUndefined();
});

describe('windows', () => {
  const text = 'The whale sailed on and on and on.';

  test('overlap by the stride and cover the text', () => {
    const encoding = roberta.encode(text, { maxLength: 10, stride: 3 });
    const { windows } = encoding;
    expect(windows.length).toBeGreaterThan(1);
    expect(encoding.ids).toEqual(windows[0].ids);
    expect(windows[1].ids.slice(1, 4)).toEqual(windows[0].ids.slice(-4, -1));
    expect(windows.at(-1)?.offsets.at(-2)?.[1]).toBe(text.length);
  });

  test.each([
    [{ maxLength: 2 }, /maxLength must leave room beside 2 tokens of the template, got 2/],
    [
      { maxLength: 10, stride: 8 },
      /stride must be below 8, the room that maxLength 10 leaves beside 2 tokens of the template, got 8/,
    ],
    [
      { maxLength: 8, pair: 'b' },
      /maxLength must leave room beside 4 tokens of the template and \d+ of the first text, got 8/,
    ],
    [{ maxLength: 0 }, /maxLength must be a positive integer, got 0/],
    [{ maxLength: 1.5 }, /maxLength must be a positive integer, got 1.5/],
    [{ maxLength: 10, stride: -1 }, /stride must be a non-negative integer, got -1/],
    [{ stride: 1 }, /stride needs maxLength, got stride 1 alone/],
    [{ max_length: 10 }, /there is no option "max_length"; did you mean maxLength\?/],
    [{ pair: 3 }, /pair must be a string, got 3/],
  ])('%j', (options, message) => {
    expect(errorOf(() => roberta.encode(text, options as never))).toEqual(fails(message));
    expect(errorOf(() => [...roberta.encodeSteps(text, options as never)])).toEqual(fails(message));
  });
});

test('what is no text is refused at once', () => {
  expect(errorOf(() => roberta.encode(3 as never))).toEqual(fails(/text must be a string, got 3/));
  expect(errorOf(() => roberta.encodeSteps(null as never))).toEqual(fails(/text must be a string, got null/));
});

test('halves of surrogate pairs are characters that nobody knows', () => {
  for (const tokenizer of [roberta, bert, reformer]) {
    const { offsets } = tokenizer.encode('a\ud83d b\udc0b', { addSpecialTokens: false });
    for (const span of offsets) expect(span?.[1]).toBeLessThanOrEqual(5);
  }
});

describe('decoding', () => {
  test('leaves special tokens out, unless they are asked for', () => {
    const { ids } = roberta.encode('Call');
    expect(roberta.decode(ids)).toBe('Call');
    expect(roberta.decode(ids, { skipSpecialTokens: false })).toBe('<s>Call</s>');
    expect(roberta.decode([])).toBe('');
    expect(roberta.decode(Int32Array.from(ids))).toBe('Call');
  });

  test.each([[[845]], [[-1]], [[0.5]], [[NaN]], [['0']], [[undefined]]])('refuses %j', (ids) => {
    expect(errorOf(() => roberta.decode(ids as never))).toEqual(
      fails(/ids\[0\] must be the id of a token, from 0 to 844, got/),
    );
  });

  test('refuses what is no list', () => {
    expect(errorOf(() => roberta.decode(3 as never))).toEqual(fails(/ids must be a list, got 3/));
  });
});

describe('padding', () => {
  const rows = ['a', 'a b c'].map((text) => bert.encode(text));

  test('to the longest row, a length, a multiple, on either side', () => {
    const { ids, attentionMask, typeIds } = bert.pad(rows);
    expect(attentionMask).toEqual([
      [1, 1, 1, 0, 0],
      [1, 1, 1, 1, 1],
    ]);
    expect(ids[0].slice(3)).toEqual([0, 0]);
    expect(typeIds[0]).toEqual([0, 0, 0, 0, 0]);
    expect(bert.pad(rows, { length: 7 }).ids[1]).toHaveLength(7);
    expect(bert.pad(rows, { multipleOf: 8 }).ids[1]).toHaveLength(8);
    expect(bert.pad(rows, { side: 'left' }).attentionMask[0]).toEqual([0, 0, 1, 1, 1]);
    expect(bert.pad([]).ids).toEqual([]);
  });

  test('refuses a length that is too short, and rows that cannot be padded', () => {
    expect(errorOf(() => bert.pad(rows, { length: 4 }))).toEqual(
      fails(/length must be at least 5, the tokens of the longest encoding, got 4/),
    );
    expect(errorOf(() => bert.pad([{}] as never))).toEqual(fails(/encodings must be a list of encodings/));
    const unequal = ['a', 'a b c'].map((text) => reformer.encode(text));
    expect(errorOf(() => reformer.pad(unequal))).toMatchObject({ code: 'UNSUPPORTED' });
  });
});

test('the names of files', () => {
  expect(tokenizerFileNames()).toContain('spiece.model');
  expect(new Set(tokenizerFileNames()).size).toBe(tokenizerFileNames().length);
});
