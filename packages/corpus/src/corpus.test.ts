// A corpus from its first document to its search, in a folder and on a server alike.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AttnError } from '@attn/core';
import { describe, expect, test } from 'vitest';
import { openCorpus, type CorpusDocument, type CorpusProgress } from './index.ts';
import { failFor, golden, KINDS, MODEL, tablesOf, useModel, useStores } from './testing/stores.testing.ts';

const { newStore, newFolder } = useStores();
const { open, model } = useModel();

const whales: CorpusDocument = {
  path: 'books/whales.md',
  format: 'markdown',
  text: '# Whales\n\nCall me *Ishmael*. The whale dived under the boat.\n\nCaptain Ahab nailed a doubloon to the mast.\n',
  metadata: { year: 1851, kind: 'novel' },
  root: 'books',
};
const planets: CorpusDocument = {
  path: 'books/planets.html',
  format: 'html',
  text: '<title>Planets</title><style>p {}</style><p>Mars is red because of its <b>dust</b>.</p>',
  metadata: { year: 1990 },
  root: 'books',
};
const note: CorpusDocument = {
  path: 'notes/bread.txt',
  text: 'Bread rises because of yeast.',
  root: 'notes',
};
const empty: CorpusDocument = { path: 'notes/empty.txt', text: ' \n—\n', root: 'notes' };
const all = [whales, planets, note, empty];

describe.each(KINDS)('a store in a %s', (kind) => {
  test('documents come, change and go; each is in the tables once', async () => {
    const store = await newStore(kind);
    const progress: CorpusProgress[] = [];
    {
      await using corpus = await open(store, { passageLength: 60 });
      const onProgress = (step: CorpusProgress): void => void progress.push(step);
      const first = await corpus.index(all, { roots: ['books', 'notes'], onProgress });
      expect(first).toMatchObject({ added: 4, changed: 0, unchanged: 0, removed: 0, failed: [] });
      expect(progress.at(-1)).toMatchObject({ documents: 4, done: 4, pending: 0, failed: 0, compared: 4 });
      expect(progress.at(-1)?.remainingMs).toBe(0);
      const again = await corpus.index(all, { roots: ['books', 'notes'] });
      expect(again).toMatchObject({ added: 0, changed: 0, unchanged: 4, removed: 0 });
      const changed = {
        ...note,
        text: 'Bread rises because yeast makes gas. Salt slows it down, and sugar helps.',
      };
      const third = await corpus.index([changed, whales], { roots: ['books', 'notes'] });
      expect(third).toMatchObject({ added: 0, changed: 1, unchanged: 1, removed: 2 });
      expect(await corpus.status()).toMatchObject({ documents: 2, done: 2, pending: 0, failed: 0 });
    }
    const { documents, passages } = await tablesOf(store);
    expect(documents.map(({ path, hash, indexed }) => [path, hash === indexed])).toEqual([
      ['books/whales.md', true],
      ['notes/bread.txt', true],
    ]);
    expect(passages.map(({ path, place, content }) => [path, place, content])).toEqual([
      ['books/whales.md', 0, 'Whales\n\nCall me Ishmael. The whale dived under the boat.'],
      ['books/whales.md', 1, 'Captain Ahab nailed a doubloon to the mast.'],
      ['notes/bread.txt', 0, 'Bread rises because yeast makes gas.'],
      ['notes/bread.txt', 1, 'Salt slows it down, and sugar helps.'],
    ]);
    const source = String(whales.text);
    const [{ first, after }, { first: second, after: end }] = passages;
    expect(source.slice(first, after)).toBe('Whales\n\nCall me *Ishmael*. The whale dived under the boat.');
    expect(source.slice(second, end)).toBe('Captain Ahab nailed a doubloon to the mast.');
    const text =
      'Whales\n\nCall me Ishmael. The whale dived under the boat.\n\nCaptain Ahab nailed a doubloon to the mast.';
    const chunks = passages.slice(0, 2).map(({ content }): [number, number] => {
      return [text.indexOf(content), text.indexOf(content) + content.length];
    });
    const { embeddings } = await model().encode(text, { chunks, as: 'document' });
    const stored = passages.slice(0, 2).flatMap(({ embedding }) => [...embedding]);
    stored.forEach((value, i) => expect(value).toBeCloseTo(embeddings.data[i], 5));
  });

  test('searches by meaning, by words and by both, with filters', async () => {
    const store = await newStore(kind);
    await using corpus = await open(store, { passageLength: 60 });
    await corpus.index(all);
    const [best] = await corpus.search('nailing doubloons', { mode: 'words' });
    expect(best).toMatchObject({ path: 'books/whales.md', title: 'Whales', format: 'markdown' });
    expect(best.metadata).toEqual({ kind: 'novel', year: 1851 });
    expect(best.passage).toBe('Captain Ahab nailed a doubloon to the mast.');
    expect(best.matches.map(([from, to]) => best.passage.slice(from, to))).toEqual(['nailed', 'doubloon']);
    expect(String(whales.text).slice(best.start, best.end)).toBe(best.passage);
    expect(best.score).toBeCloseTo(1 / 61, 9);
    const nearest = await corpus.search('Bread rises because of yeast.', { mode: 'vectors' });
    expect(nearest[0]).toMatchObject({ path: 'notes/bread.txt' });
    expect(nearest[0].similarity).toBeGreaterThan(0.99);
    expect(nearest).toHaveLength(4);
    expect(nearest.map(({ similarity }) => similarity)).toEqual(
      nearest.map(({ similarity }) => similarity).toSorted((a, b) => b - a),
    );
    const [both] = await corpus.search('Bread rises because of yeast.');
    expect(both.score).toBeCloseTo(2 / 61, 9);
    const paths = async (options: object): Promise<readonly string[]> => [
      ...new Set((await corpus.search('red planets and whales', options)).map(({ path }) => path)),
    ];
    expect(await paths({ path: 'notes/' })).toEqual(['notes/bread.txt']);
    expect(await paths({ path: '**/*.html' })).toEqual(['books/planets.html']);
    expect(await paths({ metadata: { year: 1851 } })).toEqual(['books/whales.md']);
    expect(await paths({ metadata: { year: 1 } })).toEqual([]);
    expect(await corpus.search('and the of', { mode: 'words' })).toEqual([]);
    expect(await corpus.search("it's \0 ' -- ; DROP", { limit: 1 })).toHaveLength(1);
  });

  test('a store knows its model again, and refuses others', async () => {
    const store = await newStore(kind);
    {
      await using corpus = await open(store, { model: golden('tasks/st-mean'), load: {}, dimensions: 16 });
      expect(corpus.settings).toMatchObject({ dimensions: 16, lateChunks: true, language: 'english' });
      await corpus.index([note]);
    }
    {
      await using corpus = await openCorpus(store);
      expect(await corpus.search('yeast', { limit: 1 })).toMatchObject([{ path: 'notes/bread.txt' }]);
    }
    await expect(open(store, { dimensions: 8 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(
        /the store holds vectors of .*st-mean \(BertModel, 16 dimensions\), got .* 8 dimensions/,
      ),
    });
    await expect(open(store, { model: golden('tasks/features-bert') })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(open(store, { passageLength: 99 })).rejects.toMatchObject({
      message: '[attn/corpus] openCorpus: passageLength must be that of the store, 1000, got 99',
    });
  });

  test('what cannot be indexed is listed, and tried again by the next call', async () => {
    const store = await newStore(kind);
    await using corpus = await open(store);
    const restore = failFor(model(), 'Mars', new AttnError('UNSUPPORTED', 'models/encode', 'no red planets'));
    try {
      const { failed, added } = await corpus.index(all);
      const [error, path] = ['[attn/models] encode: no red planets', planets.path];
      expect([added, failed]).toEqual([4, [{ path, error }]]);
      expect(await corpus.status()).toMatchObject({ documents: 4, done: 3, pending: 0, failed: 1 });
    } finally {
      restore();
    }
    expect(await corpus.index(all)).toMatchObject({ unchanged: 4, failed: [] });
    expect(await corpus.status()).toMatchObject({ documents: 4, done: 4 });
  });

  test('an abort leaves a store that goes on', async () => {
    const store = await newStore(kind);
    await using corpus = await open(store);
    const controller = new AbortController();
    const restore = failFor(model(), 'Mars', new Error('the backend is out of order'), () =>
      controller.abort(),
    );
    try {
      const call = corpus.index(all, { signal: controller.signal });
      await expect(call).rejects.toMatchObject({ code: 'ABORTED' });
    } finally {
      restore();
    }
    expect((await corpus.status()).done).toBeLessThan(4);
    await corpus.work({ untilDone: true });
    expect(await corpus.status()).toMatchObject({ documents: 4, done: 4, pending: 0, failed: 0 });
    const soon = AbortSignal.timeout(20);
    await corpus.work({ signal: soon });
    expect(soon.aborted).toBe(true);
  });

  test('documents that only wait are the work of others', async () => {
    const store = await newStore(kind);
    await using corpus = await open(store);
    expect(await corpus.index(all, { work: false })).toMatchObject({ added: 4 });
    expect(await corpus.status()).toMatchObject({ pending: 4, done: 0 });
    await corpus.work({ untilDone: true });
    expect(await corpus.status()).toMatchObject({ pending: 0, done: 4 });
  });
});

test('workers with one copy of the weights leave the tables of one thread', async () => {
  const [alone, together] = [await newStore('folder'), await newStore('folder')];
  const documents = Array.from({ length: 20 }, (_, i) => ({
    ...note,
    path: `notes/${i}`,
    text: `${note.text} ${i}`,
  }));
  {
    await using corpus = await open(alone);
    await corpus.index(documents);
  }
  {
    const load = { workers: { backend: 'cpu', count: 2 } } as const;
    await using corpus = await openCorpus(together, { model: MODEL, load });
    expect(await corpus.index(documents)).toMatchObject({ added: 20, failed: [] });
  }
  const [expected, tables] = [await tablesOf(alone), await tablesOf(together)];
  expect(tables.documents).toEqual(expected.documents);
  expect(tables.passages).toHaveLength(20);
  for (const [i, { embedding, ...passage }] of tables.passages.entries()) {
    const { embedding: vector, ...rest } = expected.passages[i];
    expect(passage).toEqual(rest);
    for (const [k, value] of embedding.entries()) expect(value).toBeCloseTo(vector[k], 5);
  }
});

test('a folder is open once; a folder of something else is none', async () => {
  const store = await newStore('folder');
  await using corpus = await open(store);
  expect((await corpus.status()).documents).toBe(0);
  await expect(open(store)).rejects.toMatchObject({
    code: 'RUN_FAILED',
    message: expect.stringContaining(`is open in process ${process.pid}`),
  });
  const other = await newFolder();
  await expect(openCorpus(other)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  await writeFile(join(other, 'thesis.txt'), 'x');
  await expect(open(other)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(open('mysql://x')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await corpus.dispose();
  await expect(corpus.search('a')).rejects.toMatchObject({ code: 'DISPOSED' });
});
