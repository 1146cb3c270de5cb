// What files beside a tokenizer.json change, asked from Hugging Face's library.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { tokenizerFromFiles, tokenizerFromJson } from '../index.ts';

type Json = Readonly<Record<string, unknown>>;

interface Case {
  readonly why: string;
  readonly releases: string;
  /** The name of the tokenizer.json. */
  readonly json: string;
  readonly files: Readonly<Record<string, Json>>;
  readonly texts: readonly string[];
  readonly ids: readonly (readonly number[])[];
  readonly offsets: readonly (readonly (readonly [number, number])[])[];
  readonly mask: number | null;
}

const { bases, cases } = JSON.parse(
  readFileSync(new URL('../../goldens/overrides.json', import.meta.url), 'utf8'),
) as { readonly bases: Readonly<Record<string, Json>>; readonly cases: readonly Case[] };

const classOf = ({ files }: Case) => String(files['tokenizer_config.json'].tokenizer_class);
const rows = cases.map((each) => [`${each.why} (${classOf(each)}, ${each.releases})`, each] as const);

describe('files beside a tokenizer.json', () => {
  test.each(rows)('%s', (_, { json, files, texts, ids, offsets, mask }) => {
    const all = { 'tokenizer.json': bases[json], ...files };
    const tokenizer = tokenizerFromFiles(
      Object.fromEntries(Object.entries(all).map(([name, content]) => [name, JSON.stringify(content)])),
    );
    const encodings = texts.map((text) => tokenizer.encode(text));
    expect(encodings.map((encoding) => encoding.ids)).toEqual(ids);
    expect(encodings.map((encoding) => encoding.offsets.map((span) => span ?? [0, 0]))).toEqual(offsets);
    expect(tokenizer.maskId ?? null).toBe(mask);
  });

  test('each of them changes something, or shows what does not', () => {
    const changes = cases.filter(({ json, texts, ids }) => {
      const plain = tokenizerFromJson(bases[json]);
      return JSON.stringify(texts.map((text) => plain.encode(text).ids)) !== JSON.stringify(ids);
    });
    expect(changes.length).toBeGreaterThan(cases.length / 2);
  });
});

test('tokenizerFromJson hears a tokenizer_config.json, too', () => {
  const [{ json, files, texts, ids }] = cases;
  const tokenizer = tokenizerFromJson(bases[json], files['tokenizer_config.json']);
  expect(texts.map((text) => tokenizer.encode(text).ids)).toEqual(ids);
});

test('without a tokenizer_config.json a tokenizer.json is taken as it is', () => {
  const files = {
    'tokenizer.json': JSON.stringify(bases['bert-cased']),
    'config.json': '{"model_type":"bert"}',
  };
  const plain = tokenizerFromJson(bases['bert-cased']);
  expect(tokenizerFromFiles(files).encode('Call me').ids).toEqual(plain.encode('Call me').ids);
  expect(plain.encode('Call').ids).not.toEqual(plain.encode('call').ids);
});

test('special tokens that no file names are those of the class', () => {
  const vocab = Object.fromEntries(['[UNK]', '<mask>', '</s>', '<s>'].map((token, id) => [token, id]));
  const json = { model: { type: 'WordLevel', vocab, unk_token: '[UNK]' } };
  const { unkId, maskId, sepId, bosId } = tokenizerFromJson(json, {
    tokenizer_class: 'XLMRobertaTokenizerFast',
  });
  expect([unkId, maskId, sepId, bosId]).toEqual([0, 1, 2, 3]);
  expect(tokenizerFromJson(json).maskId).toBeUndefined();
});

test('the class that config.json names counts before its type of model', () => {
  const vocab = Object.fromEntries(['a', '<mask>', '[MASK]'].map((token, id) => [token, id]));
  const files = {
    'tokenizer.json': JSON.stringify({ model: { type: 'WordLevel', vocab } }),
    'config.json': '{"model_type":"bert","tokenizer_class":"XLMRobertaTokenizer"}',
  };
  expect(tokenizerFromFiles(files).maskId).toBe(1);
});

describe('a vocab.txt', () => {
  const special = '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n';
  const idsOf = (words: string, config?: Json) =>
    tokenizerFromFiles({
      'config.json': '{"model_type":"bert"}',
      'vocab.txt': special + words,
      'tokenizer_config.json': config && JSON.stringify(config),
    }).encode('Call call', { addSpecialTokens: false }).ids;

  test('with capital letters is cased, one without them is not', () => {
    expect(idsOf('call\nCall')).toEqual([6, 5]);
    expect(idsOf('call\n##x\n鲸')).toEqual([5, 5]);
  });

  test('with capital letters in special tokens only is not cased', () => {
    expect(idsOf('call\n[ENT]\n<X>')).toEqual([5, 5]);
  });

  test('beside a tokenizer_config.json is what that says, and else uncased, as in the library', () => {
    expect(idsOf('call\nCall', { do_lower_case: true })).toEqual([5, 5]);
    expect(idsOf('call\nCall', {})).toEqual([5, 5]);
    expect(idsOf('call', { do_lower_case: false })).toEqual([1, 5]);
  });
});
