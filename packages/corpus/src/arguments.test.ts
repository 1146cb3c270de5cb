/** Whatever the functions of this package are called with, they work or say what is wrong. */
import { describeFunctions } from '@attn/conformance/vitest';
import { createAttn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { loadModel } from '@attn/models/node';
import { inject, afterAll } from 'vitest';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as module from './index.ts';
import { MODEL } from './testing/stores.testing.ts';

const attn = await createAttn({ backends: [cpu()] });
const model = await loadModel(MODEL, { attn, for: 'encode' });
const folder = await mkdtemp(join(tmpdir(), 'attn-arguments-'));
await cp(inject('template'), folder, { recursive: true });
const corpus = await module.openCorpus(folder, { model });
afterAll(async () => {
  await corpus.dispose();
  await attn.dispose();
  await rm(folder, { recursive: true });
});
const { signal } = new AbortController();
const documents = [
  { path: 'a', text: 'Call me Ishmael.', format: 'text', metadata: { a: 1 }, root: 'b' },
] as const;
const drain = async (generator: AsyncIterable<unknown>): Promise<void> => {
  for await (const _item of generator) return;
};

/** A store is open once: that it is open already is found after all checks. */
const ignoreOpen = (error: Error): void => {
  if (!error.message.includes('is open in process')) throw error;
};

describeFunctions([module], {
  openCorpus: {
    call: (options) => module.openCorpus(folder, options).catch(ignoreOpen),
    args: () => [
      {
        model,
        dimensions: 2,
        passageLength: 100,
        lateChunks: true,
        language: 'english',
        lostAfter: 10,
        signal,
      },
    ],
    options: [0],
    depth: 1,
  },
  'openCorpus of a place': {
    call: (place) => module.openCorpus(place).catch(ignoreOpen),
    args: () => [folder],
    depth: 0,
  },
  Corpus: { call: () => corpus.status(), args: () => [] },
  'Corpus.index': {
    call: (list, options) => corpus.index(list, options),
    args: () => [documents, { roots: ['c'], work: false, signal }],
    options: [1],
    depth: 1,
  },
  // A wrong signal that never aborts would be right for work without an end.
  'Corpus.work': 'its options are checked like those of index',
  'Corpus.search': {
    call: (query, options) => corpus.search(query, options),
    args: () => ['whale', { limit: 1, mode: 'words', path: 'a', metadata: { a: 1 }, signal }],
    options: [1],
    depth: 1,
  },
  readFiles: {
    call: (paths, options) => drain(module.readFiles(paths, options)),
    args: () => [[MODEL], { glob: ['*.txt'], ignore: ['*.bin'], format: 'text', signal }],
    options: [1],
    depth: 1,
  },
  watchFiles: 'it has no end without a signal; read.test.ts calls it',
  checkPaths: { call: module.checkPaths, args: () => [[MODEL]], depth: 0 },
  corpusPath: { call: module.corpusPath, args: () => ['a'], depth: 0 },
});
