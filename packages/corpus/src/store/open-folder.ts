/** A database in a folder: PGlite, which is PostgreSQL in WebAssembly. */
import { mkdir, readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AttnError } from '@attn/core';
import type { PGliteInterface, Transaction } from '@electric-sql/pglite';
import { fromPglite, type ConstructorOptions } from 'pg-boss';
import type { Database, Session } from './database.ts';
import { readable } from './failures.ts';
import { lockFolder } from './folder-lock.ts';

/** Whatever a folder of PGlite begins with. */
const MARK = 'PG_VERSION';

/**
 * Opens the database of a folder, which is made if it is not there. Errors: `INVALID_ARGUMENT` (a folder of
 * something else), `FILE_NOT_FOUND` (with `mustExist`), `RUN_FAILED` (open in another process).
 */
export async function openFolder(path: string, { mustExist }: { mustExist: boolean }): Promise<Database> {
  const folder = resolve(path);
  await checkFolder(folder, mustExist);
  const unlock = await lockFolder(folder);
  try {
    const { PGlite } = await import('@electric-sql/pglite');
    const { vector } = await import('@electric-sql/pglite-pgvector');
    const pglite = await PGlite.create(folder, { extensions: { vector } });
    return databaseOf(pglite, unlock);
  } catch (error) {
    await unlock();
    throw readable(error);
  }
}

async function checkFolder(folder: string, mustExist: boolean): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    const message = `the store must be a folder or a URL such as postgres://…, got ${folder}: ${error.message}`;
    throw new AttnError('INVALID_ARGUMENT', 'corpus/store', message, { cause: error });
  });
  const others = names?.filter((name) => name !== 'attn.lock') ?? [];
  if (others.length > 0 && !others.includes(MARK)) {
    const message = `the store must be an empty folder or one of a store, got ${folder}, which has ${others[0]}`;
    throw new AttnError('INVALID_ARGUMENT', 'corpus/store', message);
  }
  if (others.length === 0 && mustExist) {
    throw new AttnError('FILE_NOT_FOUND', 'corpus/store', `there is no store in ${folder}`);
  }
  if (names === undefined) await mkdir(folder, { recursive: true });
}

function databaseOf(pglite: PGliteInterface, unlock: () => Promise<void>): Database {
  return {
    kind: 'folder',
    ...sessionOf(pglite),
    transaction: (work) =>
      pglite
        .transaction((transaction) => work(sessionOf(transaction)))
        .catch((error: unknown) => {
          throw readable(error);
        }),
    bossOptions: { backend: 'pglite', db: fromPglite(pglite) } satisfies ConstructorOptions,
    close: async () => {
      try {
        await pglite.close();
      } finally {
        await unlock();
      }
    },
  };
}

function sessionOf(pglite: Pick<Transaction, 'query' | 'exec'>): Session {
  return {
    async query<R>(sql: string, values: readonly unknown[] = []) {
      return (await pglite.query<R>(sql, [...values])).rows;
    },
    async execute(sql) {
      await pglite.exec(sql);
    },
  };
}
