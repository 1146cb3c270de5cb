// The functions that pages have in place of Node's accept their arguments, or say in one typed sentence what
// is wrong with them.
import { describeFunctions } from '@attn/conformance/vitest';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { clearCached, isCached, listCached, loadModel, loadTokenizer, openModel } from './index.ts';
import { goldenFolder } from './testing/goldens.testing.ts';

const { signal } = new AbortController();
const hubUrl = 'http://127.0.0.1:1';
const request = {
  fetch: () => Promise.reject(new TypeError('no network')),
  headers: { a: 'b' },
  signal,
  revision: 'main',
  accessToken: 'hf_x',
  hubUrl,
  offline: true,
  cache: true,
  conversions: true,
  attempts: 1,
  idleTimeout: 1_000,
  onDownload: () => {},
  onWarning: () => {},
};
const reading = { onProgress: () => {}, inMemory: true, architecture: 'LongformerModel' };
const files = await Promise.all(
  ['config.json', 'model.safetensors'].map(
    async (name) => new File([await readFile(join(goldenFolder('longformer_short'), name))], name),
  ),
);
const tokenizer = [
  new File(['{"model_type":"bert"}'], 'config.json'),
  new File(['[UNK]\n[CLS]\n[SEP]\na'], 'vocab.txt'),
];

describeFunctions([{ loadModel, loadTokenizer, openModel, clearCached, isCached, listCached }], {
  loadModel: { args: () => [files, { ...request, ...reading }], options: [1], depth: 1 },
  openModel: { args: () => [files, { ...request, weights: true }], options: [1], depth: 1 },
  loadTokenizer: { args: () => [tokenizer, request], options: [1], depth: 1 },
  isCached: { args: () => ['org/name', { revision: 'main', hubUrl }], options: [1] },
  listCached: 'takes no arguments',
  clearCached: { args: () => ['org/name'] },
});
