// Components of tokenizer.json that the goldens do not have, in a tokenizer of words.
import { expect, test } from 'vitest';
import { tokenizerFromJson } from './index.ts';

type Json = Readonly<Record<string, unknown>>;

/** The words that a text is cut into, with their places: a model of no words makes one token of each. */
function words(text: string, parts: Json): readonly (readonly [string, number, number])[] {
  const model = { type: 'WordLevel', vocab: { '<unk>': 0 } };
  const { offsets } = tokenizerFromJson({ model, ...parts }).encode(text);
  return offsets.map((span) => {
    const [start, end] = span ?? [0, 0];
    return [text.slice(start, end), start, end] as const;
  });
}
const cut = (text: string, preTokenizer: Json) =>
  words(text, { pre_tokenizer: preTokenizer }).map(([word]) => word);

test.each<[string, Json, string, readonly string[]]>([
  ['Whitespace', { type: 'Whitespace' }, "don't  go!?", ['don', "'", 't', 'go', '!?']],
  ['WhitespaceSplit', { type: 'WhitespaceSplit' }, " don't  go\u0085x", ["don't", 'go', 'x']],
  ['Punctuation', { type: 'Punctuation' }, 'a,b。c', ['a', ',', 'b', '。', 'c']],
  ['Digits', { type: 'Digits' }, 'a12b', ['a', '12', 'b']],
  ['single Digits', { type: 'Digits', individual_digits: true }, 'a12b', ['a', '1', '2', 'b']],
  ['CharDelimiterSplit', { type: 'CharDelimiterSplit', delimiter: '-' }, 'a-b--c', ['a', 'b', 'c']],
  ['UnicodeScripts', { type: 'UnicodeScripts' }, 'ab вг 鲸 か', ['ab ', 'вг ', '鲸 か']],
  ['FixedLength', { type: 'FixedLength', length: 2 }, 'ab🐋de', ['ab', '🐋d', 'e']],
  [
    'merged with the previous',
    { type: 'Split', pattern: { String: '-' }, behavior: 'MergedWithPrevious' },
    'a-b--c',
    ['a-', 'b-', '-', 'c'],
  ],
  [
    'merged with the next',
    { type: 'Split', pattern: { String: '-' }, behavior: 'MergedWithNext' },
    'a-b--c',
    ['a', '-b', '-', '-c'],
  ],
  [
    'contiguous',
    { type: 'Split', pattern: { String: '-' }, behavior: 'Contiguous' },
    'a-b--c',
    ['a', '-', 'b', '--', 'c'],
  ],
  ['removed', { type: 'Split', pattern: { String: '-' }, behavior: 'Removed' }, 'a-b--c', ['a', 'b', 'c']],
  [
    'inverted',
    { type: 'Split', pattern: { Regex: '[a-z]+' }, behavior: 'Removed', invert: true },
    'ab-cd',
    ['ab', 'cd'],
  ],
  [
    'in order',
    { type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, { type: 'Digits' }] },
    'a1 b',
    ['a', '1', 'b'],
  ],
])('pre-tokenizer: %s', (_, preTokenizer, text, expected) => {
  expect(cut(text, preTokenizer)).toEqual(expected);
});

test('Metaspace puts a mark before the first piece of a text only', () => {
  const vocab = { '▁a': 0, a: 1, '▁b': 2, '<x>': 3, '<unk>': 4 };
  const parts = {
    model: { type: 'WordLevel', vocab },
    added_tokens: [{ id: 3, content: '<x>', special: true }],
    pre_tokenizer: { type: 'Metaspace', prepend_scheme: 'first' },
    decoder: { type: 'Metaspace' },
  };
  const tokenizer = tokenizerFromJson(parts);
  expect(tokenizer.encode('a b<x>a b').ids).toEqual([0, 2, 3, 1, 2]);
  expect(tokenizer.decode([0, 2, 3, 1, 2], { skipSpecialTokens: false })).toBe('a b<x>a b');
  const always = tokenizerFromJson({ ...parts, pre_tokenizer: { type: 'Metaspace' } });
  expect(always.encode('a b<x>a b').ids).toEqual([0, 2, 3, 0, 2]);
});

test.each<[string, Json, string, string]>([
  ['Lowercase', { type: 'Lowercase' }, 'ΑΣ İ', 'ασ i̇'],
  [
    'StripAccents',
    { type: 'Sequence', normalizers: [{ type: 'NFD' }, { type: 'StripAccents' }] },
    'été',
    'ete',
  ],
  ['NFKC', { type: 'NFKC' }, 'ﬁ½ｶﾞ', 'fi1⁄2ガ'],
  ['Strip', { type: 'Strip' }, ' a ', 'a'],
  ['Prepend', { type: 'Prepend', prepend: '▁' }, 'a', '▁a'],
  ['Replace', { type: 'Replace', pattern: { Regex: 'a+' }, content: 'b' }, 'xaay', 'xby'],
  ['Nmt', { type: 'Nmt' }, 'a\u200bb\u0001c', 'a bc'],
  ['ByteLevel', { type: 'ByteLevel' }, 'é ', 'Ã©Ġ'],
])('normalizer: %s', (_, normalizer, text, expected) => {
  const tokenizer = tokenizerFromJson({
    normalizer,
    model: { type: 'WordLevel', vocab: { [expected]: 0, '<unk>': 1 } },
  });
  const { ids, offsets } = tokenizer.encode(text);
  expect(ids).toEqual([0]);
  expect(text.slice(...(offsets[0] ?? [0, 0])).trim()).toBe(text.trim());
});

test('an end of words, and a prefix inside of them, are symbols of BPE', () => {
  const clip = tokenizerFromJson({
    model: {
      type: 'BPE',
      vocab: { a: 0, 'b</w>': 1, 'ab</w>': 2, 'a</w>': 3 },
      merges: ['a b</w>'],
      end_of_word_suffix: '</w>',
    },
    pre_tokenizer: { type: 'WhitespaceSplit' },
    decoder: { type: 'BPEDecoder', suffix: '</w>' },
  });
  expect(clip.encode('ab a').ids).toEqual([2, 3]);
  expect(clip.decode([2, 3])).toBe('ab a');
  const prefixed = tokenizerFromJson({
    model: {
      type: 'BPE',
      vocab: { a: 0, '##b': 1, ab: 2 },
      merges: [['a', '##b']],
      continuing_subword_prefix: '##',
    },
  });
  expect(prefixed.encode('ab').ids).toEqual([2]);
});

test('a word that is a token is taken as it is where merges are ignored', () => {
  const model = { type: 'BPE', vocab: { a: 0, b: 1, c: 2, ab: 3, abc: 4 }, merges: ['a b'] };
  expect(tokenizerFromJson({ model }).encode('abc').ids).toEqual([3, 2]);
  expect(tokenizerFromJson({ model: { ...model, ignore_merges: true } }).encode('abc').ids).toEqual([4]);
});

test.each<[string, Json, readonly string[], string]>([
  ['CTC', { type: 'CTC', pad_token: '_', word_delimiter_token: '|' }, ['a', 'a', '_', 'a', '|', 'b'], 'aa b'],
  ['Strip', { type: 'Strip', content: ' ', start: 1, stop: 0 }, [' a', '  b'], 'a b'],
  ['WordPiece', { type: 'WordPiece' }, ['a', '##b', 'c', '.'], 'ab c.'],
  ['ByteFallback', { type: 'ByteFallback' }, ['<0xC3>', '<0xA9>', 'a', '<0xC3>'], 'éa\ufffd'],
])('decoder: %s', (_, decoder, tokens, expected) => {
  const vocab = Object.fromEntries([...new Set(tokens)].map((token, id) => [token, id]));
  const tokenizer = tokenizerFromJson({ decoder, model: { type: 'WordLevel', vocab, unk_token: 'a' } });
  expect(tokenizer.decode(tokens.map((token) => vocab[token]))).toBe(expected);
});

test('without a decoder tokens stand apart', () => {
  const tokenizer = tokenizerFromJson({ model: { type: 'WordLevel', vocab: { a: 0, b: 1 } } });
  expect(tokenizer.decode([0, 1])).toBe('a b');
});
