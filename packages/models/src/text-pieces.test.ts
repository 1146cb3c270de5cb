// The pieces of a text have the ids of the whole, wherever it is cut; what might see further than a word is
// not cut.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '@attn/core';
import { Tokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { cutsAtSpaces, textPieces } from './text-pieces.ts';
import { readTokenizer, type TextTokenizer } from './tokenizer.ts';
import { letterTokenizer, specialToken } from './testing/tokenizer.testing.ts';

let book: string;
beforeAll(async () => {
  book = await readFile(
    fileURLToPath(new URL('../../../apps/cli/data/moby-dick.txt', import.meta.url)),
    'utf8',
  );
});

const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];
/** Parts of words, so that words are of several tokens. */
const PARTS = ['the', 'wha', 'le', 'ing', 'and', 'ed', 'sea', 'er', 'of', 'ish', 'ma', 'el', 'ß', 'é', 'e'];

/** BERT's way: lower case, no accents, words and marks. */
function wordPieces(): JsonObject {
  const tokens = ['[UNK]', '[CLS]', '[SEP]', ...LETTERS, ...PARTS, ...'.,;!?\'"-'];
  const all = [...tokens, ...[...LETTERS, ...PARTS].map((part) => `##${part}`)];
  return {
    added_tokens: [specialToken('[UNK]', 0), specialToken('[CLS]', 1), specialToken('[SEP]', 2)],
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [],
      special_tokens: {},
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(all.map((token, id) => [token, id])),
    },
  };
}

/** SentencePiece's way: a mark before each word, the likeliest pieces, unknown ones joined. */
function unigram(): JsonObject {
  const tokens = ['<unk>', '▁', ...[...PARTS, ...LETTERS, ...'.,;!?'].flatMap((part) => [part, `▁${part}`])];
  return {
    added_tokens: [specialToken('<unk>', 0), specialToken('<mask>', tokens.length, { lstrip: true })],
    normalizer: {
      type: 'Sequence',
      normalizers: [{ type: 'NFKC' }, { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' }],
    },
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
    post_processor: null,
    decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' },
    model: {
      type: 'Unigram',
      unk_id: 0,
      vocab: tokens.map((token, i) => [token, -Math.log(i + 2) / token.length]),
    },
  };
}

const TOKENIZERS = {
  'bytes of words': letterTokenizer,
  'pieces of words': wordPieces,
  'likeliest pieces': unigram,
};

/** Characters that normalizers, pre-tokenizers and added tokens treat in ways of their own. */
const text = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant(' ') },
      fc.constantFrom(
        ...'abcdeßéΣσ漢字.,!?\'"-\n\t\u00a0\u3000\u200b\u0301▁~<>',
        '<mask>',
        '</s>',
        '🐋',
        'ﬁ',
        '\u0000',
        "'s",
        '\uD800',
        ' \u0301',
      ),
      fc.string(),
    ),
  )
  .map((parts) => parts.join(''));

describe.each(Object.entries(TOKENIZERS))('%s', (_title, make) => {
  let inner: Tokenizer;
  beforeAll(() => void (inner = new Tokenizer(make(), {})));
  const idsOf = (piece: string): readonly number[] => inner.encode(piece, { add_special_tokens: false }).ids;

  test('a book in pieces has the ids of the book', () => {
    expect(cutsAtSpaces(make(), {})).toBe(true);
    const part = book.slice(0, 150_000);
    const whole = idsOf(part);
    for (const least of [1, 500, undefined]) {
      const pieces = [...textPieces(part, { canCut: true, least })];
      expect(pieces.length).toBeGreaterThan(30);
      expect(pieces.join('')).toBe(part);
      expect(pieces.flatMap(idsOf)).toEqual(whole);
    }
  });
  test('and so has any text, cut wherever it can be', () => {
    const property = fc.property(text, fc.integer({ min: 1, max: 20 }), (whole, least) => {
      const pieces = [...textPieces(whole, { canCut: true, least })];
      expect(pieces.join('')).toBe(whole);
      expect(pieces.flatMap(idsOf)).toEqual(idsOf(whole));
    });
    fc.assert(property, { numRuns: 500 });
  });
});

test('nothing is cut but before a space between visible characters', () => {
  expect([...textPieces('aa bc  d\ne f', { canCut: true, least: 1 })]).toEqual(['aa', ' bc  d\ne', ' f']);
  expect([...textPieces('a b c', { canCut: false, least: 1 })]).toEqual(['a b c']);
  expect([...textPieces('', { canCut: true, least: 1 })]).toEqual(['']);
});

describe('not cut are texts of a tokenizer', () => {
  const bytes = letterTokenizer();
  const pieces = unigram();
  const model = (changes: JsonObject): JsonObject => ({
    ...pieces,
    model: { ...(pieces.model as JsonObject), ...changes },
  });
  test.each<[string, JsonObject, JsonObject?]>([
    ['without a pre-tokenizer', { ...bytes, pre_tokenizer: null }],
    [
      'with an expression of its own',
      { ...bytes, pre_tokenizer: { type: 'Split', pattern: { Regex: '.' }, behavior: 'Isolated' } },
    ],
    [
      'whose bytes are not split into words',
      { ...bytes, pre_tokenizer: { type: 'ByteLevel', use_regex: false } },
    ],
    ['whose added token holds a space', { ...bytes, added_tokens: [specialToken('a b', 99)] }],
    [
      'whose added token takes the spaces after it',
      { ...bytes, added_tokens: [specialToken('<x>', 99, { rstrip: true })] },
    ],
    [
      'that strips edges which would be part of words',
      { ...bytes, normalizer: { type: 'Strip', strip_left: true } },
    ],
    ['that removes spaces', bytes, { remove_space: true }],
    ['with a normalizer that is not known', { ...bytes, normalizer: { type: 'Prepend', prepend: 'x' } }],
    [
      'that replaces spaces',
      { ...bytes, normalizer: { type: 'Replace', pattern: { String: 'a b' }, content: 'c' } },
    ],
    [
      'that joins unknown tokens without marks of words',
      { ...bytes, model: { ...(bytes.model as JsonObject), fuse_unk: true } },
    ],
    [
      'whose tokens reach over words',
      model({
        vocab: [
          ['<unk>', -1],
          ['▁', -1],
          ['of▁the', -2],
        ],
      }),
    ],
    [
      'without a token for the mark',
      model({
        vocab: [
          ['<unk>', -1],
          ['a', -1],
        ],
      }),
    ],
    [
      'that marks only the first word',
      { ...pieces, pre_tokenizer: { type: 'Metaspace', prepend_scheme: 'first' } },
    ],
    ['of another model', model({ type: 'WordLevel' })],
    ['that is empty', {}],
  ])('%s', (_title, json, config = {}) => {
    expect(cutsAtSpaces(json, config)).toBe(false);
  });
});

describe('a tokenizer.json', () => {
  const bytes = new TextEncoder().encode(JSON.stringify(letterTokenizer()));
  const readLetters = async (): Promise<TextTokenizer> => {
    const tokenizer = await readTokenizer({
      name: 'test',
      has: async () => true,
      bytes: async (file: string) => (file === 'tokenizer.json' ? bytes : undefined),
      tensors: () => Promise.reject(new Error('none')),
    });
    if (tokenizer === undefined) throw new Error('no tokenizer');
    return tokenizer;
  };
  test('is asked for each piece of a text once', async () => {
    const tokenizer = await readLetters();
    tokenizer.encode('a');
    const asked = vi.spyOn(Tokenizer.prototype, 'encode');
    const long = 'call me ishmael '.repeat(2_000);
    const { ids, before, after } = tokenizer.encode(long);
    expect(asked.mock.calls.map((call: readonly unknown[]) => call[0]).join('')).toBe(long);
    expect([before, after]).toEqual([1, 1]);
    asked.mockRestore();
    expect(ids).toEqual(new Tokenizer(letterTokenizer(), {}).encode(long).ids);
  });
  test('says how far it is', async () => {
    const long = 'call me ishmael '.repeat(2_000);
    const steps = [...((await readLetters()).encodeSteps?.(long) ?? [])];
    expect(steps.length).toBeGreaterThan(5);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(steps.at(-1)).toBeLessThan(long.length);
  });
  test('knows what stands around a text of nothing, and reads no ids', async () => {
    const tokenizer = await readLetters();
    expect(tokenizer.encode('')).toEqual({ ids: [0, 2], before: 1, after: 1 });
    expect(tokenizer.decode([])).toBe('');
  });
});
