// Hostile files: each gives a tokenizer or one typed sentence, soon and without much memory.
import { AttnError } from '@attn/core';
import { mulberry32 } from '@attn/core/backend';
import { describe, expect, test } from 'vitest';
import { ownFiles } from './goldens.testing.ts';
import { tokenizerFromFiles, tokenizerFromJson, tokenizerJson, type TokenizerFiles } from './index.ts';
import { message, utf8 } from './protobuf.testing.ts';

const TEXT = 'Call me Ishmael.  café ½ 鲸鱼 🐋 <mask> ▁x </s> ' + 'whale'.repeat(30);

/** Makes a tokenizer and uses it; only typed errors are let through, and returned. */
function attempt(files: TokenizerFiles): AttnError | undefined {
  try {
    const tokenizer = tokenizerFromFiles(files);
    const { ids, windows } = tokenizer.encode(TEXT, { pair: TEXT, maxLength: 4_000 });
    tokenizer.decode(ids);
    expect(windows.length).toBe(1);
    tokenizerFromJson(JSON.parse(JSON.stringify(tokenizerJson(files)))).encode(TEXT);
    return undefined;
  } catch (error) {
    if (!(error instanceof AttnError)) throw error;
    // Of a file that asks for a template of thousands of tokens, or for tokens that there are not.
    expect(['MALFORMED_FILE', 'UNSUPPORTED', 'MISSING_INPUT', 'INVALID_ARGUMENT']).toContain(error.code);
    expect(error.message).toMatch(/^\[attn\/tokenizers\] /);
    expect(error.message.length).toBeLessThan(600);
    expect(error.message).not.toContain('\n');
    return error;
  }
}

/** Numbers from 0 to below 1, always the same ones. */
function randomOf(seed: number): () => number {
  const next = mulberry32(seed);
  return () => next() / 2 ** 32;
}

/** Bytes with some of them changed, cut off, or repeated. */
function mutated(bytes: Uint8Array, random: () => number, isText: boolean): Uint8Array {
  const copy = bytes.slice();
  const at = () => Math.floor(random() * copy.length);
  const kind = random();
  if (kind < 0.2) return copy.subarray(0, at());
  if (kind < 0.3) {
    const [from, to] = [at(), at()].toSorted((a, b) => a - b);
    return Uint8Array.from([...copy.subarray(0, to), ...copy.subarray(from)]);
  }
  // Changes near the start meet the structure rather than the pieces.
  const reach = random() < 0.5 ? copy.length : Math.min(copy.length, 400);
  for (let n = 1 + Math.floor(random() * 8); n > 0; n--) {
    const place =
      random() < 0.5 ? Math.floor(random() * reach) : copy.length - 1 - Math.floor(random() * reach);
    // Among ASCII a file of text remains one; 0xff makes lengths lie.
    copy[place] = isText
      ? 32 + Math.floor(random() * 95)
      : random() < 0.3
        ? 0xff
        : Math.floor(random() * 256);
  }
  return copy;
}

/** The share of the random changes that is tried: by default a quarter, as others are of the same kinds. */
const share = process.env.ATTN_SUITE === 'whole' ? 1 : 1 / 4;

describe('mutated files', () => {
  test.each([
    ['reformer-plain', 'spiece.model', 400],
    ['bigbird', 'spiece.model', 400],
    ['longformer-xlmr', 'sentencepiece.bpe.model', 600],
    ['xlm-roberta', 'sentencepiece.bpe.model', 80],
    ['gemma', 'tokenizer.json', 500],
    ['qwen', 'tokenizer.json', 500],
    ['t5', 'tokenizer.json', 500],
    ['longformer-plain', 'vocab.json', 200],
    ['longformer-plain', 'merges.txt', 200],
    ['longformer-added', 'tokenizer_config.json', 300],
    ['led-docsep', 'special_tokens_map.json', 300],
    ['bert-default', 'vocab.txt', 200],
  ] as const)(
    '%s: %s, %i times in a whole run',
    (id, name, most) => {
      const count = most * share;
      const files = ownFiles(id);
      const bytes = files[name] as Uint8Array;
      const random = randomOf(id.length * 1_000 + name.length);
      let refused = 0;
      for (let n = 0; n < count; n++) {
        const start = performance.now();
        if (attempt({ ...files, [name]: mutated(bytes, random, !name.endsWith('.model')) }) !== undefined)
          refused += 1;
        expect(performance.now() - start).toBeLessThan(5_000);
      }
      expect(refused).toBeGreaterThan(count / 50);
    },
    60_000,
  );

  test('any field of a tokenizer.json may be of any kind', () => {
    const random = randomOf(7);
    const values = [
      null,
      true,
      -1,
      1e9,
      0.5,
      '',
      'x',
      '▁',
      '(',
      [],
      [[]],
      {},
      { type: 'Sequence' },
      { type: 'BPE' },
    ];
    const files = Object.fromEntries(
      ['gemma', 'qwen', 't5', 'modernbert'].map((id) => [id, ownFiles(id)['tokenizer.json'] as Uint8Array]),
    );
    for (const bytes of Object.values(files)) {
      for (let n = 0; n < 300 * share; n++) {
        const json: unknown = JSON.parse(new TextDecoder().decode(bytes));
        let node = json as Record<string, unknown>;
        for (;;) {
          const keys = Object.keys(node);
          const key = keys[Math.floor(random() * keys.length)];
          const next = node[key];
          if (typeof next === 'object' && next !== null && Object.keys(next).length > 0 && random() < 0.8) {
            node = next as Record<string, unknown>;
            continue;
          }
          if (key !== undefined) node[key] = values[Math.floor(random() * values.length)];
          break;
        }
        attempt({ 'tokenizer.json': JSON.stringify(json) });
      }
    }
  }, 60_000);
});

const unknown = [1, message([1, utf8('<unk>')], [3, 2])] as const;
const piece = (text: string) => [1, message([1, utf8(text)])] as const;
const reformer = (bytes: Uint8Array): TokenizerFiles => ({
  'config.json': '{ "model_type": "reformer" }',
  'spiece.model': bytes,
});
const roberta = (files: TokenizerFiles): TokenizerFiles => ({ ...ownFiles('longformer-plain'), ...files });
const json = (object: unknown): TokenizerFiles => ({ 'tokenizer.json': JSON.stringify(object) });
const wordLevel = { model: { type: 'WordLevel', vocab: { a: 0, '<unk>': 1 } } };
const DEEP = 50_000;
const nested: TokenizerFiles = {
  'tokenizer.json': `{"model":{"type":"WordLevel","vocab":{"a":0}},"normalizer":${'{"type":"Sequence","normalizers":['.repeat(DEEP)}{"type":"NFC"}${']}'.repeat(DEEP)}}`,
};

const refused: readonly [string, TokenizerFiles, RegExp][] = [
  ['no files', {}, /config.json with a model_type.*is missing/],
  [
    'an unknown class',
    { 'tokenizer_config.json': '{"tokenizer_class":"LlamaTokenizer"}' },
    /tokenizer_class "LlamaTokenizer" needs a tokenizer.json/,
  ],
  [
    'an unknown class of a known model',
    { 'config.json': '{"tokenizer_class":"LlamaTokenizer","model_type":"bert"}' },
    /config.json: tokenizer_class "LlamaTokenizer" needs a tokenizer.json/,
  ],
  [
    'a class that only has its words from a tokenizer.json',
    { 'tokenizer_config.json': '{"tokenizer_class":"FunnelTokenizerFast"}' },
    /tokenizer_config.json: tokenizer_class "FunnelTokenizerFast" needs a tokenizer.json/,
  ],
  [
    'an unknown model',
    { 'config.json': '{"model_type":"llama"}' },
    /model_type "llama" needs a tokenizer.json/,
  ],
  ['an inherited model', { 'config.json': '{"model_type":"constructor"}' }, /model_type "constructor" needs/],
  ['JSON that is none', { 'config.json': '{' }, /config.json: it is not valid JSON/],
  ['JSON that is no object', { 'config.json': '[]' }, /config.json: the file must be an object, got \[\]/],
  [
    'a file that is missing',
    { 'config.json': '{"model_type":"bart"}', 'vocab.json': '{}' },
    /vocab.json: it must have a token for each byte, and lacks 243/,
  ],
  ['no merges', roberta({ 'merges.txt': undefined }), /merges.txt is missing; there are/],
  [
    'an id that is none',
    roberta({ 'vocab.json': '{"a":-1}' }),
    /vocab.json: the id of "a" must be an integer from 0 to 16777216, got -1/,
  ],
  ['an id that is too high', roberta({ 'vocab.json': '{"a":1e12}' }), /got 1000000000000/],
  [
    'a merge of tokens that there are not',
    roberta({ 'merges.txt': '#v\nĠ qqq\n' }),
    /merge 0 of "Ġ" and "qqq" needs the token "Ġqqq"/,
  ],
  [
    'a merge of three',
    roberta({ 'merges.txt': '#v\na b c\n' }),
    /merges.txt: line 2 must have two tokens, got "a b c"/,
  ],
  [
    'bytes that are no text',
    roberta({ 'merges.txt': Uint8Array.of(0xff) }),
    /merges.txt: it is not valid UTF-8/,
  ],
  [
    'a vocabulary without the unknown token',
    { ...ownFiles('bert-default'), 'vocab.txt': 'a\nb\n' },
    /vocab.txt: it must have a line "\[UNK\]"/,
  ],
  [
    'a model that is a text',
    { ...ownFiles('bigbird'), 'spiece.model': 'x' },
    /files\["spiece.model"\] must be a Uint8Array/,
  ],
  ['an empty model', reformer(new Uint8Array(0)), /the model has no pieces/],
  ['a length beyond the end', reformer(Uint8Array.of(10, 200, 1)), /a field of 200 bytes does not fit/],
  [
    'a length of 2^63',
    reformer(Uint8Array.of(10, 255, 255, 255, 255, 255, 255, 255, 255, 127)),
    /a field of NaN bytes does not fit/,
  ],
  ['a number without an end', reformer(new Uint8Array(20).fill(255)), /a number is too long/],
  ['a wire type that is none', reformer(Uint8Array.of(11)), /the wire type 3 is none/],
  ['field 0', reformer(Uint8Array.of(0, 0)), /the field number 0 is none/],
  [
    'a piece that is no UTF-8',
    reformer(message([1, message([1, Uint8Array.of(0xff)])])),
    /piece 0 is not valid UTF-8/,
  ],
  [
    'a piece of 2,000 characters',
    reformer(message(unknown, piece('x'.repeat(2_000)))),
    /piece 1 must have 1 to 1000 characters/,
  ],
  [
    'a piece of the type 9',
    reformer(message([1, message([1, utf8('a')], [3, 9])])),
    /piece 0 must have a type from 1 to 6, got 9/,
  ],
  ['no unknown piece', reformer(message(piece('a'))), /piece 0 must be the unknown one of 1 pieces/],
  [
    'an unknown piece that there is not',
    reformer(message(unknown, [2, message([40, 7])])),
    /piece 7 must be the unknown one/,
  ],
  [
    'a model of words',
    reformer(message(unknown, [2, message([3, 3])])),
    /must be Unigram \(1\) or BPE \(2\), got model type 3/,
  ],
  [
    'a charsmap that lies',
    reformer(message(unknown, [3, message([2, Uint8Array.of(255, 255, 0, 0, 1)])])),
    /the charsmap of 5 bytes says that 65535 of them/,
  ],
  [
    'a charsmap without texts',
    reformer(message(unknown, [3, message([2, Uint8Array.of(4, 0, 0, 0, 5, 0, 0, 128)])])),
    /no replacement at byte 5 of 0/,
  ],
  ['no model', json({}), /tokenizer.json: model must be an object, got undefined/],
  ['an unknown type of model', json({ model: { type: 'Magic' } }), /there is no model of the type "Magic"/],
  [
    'an unknown normalizer',
    json({ ...wordLevel, normalizer: { type: 'Magic' } }),
    /there is no normalizer of the type "Magic"/,
  ],
  [
    'an unknown pre-tokenizer',
    json({ ...wordLevel, pre_tokenizer: { type: 'Magic' } }),
    /there is no pre-tokenizer of the type "Magic"/,
  ],
  [
    'an unknown post-processor',
    json({ ...wordLevel, post_processor: { type: 'Magic' } }),
    /there is no post-processor of the type "Magic"/,
  ],
  [
    'an unknown decoder',
    json({ ...wordLevel, decoder: { type: 'Magic' } }),
    /there is no decoder of the type "Magic"/,
  ],
  ['deep nesting', nested, /nested too deeply/],
  [
    'a regular expression that is none',
    json({ ...wordLevel, pre_tokenizer: { type: 'Split', pattern: { Regex: '(' }, behavior: 'Isolated' } }),
    /the regular expression "\(" is none/,
  ],
  [
    'exponential time',
    json({
      ...wordLevel,
      pre_tokenizer: { type: 'Split', pattern: { Regex: '(a+)+$' }, behavior: 'Isolated' },
    }),
    /"\(a\+\)\+\$" repeats a repetition/,
  ],
  [
    'a charsmap that is no base64',
    json({ ...wordLevel, normalizer: { type: 'Precompiled', precompiled_charsmap: '!' } }),
    /precompiled_charsmap must be bytes in base64/,
  ],
  [
    'a template without B',
    json({
      ...wordLevel,
      post_processor: {
        type: 'TemplateProcessing',
        single: [{ Sequence: { id: 'A' } }],
        pair: [{ Sequence: { id: 'A' } }],
      },
    }),
    /post_processor.pair must be a template in which A and B stand once/,
  ],
  [
    'an added token of 2,000 characters',
    json({ ...wordLevel, added_tokens: [{ id: 2, content: 'x'.repeat(2_000) }] }),
    /an added token may have 1000 characters, got 2000/,
  ],
  [
    'a score that is none',
    json({ model: { type: 'Unigram', unk_id: 0, vocab: [['a', 'b']] } }),
    /model.vocab\[0\] must be a piece and its score/,
  ],
];

test.each(refused)('%s', (_, files, expected) => {
  expect(attempt(files)?.message).toMatch(expected);
});

test('tokenizerFromJson refuses what is no object', () => {
  expect(() => tokenizerFromJson(null)).toThrow('tokenizer.json: the file must be an object, got null');
  expect(() => tokenizerFromJson(wordLevel, 3)).toThrow(
    'tokenizer_config.json: config must be an object, got 3',
  );
});

test('names that objects inherit are ordinary tokens', () => {
  const tokenizer = tokenizerFromJson({
    model: { type: 'WordLevel', vocab: { constructor: 0, toString: 1, '<unk>': 2 } },
    pre_tokenizer: { type: 'WhitespaceSplit' },
  });
  expect(tokenizer.encode('toString constructor valueOf').ids).toEqual([1, 0, 2]);
});
