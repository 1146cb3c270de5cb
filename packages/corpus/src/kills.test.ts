// Whatever is killed, each document is in the result once: the tables equal those of a run without kills.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { randomNumbers, someDocuments } from './testing/documents.testing.ts';
import {
  KINDS,
  loseWorkers,
  MODEL,
  onServer,
  tablesOf,
  useModel,
  useStores,
} from './testing/stores.testing.ts';

const SCRIPT = fileURLToPath(new URL('testing/process.testing.ts', import.meta.url));
const COUNT = 60;

const { newStore } = useStores();
const { open } = useModel();
const options = { model: MODEL, load: {}, passageLength: 100 };

const start = (task: 'work' | 'index', store: string): ChildProcess =>
  spawn(process.execPath, [SCRIPT, task, store, MODEL, String(COUNT)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });

/** Waits until a process begins its task, or ends. */
async function begun(child: ChildProcess): Promise<void> {
  if (child.stdout) await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** The tables of a run that nobody disturbs. */
async function undisturbed(): ReturnType<typeof tablesOf> {
  const store = await newStore(KINDS.at(-1) ?? 'folder');
  {
    await using corpus = await open(store, { passageLength: 100 });
    await corpus.index(someDocuments(COUNT), { roots: ['log'] });
  }
  return tablesOf(store);
}
let reference: ReturnType<typeof tablesOf> | undefined;

/** Expects the tables of a run that nobody disturbs. Vectors of other batches differ by rounding. */
async function expectWhole(store: string): Promise<void> {
  const [expected, actual] = [await (reference ??= undisturbed()), await tablesOf(store)];
  expect(actual.documents).toEqual(expected.documents);
  const bare = ({ passages }: typeof expected): object[] => passages.map(({ embedding: _, ...rest }) => rest);
  expect(bare(actual)).toEqual(bare(expected));
  for (const [i, { embedding }] of actual.passages.entries())
    embedding.forEach((value, k) => expect(value).toBeCloseTo(expected.passages[i].embedding[k], 4));
}

test('one process on a folder, killed again and again', async () => {
  const store = await newStore('folder');
  const random = randomNumbers(7);
  await (await open(store, options)).dispose();
  const counts: number[] = [];
  for (let i = 0; i < 2; i++) {
    const child = start('index', store);
    await begun(child);
    await sleep(100 + 500 * random());
    await kill(child);
    await using corpus = await open(store);
    counts.push((await corpus.status()).done);
  }
  {
    await using corpus = await open(store);
    const { failed } = await corpus.index(someDocuments(COUNT), { roots: ['log'] });
    expect(failed).toEqual([]);
  }
  expect(counts.some((done) => done < COUNT)).toBe(true);
  await expectWhole(store);
});

if (KINDS.includes('server')) {
  test('on a server, two workers, of which one is always being killed, and their connections', async () => {
    const store = await newStore('server');
    const random = randomNumbers(11);
    {
      await using corpus = await open(store, options);
      await corpus.index(someDocuments(COUNT), { roots: ['log'], work: false });
    }
    const workers = [start('work', store), start('work', store)];
    await Promise.all(workers.map(begun));
    const breakConnections = (): Promise<unknown> =>
      onServer(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE 'attn%' AND random() < 0.5`,
        store,
      );
    for (let i = 0; i < 3; i++) {
      await sleep(300 * random());
      await breakConnections();
      await sleep(300 * random());
      const victim = i % 2;
      await kill(workers[victim]);
      await loseWorkers(store); // also the one that lives: what it has begun goes to others, too
      workers[victim] = start('work', store);
      await begun(workers[victim]);
    }
    const exits = await Promise.all(
      workers.map(async (worker) => worker.exitCode ?? (await once(worker, 'exit'))[0]),
    );
    expect(exits).toEqual([0, 0]);
    await expectWhole(store);
  });
}
