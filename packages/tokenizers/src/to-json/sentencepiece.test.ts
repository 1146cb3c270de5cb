// Models made by hand, with all that a file may say of spaces and pieces: what is written does the same.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readModelProto } from '../from-files/model-proto.ts';
import { ownFiles } from '../goldens.testing.ts';
import {
  tokenizerFromFiles,
  tokenizerFromJson,
  tokenizerJson,
  type Tokenizer,
  type TokenizerFiles,
} from '../index.ts';
import { byteToken } from '../models/byte-tokens.ts';
import { message, utf8 } from '../protobuf.testing.ts';

const [UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE] = [2, 3, 4, 5, 6];

type Piece = readonly [text: string, score: number, type?: number];

interface ModelOptions {
  readonly kind?: 'unigram' | 'bpe';
  readonly addDummyPrefix?: boolean;
  readonly removeExtraWhitespaces?: boolean;
  readonly byteFallback?: boolean;
  readonly charsmap?: Uint8Array;
}

/** The folder of a tokenizer with such a model. */
function folderOf(
  pieces: readonly Piece[],
  options: ModelOptions = {},
  modelType = 'reformer',
): TokenizerFiles {
  const { kind = 'unigram', addDummyPrefix = true, removeExtraWhitespaces = true } = options;
  const { byteFallback = false, charsmap = new Uint8Array(0) } = options;
  const written = pieces.map(([text, score, type = 1]) => {
    return [1, message([1, utf8(text)], [2, Float32Array.of(score)], [3, type])] as const;
  });
  const trainer = message([3, kind === 'bpe' ? 2 : 1], [35, Number(byteFallback)]);
  const spaces = [[3, Number(addDummyPrefix)] as const, [4, Number(removeExtraWhitespaces)] as const];
  const model = message(...written, [2, trainer], [3, message([2, charsmap], ...spaces)]);
  return {
    'config.json': JSON.stringify({ model_type: modelType }),
    [modelType === 'reformer' ? 'spiece.model' : 'sentencepiece.bpe.model']: model,
  };
}

/** The tokenizer of a folder, and that of what is written of it. */
function both(files: TokenizerFiles): Readonly<Record<'whole' | 'written', Tokenizer>> {
  const json: unknown = JSON.parse(JSON.stringify(tokenizerJson(files)));
  return { whole: tokenizerFromFiles(files), written: tokenizerFromJson(json) };
}

const letters = (texts: Iterable<string>): Piece[] => [...texts].map((text, i) => [text, -1 - i / 4]);

const HEAD: readonly Piece[] = [
  ['<unk>', 0, UNKNOWN],
  ['<s>', 0, CONTROL],
  ['</s>', 0, CONTROL],
];
const PIECES: readonly Piece[] = [
  ...HEAD,
  ['never', 0, UNUSED],
  ...letters([...'▁abcdenrsv<>/', '▁a', 'ab', '▁▁', '▁ab', 'cd', 'bc', 'c▁', 'abcd', 'de', 'er']),
];
const USER_DEFINED_PIECES: readonly Piece[] = [
  ['<x>', 0, USER_DEFINED],
  ['bcd', 0, USER_DEFINED],
  ['▁d', 0, USER_DEFINED],
  ['x', 0, USER_DEFINED],
];
const BYTES = Array.from({ length: 256 }, (_, byte): Piece => [byteToken(byte), 0, BYTE]);
const charsmap = readModelProto(
  ownFiles('longformer-xlmr')['sentencepiece.bpe.model'] as Uint8Array,
  'sentencepiece.bpe.model',
).charsmap?.bytes;

const PARTS = [
  ...'abcdex▁  \tZé½',
  'abcd',
  'bcd',
  '<x>',
  '   ',
  ' ▁ ',
  '—',
  '“',
  'e\u0301',
  'か\u3099',
  '🐋',
];
/** Pieces that are in no text, as texts. */
const NAMES = ['<s>', '</s>', 'never'];

const CASES: readonly (readonly [string, readonly Piece[], ModelOptions])[] = [
  ['pieces alone', PIECES, {}],
  ['every space kept', PIECES, { removeExtraWhitespaces: false }],
  ['user-defined pieces', [...PIECES, ...USER_DEFINED_PIECES], {}],
  [
    'user-defined pieces and every space kept',
    [...PIECES, ...USER_DEFINED_PIECES],
    { removeExtraWhitespaces: false },
  ],
  ['a charsmap', PIECES, { charsmap }],
  ['bytes', [...PIECES, ...BYTES], { byteFallback: true }],
];

describe.each(['unigram', 'bpe'] as const)('%s', (kind) => {
  describe.each([true, false])('a mark before the text: %s', (addDummyPrefix) => {
    test.each(CASES)('%s', (title, pieces, options) => {
      const { whole, written } = both(folderOf(pieces, { kind, addDummyPrefix, ...options }));
      // Where BPE has user-defined pieces, the names are exceptions; see below.
      const names = kind === 'bpe' && title.startsWith('user-defined') ? [] : NAMES;
      const parts = fc.array(fc.constantFrom(...PARTS, ...names), { maxLength: 12 });
      const check = fc.property(parts, (chosen) => {
        const text = chosen.join('');
        const encoding = whole.encode(text);
        // User-defined pieces of BPE are words by themselves in the file, and only there.
        const { words } =
          kind === 'bpe' && title.startsWith('user-defined') ? written.encode(text) : encoding;
        expect(written.encode(text)).toEqual({ ...encoding, words });
        expect(written.decode(encoding.ids)).toBe(whole.decode(encoding.ids));
      });
      fc.assert(check, { numRuns: 300 });
    });
  });
});

test('a piece that has no id of its own leaves a gap, and the ids after it stay', () => {
  const pieces: Piece[] = [...HEAD, ['<pad>', 0, CONTROL], ...letters('▁ab')];
  const { whole, written } = both(folderOf(pieces, {}, 'xlm-roberta'));
  expect(whole.encode('ab').ids).toEqual([0, 5, 6, 7, 2]);
  expect(written.encode('ab')).toEqual(whole.encode('ab'));
  expect(written.tokenToId('<pad>')).toBe(1);
  expect(whole.idToToken(4)).toBeUndefined();
});

// What the format cannot say. None of it is in the goldens.
test.each<readonly [string, TokenizerFiles, string, readonly string[], readonly string[]]>([
  [
    'a user-defined piece that the charsmap would change stays, but there it is changed first',
    folderOf([...HEAD, ...letters('▁a-'), ['—', 0, USER_DEFINED]], { charsmap }),
    'a—',
    ['▁', 'a', '—'],
    ['▁', 'a', '-'],
  ],
  [
    'a piece of BPE that is in no text, alone between user-defined ones',
    folderOf([...PIECES, ['<x>', 0, USER_DEFINED]], { kind: 'bpe' }),
    'a<x>never',
    ['▁a', '<x>', 'n', 'e', 'v', 'er'],
    ['▁a', '<x>', 'never'],
  ],
  [
    'a piece of BPE whose characters are no pieces',
    folderOf([...HEAD, ...letters(['▁', 'ab'])], { kind: 'bpe' }),
    'ab',
    ['▁', 'ab'],
    ['▁', '<unk>'],
  ],
  [
    'a control piece of Unigram one of whose characters is no piece',
    folderOf([...HEAD, ...letters('▁s>')]),
    '<s>',
    ['▁', '<unk>', 's', '>'],
    ['▁', '<s>'],
  ],
  [
    // An unknown character is worth less than any piece, and the scores of those in no text are the least.
    'an unknown character is worth less',
    folderOf([...HEAD, ['▁', -1], ['qa', -1], ['q', -30], ['ax', -30]]),
    'qax',
    ['▁', 'qa', '<unk>'],
    ['▁', 'q', 'ax'],
  ],
])('exception: %s', (_, files, text, expected, instead) => {
  const { whole, written } = both(files);
  expect(whole.encode(text).ids.map((id) => whole.idToToken(id))).toEqual(expected);
  expect(written.encode(text).ids.map((id) => written.idToToken(id))).toEqual(instead);
});

test('exception: decoding writes control pieces that are no special tokens', () => {
  const { whole, written } = both(folderOf([...HEAD, ...letters('▁a')]));
  expect([whole.decode([1, 4, 2]), written.decode([1, 4, 2])]).toEqual(['a', '<s>a']);
});

test('more user-defined pieces than a pattern may have are refused', () => {
  const many = Array.from({ length: 2_000 }, (_, i): Piece => [`<user ${i}>`, 0, USER_DEFINED]);
  const files = folderOf([...PIECES, ...many], { kind: 'bpe' });
  expect(() => tokenizerJson(files)).toThrow(
    'spiece.model: its 2000 user-defined pieces have 22889 characters, 17 of them distinct, of which a pattern may have 10000 and 256',
  );
});

test('user-defined pieces of as many characters as a pattern tells apart are written, of more they are refused', () => {
  const ideographs = Array.from({ length: 257 }, (_, i) => String.fromCodePoint(0x4e00 + i));
  const ofCharacters = (texts: readonly string[]) =>
    folderOf([...HEAD, ['▁', -1], ...texts.map((text): Piece => [text, 0, USER_DEFINED])], { kind: 'bpe' });
  const { whole, written } = both(ofCharacters(ideographs.slice(1)));
  expect(written.encode(ideographs.join('')).ids).toEqual(whole.encode(ideographs.join('')).ids);
  expect(() => tokenizerJson(ofCharacters(ideographs))).toThrow(
    'spiece.model: its 257 user-defined pieces have 513 characters, 257 of them distinct, of which a pattern may have 10000 and 256',
  );
});
