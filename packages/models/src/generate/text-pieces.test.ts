// Pieces of text: together they are the text, and no piece ends inside a letter.
import { tokenizerFromJson } from '@attn/tokenizers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byteTokenizer } from '../byte-tokenizer.ts';
import type { TextTokenizer } from '../tokenizer.ts';
import { TextPieces } from './text-pieces.ts';

function piecesOf(tokenizer: TextTokenizer, prompt: readonly number[], ids: readonly number[]): string[] {
  const pieces = new TextPieces(tokenizer, prompt);
  return [...ids.map((id) => pieces.add(id)), pieces.rest()];
}

/** Words with a mark for the space before them, of which a decoder leaves out the first. */
const marked = tokenizerFromJson({
  version: '1.0',
  added_tokens: [
    {
      id: 0,
      content: '</s>',
      special: true,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
    },
  ],
  normalizer: null,
  pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
  post_processor: null,
  decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
  model: {
    type: 'WordLevel',
    vocab: { '</s>': 0, '▁Call': 1, '▁me': 2, '▁Ishmael': 3, '.': 4 },
    unk_token: '</s>',
  },
});

describe('bytes', () => {
  const tokenizer = byteTokenizer(2);
  const idsOf = (text: string): readonly number[] => tokenizer.encode(text).ids;

  test('a letter comes with its last byte', () => {
    expect(piecesOf(tokenizer, idsOf('a'), idsOf('é🐳!'))).toEqual(['', 'é', '', '', '', '🐳', '!', '']);
  });

  test('what is no letter comes when it can no longer become one', () => {
    const broken = idsOf('🐳').slice(0, 2);
    expect(piecesOf(tokenizer, [], [...broken, ...idsOf('x')]).join('')).toBe(
      tokenizer.decode([...broken, ...idsOf('x')]),
    );
    expect(piecesOf(tokenizer, idsOf('a'), broken)).toEqual(['', '', tokenizer.decode(broken)]);
  });

  test('the pieces are the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (prompt, text) => {
        expect(piecesOf(tokenizer, idsOf(prompt), idsOf(text)).join('')).toBe(text);
      }),
    );
  });
});

test('a space before a word is of its piece, and special tokens are none', () => {
  expect(piecesOf(marked, [1], [2, 0, 3, 4, 0])).toEqual([' me', '', ' Ishmael', '.', '', '']);
  expect(piecesOf(marked, [], [1, 2])).toEqual(['Call', ' me', '']);
});
