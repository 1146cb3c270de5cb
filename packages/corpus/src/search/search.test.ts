// Searches among more passages than are ranked: rare words, filters that leave few and many, and the plan.
import { expect, test } from 'vitest';
import { openDatabase } from '../store/open-database.ts';
import { readSettings } from '../store/settings.ts';
import { tidy } from '../store/tidy.ts';
import { KINDS, useModel, useStores } from '../testing/stores.testing.ts';
import { searchPassages, type SearchRequest } from './search.ts';
import { searchStatement } from './statement.ts';

const { newStore } = useStores();
const { open } = useModel();

/** Passages in documents of ten; each has the word "sea", the last also "doubloon". */
const COUNT = 3_000;

const FILL = [
  `INSERT INTO attn_corpus.documents (path, root, format, hash, indexed, metadata, seen)
   SELECT 'log/' || i, '', 'text', i, i, jsonb_build_object('half', i % 2), 0
   FROM generate_series(0, ${COUNT / 10 - 1}) AS i`,
  `INSERT INTO attn_corpus.passages (path, place, first, after, content, embedding)
   SELECT 'log/' || i / 10, i % 10, 0, 0,
     'The sea and the sea again' || CASE WHEN i = ${COUNT - 1} THEN ', and one doubloon' ELSE '' END,
     ARRAY[sin(i), cos(i), sin(i * 7), 1 + cos(i * 3)]::vector
   FROM generate_series(0, ${COUNT - 1}) AS i`,
];

test('rare words are found among common ones, filters leave nothing out, no table is read as a whole', async () => {
  const store = await newStore(KINDS.at(-1) ?? 'folder');
  await (await open(store, { dimensions: 4 })).dispose();
  const database = await openDatabase(store, { mustExist: true, onWarning: () => {} });
  try {
    for (const sql of FILL) await database.query(sql);
    await tidy(database);
    const settings = await readSettings(database);
    if (settings === undefined) throw new Error('expected the settings of a store');
    const vector = Float32Array.of(Math.sin(5), Math.cos(5), Math.sin(35), 1 + Math.cos(15));
    const search = async (request: Partial<SearchRequest>): Promise<readonly string[]> => {
      const all = { query: 'the sea', vector, mode: 'words' as const, limit: 10, ...request };
      return (await searchPassages(database, settings, all)).map(({ path, passage, similarity }) => {
        return `${path} ${passage.includes('doubloon')} ${similarity > 0.9999}`;
      });
    };
    const last = `log/${COUNT / 10 - 1}`;
    expect((await search({ query: 'sea doubloons' }))[0]).toBe(`${last} true false`);
    expect(await search({})).toHaveLength(10);
    // Some vectors are almost equal, and the index is not exact: the nearest is as near as these.
    expect((await search({ mode: 'vectors' }))[0]).toMatch(/ false true$/);
    // Few passages: each is compared. Many: the index gives candidates until enough fit.
    expect(await search({ path: last, limit: 20 })).toHaveLength(10);
    expect(await search({ path: last, mode: 'vectors', limit: 20 })).toHaveLength(10);
    const even = await search({ metadata: { half: 0 }, mode: 'hybrid', limit: 20 });
    expect(even[0]).toMatch(/ false true$/);
    expect(even.map((line) => Number(/\d+/.exec(line)?.[0]) % 2)).toEqual(Array(20).fill(0));

    const request = { query: 'the sea', vector, mode: 'hybrid', limit: 10, candidates: 50 } as const;
    const { sql, values } = searchStatement(settings, { ...request, condition: undefined, isExact: false });
    const plan = await database.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`, values);
    const lines = plan.map((row) => row['QUERY PLAN']).join('\n');
    expect(lines).toMatch(/Index Scan using \w+ on passages/);
    expect(lines).toMatch(/Bitmap Index Scan on \w*words\w*/);
    expect(lines).not.toMatch(/Seq Scan on passages/);
  } finally {
    await database.close();
  }
});

test('words with quotes and backslashes are words', async () => {
  const store = await newStore(KINDS.at(-1) ?? 'folder');
  await using corpus = await open(store, { language: 'simple' });
  await corpus.index([{ path: 'a', text: `The path c:\\temp\\x.txt, http://a.b/c?d='e' and o'clock.` }]);
  for (const query of [`http://a.b/c?d='e'`, 'c:\\temp\\x.txt', `o'clock`, `' \\ ''`, '&|!():*<->'])
    expect(await corpus.search(query)).toHaveLength(1);
  expect(await corpus.search(`http://a.b/c?d='e'`, { mode: 'words' })).toHaveLength(1);
});
