// What is written of each folder of the goldens, read back: the same of every line, but for named exceptions.
import { describe, expect, test } from 'vitest';
import type { GoldenLine } from '../golden-lines.testing.ts';
import { builtOf, cases, filesOf, linesOf, ownFiles } from '../goldens.testing.ts';
import {
  tokenizerFromFiles,
  tokenizerFromJson,
  tokenizerJson,
  type Encoding,
  type Tokenizer,
} from '../index.ts';

type Json = Readonly<Record<string, unknown>>;

const folders = cases.filter((golden) => filesOf(golden)['tokenizer.json'] === undefined);

/** What is written, as a file has it. */
function written(files: Parameters<typeof tokenizerJson>[0]): Json {
  return JSON.parse(JSON.stringify(tokenizerJson(files))) as Json;
}

function encode(tokenizer: Tokenizer, line: GoldenLine): Encoding {
  const { text, pair, addSpecialTokens, maxLength, stride } = line;
  return maxLength === undefined
    ? tokenizer.encode(text, { pair, addSpecialTokens })
    : tokenizer.encode(text, { pair, addSpecialTokens, maxLength, stride });
}

describe.each(folders)('$id', (golden) => {
  const { id, group } = golden;
  const files = filesOf(golden);
  const json = written(files);
  const whole = tokenizerFromFiles(files);
  const copy = tokenizerFromFiles({ ...files, 'tokenizer.json': JSON.stringify(json) });
  const lines = linesOf(golden);

  test('ids, offsets, types and windows of every line', () => {
    // Exception: where there is a tokenizer.json, an empty second text is none, as in Hugging Face's library.
    const expected = lines.map((line) => (line.pair === '' ? { ...line, pair: undefined } : line));
    // Exception: the user-defined pieces of this model are words by themselves in the file, and only there.
    const isException = id === 'reformer-plain';
    const columns = (encoding: Encoding): unknown => (isException ? { ...encoding, words: [] } : encoding);
    expect(lines.map((line) => columns(encode(copy, line)))).toEqual(
      expected.map((line) => columns(encode(whole, line))),
    );
  });

  test('decoding', () => {
    // Exception: the control pieces of this model that are no special tokens are written out.
    const isException = (ids: readonly number[]) =>
      id === 'reformer-plain' && (ids.includes(1) || ids.includes(3));
    const idsOfLines = lines.flatMap(({ ids }) => (ids === undefined || isException(ids) ? [] : [ids]));
    expect(idsOfLines.length).toBeGreaterThan(5);
    expect(idsOfLines.map((ids) => copy.decode(ids))).toEqual(idsOfLines.map((ids) => whole.decode(ids)));
  });

  test('special tokens by their roles', () => {
    const { vocabSize, bosId, eosId, unkId, sepId, padId, clsId, maskId } = whole;
    expect(copy).toMatchObject({ vocabSize, bosId, eosId, unkId, sepId, padId, clsId, maskId });
  });

  const built = builtOf(golden) as Json | undefined;
  if (built === undefined) return;
  test('the same file as the original makes of the folder', () => {
    expect(Object.keys(json)).toEqual(Object.keys(built));
    if (group === 'roberta' || group === 'bert') {
      const { model, normalizer, pre_tokenizer } = built;
      expect(json).toMatchObject({ model, normalizer, pre_tokenizer });
    }
    expect(json.post_processor).toEqual(built.post_processor);
    // BERT's also cleans the whole text, which the original does by an option of its class.
    if (group !== 'bert') expect(json.decoder).toEqual(built.decoder);
    const { merges, vocab } = json.model as Json;
    const theirs = built.model as Json;
    // User-defined pieces and control pieces have merges there, too.
    if (id === 'reformer') expect(merges).toEqual(theirs.merges);
    const texts = (list: unknown) => (Array.isArray(list) ? list.map(([text]: unknown[]) => text) : list);
    expect(texts(vocab)).toEqual(texts(theirs.vocab));
  });
});

test('tokens in the order of their ids, with their flags', () => {
  expect(written(ownFiles('longformer-added')).added_tokens).toEqual(
    [
      { id: 0, content: '<s>', special: true },
      { id: 1, content: '<pad>', special: true },
      { id: 2, content: '</s>', special: true },
      { id: 3, content: '<unk>', special: true },
      { id: 604, content: '<mask>', special: true, lstrip: true },
      { id: 605, content: '<ent>', special: true, rstrip: true },
      { id: 606, content: 'whaleboat', special: false, normalized: true },
      { id: 607, content: 'seagull', special: false, single_word: true },
      { id: 608, content: 'Call me', special: false, lstrip: true },
    ].map((token) => ({ single_word: false, lstrip: false, rstrip: false, normalized: false, ...token })),
  );
});

test('a folder that has a tokenizer.json has it as it is', () => {
  const files = ownFiles('gemma');
  const text = new TextDecoder().decode(files['tokenizer.json'] as Uint8Array);
  expect(tokenizerJson(files)).toEqual(JSON.parse(text));
});

test('names that objects inherit, and numbers, are ordinary tokens', () => {
  const vocabulary = [
    '[PAD]',
    '[UNK]',
    '[CLS]',
    '[SEP]',
    '[MASK]',
    '2',
    '1',
    'constructor',
    '__proto__',
    '_',
  ];
  const files = { 'config.json': '{ "model_type": "bert" }', 'vocab.txt': vocabulary.join('\n') };
  const copy = tokenizerFromJson(written(files));
  expect(vocabulary.map((token) => copy.tokenToId(token))).toEqual([...vocabulary.keys()]);
  expect(copy.encode('1 2 constructor').ids).toEqual([2, 6, 5, 7, 3]);
});

test.each([
  ['with capital letters', 'call\nCall', false, [6, 5]],
  ['without them', 'call\nme', true, [5, 5]],
])('a vocab.txt %s and no tokenizer_config.json', (_, words, lowercase, ids) => {
  const json = written({
    'config.json': '{ "model_type": "bert" }',
    'vocab.txt': `[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n${words}`,
  });
  expect(json.normalizer).toMatchObject({ lowercase, strip_accents: null });
  expect(tokenizerFromJson(json).encode('Call call', { addSpecialTokens: false }).ids).toEqual(ids);
});

test('decoded texts are cleaned once: by the decoder, or as tokenizer_config.json says', () => {
  const own = ownFiles('bert-default');
  const { ids } = tokenizerFromFiles(own).encode("it's");
  const decoded = [undefined, true, false].map((cleans) => {
    const config = { clean_up_tokenization_spaces: cleans };
    const files = { ...own, 'tokenizer_config.json': JSON.stringify(config) };
    const texts = [tokenizerFromFiles(files), tokenizerFromJson(written(files), config)].map((tokenizer) =>
      tokenizer.decode(ids),
    );
    return texts;
  });
  expect(decoded).toEqual([
    ["it's", "it's"],
    ["it's", "it's"],
    ["it ' s", "it ' s"],
  ]);
});

test('a folder of another class is refused', () => {
  expect(() => tokenizerJson({ 'config.json': '{ "model_type": "llama" }' })).toThrow(
    'config.json: model_type "llama" needs a tokenizer.json',
  );
});
