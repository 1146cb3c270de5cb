// Whatever a public function gets: it takes it, or one typed sentence says what is wrong with it.
import { describeFunctions } from '@attn/conformance/vitest';
import { ownFiles } from './goldens.testing.ts';
import * as tokenizers from './index.ts';

const json = () => ({
  model: { type: 'WordLevel', vocab: { a: 0, '<unk>': 1 }, unk_token: '<unk>' },
  pre_tokenizer: { type: 'WhitespaceSplit' },
});

describeFunctions([tokenizers], {
  tokenizerFileNames: { args: () => [{ besideJson: true }], options: [0] },
  // What stands in files is tried in hostile.test.ts.
  tokenizerFromFiles: { args: () => [ownFiles('bert-default'), { lowerCase: true }], options: [1], depth: 0 },
  tokenizerJson: { args: () => [ownFiles('bert-default')], depth: 0 },
  tokenizerFromJson: { args: () => [json(), { pad_token: '<pad>' }], depth: 3 },
});

const tokenizer = tokenizers.tokenizerFromFiles(ownFiles('bert-default'));
const { signal } = new AbortController();
const methods = {
  encode: tokenizer.encode.bind(tokenizer) as (text: string, options: object) => unknown,
  encodeAsync: tokenizer.encodeAsync.bind(tokenizer) as (text: string, options: object) => unknown,
  encodeSteps: tokenizer.encodeSteps.bind(tokenizer) as (text: string, options: object) => unknown,
  decode: tokenizer.decode.bind(tokenizer),
  pad: tokenizer.pad.bind(tokenizer),
  tokenToId: tokenizer.tokenToId.bind(tokenizer),
  idToToken: tokenizer.idToToken.bind(tokenizer),
};
const options = { pair: 'b', addSpecialTokens: true, maxLength: 64, stride: 1 };

describeFunctions([methods], {
  encode: { args: () => ['a', options], options: [1] },
  encodeAsync: { args: () => ['a', { ...options, signal }], options: [1] },
  encodeSteps: { args: () => ['a', options], options: [1] },
  decode: { args: () => [[0, 1], { skipSpecialTokens: true }], options: [1] },
  pad: { args: () => [[tokenizer.encode('a')], { length: 8, multipleOf: 2, side: 'left' }], options: [1] },
  tokenToId: { args: () => ['a'] },
  idToToken: { args: () => [1] },
});
