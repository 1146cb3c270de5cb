// What docs/corpus.md promises beside kills: a full disk, documents that are given up, a slow worker.
import { loadModel, type Encoder } from '@attn/models/node';
import { describe, expect, test } from 'vitest';
import { Corpus } from './corpus.ts';
import { DocumentQueue } from './jobs/queue.ts';
import type { Database, Session } from './store/database.ts';
import { openDatabase } from './store/open-database.ts';
import { readSettings } from './store/settings.ts';
import { someDocuments } from './testing/documents.testing.ts';
import {
  failFor,
  KINDS,
  loseWorkers,
  MODEL,
  onServer,
  useModel,
  useStores,
} from './testing/stores.testing.ts';

const { newStore } = useStores();
const { open, attn, model } = useModel();
const passageLength = 100;

/** A database that takes so many statements which write passages, and then has no room left. */
function nearlyFull(database: Database, room: number): Database {
  let written = 0;
  const limited = (session: Session): Session => ({
    ...session,
    async query<R>(sql: string, values?: readonly unknown[]) {
      if (sql.includes('INSERT INTO attn_corpus.passages') && ++written > room) {
        const error = new Error('could not extend file: No space left on device');
        throw Object.assign(error, { code: '53100' });
      }
      return session.query<R>(sql, values);
    },
  });
  return { ...database, transaction: (work) => database.transaction((session) => work(limited(session))) };
}

/** Opens a store that is there through a database of another behaviour. */
async function openThrough(store: string, change: (database: Database) => Database): Promise<Corpus> {
  const database = await openDatabase(store, { mustExist: true, onWarning: () => {} });
  const settings = await readSettings(database);
  if (settings === undefined) throw new Error(`expected a store in ${store}`);
  const queue = await DocumentQueue.open(database, { lostAfter: 60, onWarning: () => {} });
  const parts = { database: change(database), queue, model: model(), settings, backend: undefined };
  return new Corpus(parts, async () => {
    await queue.close();
    await database.close();
  });
}

/** A promise, and what resolves it. */
function signalled(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => void (resolve = done));
  return { promise, resolve };
}

/** Lets `encode` of a model wait, from when it has `begun` until `release` is called; then it has `ended`. */
function gate(encoder: Encoder): {
  readonly begun: Promise<void>;
  readonly ended: Promise<void>;
  readonly release: () => void;
} {
  const { encode } = encoder;
  const [begin, opened, end] = [signalled(), signalled(), signalled()];
  const slow = async (inputs: never, options: never): Promise<unknown> => {
    begin.resolve();
    await opened.promise;
    const result = await encode.call(encoder, inputs, options);
    end.resolve();
    return result;
  };
  Object.assign(encoder, { encode: slow });
  return { begun: begin.promise, ended: end.promise, release: opened.resolve };
}

describe.each(KINDS)('a store in a %s', (kind) => {
  test('on a full disk the call ends, nothing is half-written, and the next one goes on', async () => {
    const store = await newStore(kind);
    const documents = someDocuments(30);
    await (await open(store, { passageLength })).dispose();
    {
      await using corpus = await openThrough(store, (database) => nearlyFull(database, 5));
      await expect(corpus.index(documents)).rejects.toMatchObject({
        code: 'RUN_FAILED',
        message: expect.stringMatching(/the store has no room left, and nothing is half-written: .*No space/),
      });
      const { done, failed, passages } = await corpus.status();
      expect([done, failed]).toEqual([5, 0]);
      expect(passages).toBeGreaterThan(5);
    }
    await using corpus = await open(store);
    expect(await corpus.index(documents)).toMatchObject({ added: 0, unchanged: 30, failed: [] });
    expect(await corpus.status()).toMatchObject({ documents: 30, done: 30, pending: 0 });
  });
});

test('a document that always fails is given up, and listed with the reason', async () => {
  const store = await newStore(KINDS.at(-1) ?? 'folder');
  await using corpus = await open(store);
  let tries = 0;
  const restore = failFor(model(), 'Mars', new Error('the backend is out of order'), () => void (tries += 1));
  try {
    const report = await corpus.index([{ path: 'a', text: 'Mars is red.' }, ...someDocuments(2)]);
    const error = 'given up after many tries: the backend is out of order';
    expect(report.failed).toEqual([{ path: 'a', error }]);
    expect(await corpus.status()).toMatchObject({ documents: 3, done: 2, pending: 0, failed: 1 });
  } finally {
    restore();
  }
  expect(tries).toBeGreaterThanOrEqual(9);
  expect((await corpus.index([{ path: 'a', text: 'Mars is red.' }])).failed).toEqual([]);
});

if (KINDS.includes('server')) {
  test('a worker that was only slow writes nothing after another has done its document', async () => {
    const store = await newStore('server');
    const slowModel = await loadModel(MODEL, { attn: attn(), for: 'encode' });
    await using slow = await open(store, { model: slowModel, lostAfter: 10 });
    await using fast = await open(store, { lostAfter: 10 });
    await fast.index([{ path: 'a', text: 'Call me Ishmael.' }], { work: false });
    const { begun, ended, release } = gate(slowModel);
    const stop = new AbortController();
    const working = slow.work({ signal: stop.signal });
    await begun;
    await loseWorkers(store);
    await fast.work({ untilDone: true });
    const rows = (): Promise<unknown> =>
      onServer('SELECT xmin::text, path, place, embedding::text FROM attn_corpus.passages', store);
    const before = await rows();
    expect(before).toHaveLength(1);
    release();
    await ended;
    stop.abort();
    await working;
    await slow.dispose();
    expect(await rows()).toEqual(before);
    expect(await fast.status()).toMatchObject({ documents: 1, done: 1, passages: 1 });
  });
}
